// A process of its own for what a test can't do to itself: be killed, hit a limit of the system, lose its
// rights, be measured.

import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.dropFirst().first) {
case ("measure", let directory): try measure(directory: directory)
case ("write", let directory?): try writeUntilKilled(directory: directory, seed: UInt64(arguments.last ?? "") ?? 0)
case ("fill", let directory?): try fillToTheLimit(directory: directory)
case ("writes", let directory?): try countWrites(directory: directory)
case ("open", let directory?): openAsNobody(directory: directory)
default:
    print("measure [DIRECTORY] | write DIRECTORY SEED | fill DIRECTORY | writes DIRECTORY | open DIRECTORY")
    exit(2)
}
