import ArgumentParser
import PasteClient
import PasteModel
import PasteProtocol

/// `pasted watch`.
struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print items as they come.",
        usage: "pasted watch [<options>] KEY",
        discussion: """
            Prints what comes from now on, until the paste ends (exit status 4). It goes on after lost connections with \
            nothing lost and nothing twice; a slow reader of its output slows nobody down. Later edits of an item are \
            not printed. With --json it prints the protocol's snapshots and events, one a line: after a snapshot \
            go on from it.

            \(KeyOptions.discussion)
            """)

    @Flag(help: "Begin with the items that are there.")
    var all = false
    @Option(help: "Begin with the items behind this one.")
    var after: UInt64?
    @Flag(help: "Print the pad whenever it changes, whole; in a pipe each state ends with a NUL byte.")
    var pad = false
    @Flag(help: "End each item with a line feed in a pipe too.")
    var lines = false
    @Flag(help: "Remove each item when it is written: one command's 'send -f' into another's 'watch --take'.")
    var take = false
    @Argument(help: "The KEY.")
    var words: [String] = []
    @OptionGroup var given: PasteOptions

    func validate() throws {
        if take, pad || given.options.json { throw ValidationError("--take is for items as text.") }
        if all, after != nil { throw ValidationError("--all or --after.") }
    }

    func run() throws {
        try given.run(words) { paste, rest in
            guard rest.isEmpty else { throw ValidationError("One KEY and nothing else.") }
            let errand = try Errand(given.options, paste, follows: true, writes: take)
            var watcher = Watcher(self, errand)
            do {
                while true { try watcher.step() }
            } catch let failure as ClientFailure where failure.kind == .over {
                errand.forget()
                throw failure
            }
        }
    }
}

/// What was printed, and what is to be.
private struct Watcher {
    let command: Watch
    let errand: Errand
    let output: Output
    /// The newest item that was printed or passed over.
    private var printed: UInt64
    /// Whether what is there is passed over.
    private var isSkipping: Bool
    private var padText = Text.empty
    private var shownPad: Text?

    init(_ command: Watch, _ errand: Errand) {
        (self.command, self.errand) = (command, errand)
        output = Output(endsLines: command.lines)
        printed = command.after ?? 0
        isSkipping = !command.all && command.after == nil
    }

    mutating func step() throws {
        for report in try errand.step().reports {
            if command.given.options.json { try tell(report) } else { try take(report) }
            if case .level = report {
                isSkipping = false
                errand.client.patience = nil
                errand.remember()
            }
        }
        if command.pad, !command.given.options.json { try showPad() }
    }

    private func tell(_ report: ClientSession.Report) throws {
        var json: [UInt8] = []
        switch report {
        case .snapshot(let snapshot): ServerMessage.snapshot(snapshot).encode(into: &json)
        case .items(let items, let more): ServerMessage.items(items, more: more).encode(into: &json)
        case .event(let event, _): ServerMessage.event(event).encode(into: &json)
        default: return
        }
        try output.json(json)
    }

    private mutating func take(_ report: ClientSession.Report) throws {
        switch report {
        case .snapshot(let snapshot):
            padText = snapshot.pad
            try show(snapshot.items)
        case .items(let items, _): try show(items)
        case .event(let event, _):
            switch event.body {
            case .append(let item, let text), .keep(let item, let text):
                if case .keep = event.body { padText = .empty }
                try show([Item(number: item, at: event.at, author: event.author, text: text, textSeq: 0)])
            case .edit(.pad, let edit): padText = edit.apply(to: padText) ?? padText
            default: break
            }
        default: break
        }
    }

    private mutating func show(_ items: [Item]) throws {
        for item in items where item.number > printed {
            printed = item.number
            guard !isSkipping, !command.pad else { continue }
            try output.write(item.text)
            if command.take { _ = errand.client.session.ask(.change(.remove(item: item.number))) }
        }
    }

    private mutating func showPad() throws {
        guard errand.client.session.isLive, shownPad != padText else { return }
        // As with items: what was there is passed over, unless it is asked for.
        let isFirst = shownPad == nil
        shownPad = padText
        if isFirst, !command.all { return }
        if output.isTerminal {
            try output.write(padText)
        } else {
            try output.write(Text(uncheckedUTF8: padText.utf8 + [0]))
        }
    }
}
