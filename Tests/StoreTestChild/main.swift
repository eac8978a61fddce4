// A process of its own for what a test can't do to itself: be killed, hit a limit of the system, be measured.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Synchronization

let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "measure": try measure(directory: arguments.dropFirst().first)
default: fatalError("measure | measure DIRECTORY")
}
