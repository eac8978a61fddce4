// What a person at a terminal is told while something takes long; nobody else is.

import PasteClient
import Reactor

/// Troubles as they come and go.
final class Notices {
    /// Whether the terminal is another program's now.
    var isHushed = false
    private let isQuiet: Bool
    private var told: String?

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet || !StandardStreams.errorIsTerminal
    }

    func trouble(_ failure: ClientFailure) {
        guard !isQuiet, !isHushed, told == nil else { return }
        told = failure.description
        say("pasted: \(failure) Trying again …\n")
    }

    func isWell() {
        if told != nil, !isHushed { say("pasted: Connected again.\n") }
        told = nil
    }

    private func say(_ line: String) {
        StandardStreams.complain(PrintableText.escaped(Array(line.utf8)))
    }
}

/// How far a long work has come: one line that is written over.
struct Progress {
    private static let every: Int64 = 200
    private let isShown = StandardStreams.errorIsTerminal
    private let start = Clock.milliseconds
    private var last: Int64 = 0
    private var isOnScreen = false

    mutating func show(_ bytes: Int, _ verb: String) {
        let now = Clock.milliseconds
        // Nothing for what is over at once.
        guard isShown, now - start > 1_000, now - last >= Self.every else { return }
        (last, isOnScreen) = (now, true)
        let tenths = bytes * 10 / (1 << 20)
        StandardStreams.complain(Array("\r\u{1B}[K\(tenths / 10).\(tenths % 10) MiB \(verb)".utf8))
    }

    mutating func clear() {
        if isOnScreen { StandardStreams.complain(Array("\r\u{1B}[K".utf8)) }
        isOnScreen = false
    }
}
