import ArgumentParser
import PasteClient
import PasteModel
import PasteProtocol

/// `pasted get`.
struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print an item, or the pad, exact to the byte.",
        usage: "pasted get [<options>] KEY [ITEM | pad]",
        discussion: """
            Without ITEM the newest one. In a pipe the bytes are exact; on a terminal control characters are shown \
            instead of obeyed. --json prints the snapshot of the protocol, with all items and the pad.

            \(KeyOptions.discussion)
            """)

    @Flag(help: "Print all items, the oldest first.")
    var all = false
    @Argument(help: "The KEY, then the item's number, or 'pad'.")
    var words: [String] = []
    @OptionGroup var given: PasteOptions

    func run() throws {
        try given.run(words) { paste, rest in
            guard rest.count <= (all ? 0 : 1) else { throw ValidationError("One ITEM, or --all.") }
            let isPad = rest == ["pad"]
            let item = isPad ? nil : try rest.first.map(readItem)
            let errand = try Errand(given.options, paste, follows: true, writes: false)
            let snapshot = try whole(errand)
            errand.client.close()
            errand.remember(expiresAt: snapshot.expiresAt)
            let output = Output()
            if given.options.json {
                var json: [UInt8] = []
                ServerMessage.snapshot(snapshot).encode(into: &json)
                try output.json(json)
            } else if isPad {
                try output.write(snapshot.pad)
            } else if all {
                for item in snapshot.items { try output.write(item.text) }
            } else {
                try output.write(try find(item, in: snapshot))
            }
        }
    }

    private func find(_ number: UInt64?, in snapshot: Snapshot) throws -> Text {
        guard let number else {
            if let newest = snapshot.items.last { return newest.text }
            throw ClientFailure(.noSuchItem, "The paste has no item. Its pad: pasted get KEY pad.")
        }
        guard let item = snapshot.items.first(where: { $0.number == number }) else {
            throw ClientFailure(.noSuchItem, "The paste has no item \(number).")
        }
        return item.text
    }
}

/// The whole state of a paste, in one snapshot.
func whole(_ errand: Errand) throws -> Snapshot {
    var snapshot: Snapshot?
    var bytes = 0
    var progress = Progress()
    defer { progress.clear() }
    while true {
        for report in try errand.step().reports {
            switch report {
            case .snapshot(let head):
                snapshot = head
                snapshot?.more = false
                bytes = head.items.reduce(0) { $0 + $1.text.count }
            case .items(let items, _):
                snapshot?.items += items
                bytes += items.reduce(0) { $0 + $1.text.count }
            case .level:
                if let snapshot { return snapshot }
            default: break
            }
        }
        progress.show(bytes, "received")
    }
}
