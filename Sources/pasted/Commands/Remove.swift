import ArgumentParser
import PasteClient
import PasteModel
import PasteProtocol

/// `pasted rm`.
struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove items for everybody, or end the paste.",
        usage: "pasted rm [<options>] KEY ITEM … | KEY --all | KEY --paste",
        discussion: KeyOptions.discussion)

    @Flag(help: "Remove all items that are there now.")
    var all = false
    @Flag(name: .customLong("paste"), help: "End the whole paste now.")
    var wholePaste = false
    @Argument(help: "The KEY, then the items' numbers.")
    var words: [String] = []
    @OptionGroup var given: PasteOptions

    func run() throws {
        try given.run(words) { paste, rest in
            let items = try rest.map(readItem)
            guard [!items.isEmpty, all, wholePaste].filter({ $0 }).count == 1 else {
                throw ValidationError("What? Give ITEMs, --all or --paste.")
            }
            let errand = try Errand(given.options, paste, follows: all || wholePaste, writes: true)
            if wholePaste {
                try end(errand)
            } else if all {
                // Never one that was not there when this was asked for.
                if let newest = try whole(errand).items.last {
                    _ = try errand.answer(to: .change(.clear(through: newest.number)))
                }
            } else {
                for item in items { try remove(item, errand) }
            }
            errand.client.close()
            if given.options.json { try Output().json(Array("{}".utf8)) }
        }
    }

    private func remove(_ item: UInt64, _ errand: Errand) throws {
        do {
            _ = try errand.answer(to: .change(.remove(item: item)))
        } catch let failure as ClientFailure where failure.kind == .noSuchItem {
            throw ClientFailure(.noSuchItem, "The paste has no item \(item).")
        }
    }

    private func end(_ errand: Errand) throws {
        do {
            _ = try errand.answer(to: .delete)
        } catch let failure as ClientFailure where failure.kind == .over {
            // As was asked for.
        }
        errand.forget()
    }
}

/// `pasted extend`.
struct Extend: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a paste live so long from now.",
        usage: "pasted extend [<options>] KEY DURATION",
        discussion: "DURATION is like 30m, 1h or 7d. Prints when the paste ends.\n\n\(KeyOptions.discussion)")

    @Argument(help: "The KEY, then how long.")
    var words: [String] = []
    @OptionGroup var given: PasteOptions

    func run() throws {
        try given.run(words) { paste, rest in
            guard rest.count == 1 else { throw ValidationError("How long? Give a DURATION like 1h.") }
            let duration = try readDuration(rest[0])
            let errand = try Errand(given.options, paste, follows: true, writes: true)
            let wanted = errand.client.session.ask(.change(.extend(expiresIn: duration)))
            let expiresAt = try wait(errand, wanted)
            errand.client.close()
            errand.remember(expiresAt: expiresAt)
            struct Extended: Encodable {
                let expiresAt: Milliseconds
            }
            let output = Output()
            try given.options.json
                ? output.json(encoded(Extended(expiresAt: expiresAt))) : output.say(spelled(expiresAt))
        }
    }

    private func wait(_ errand: Errand, _ wanted: UInt64) throws -> Milliseconds {
        var expiresAt: Milliseconds = 0
        while true {
            for report in try errand.step().reports {
                switch report {
                case .snapshot(let snapshot): expiresAt = snapshot.expiresAt
                case .event(let event, _):
                    if case .extend(let time) = event.body { expiresAt = time }
                case .done(let receipt) where receipt.ref == wanted: return expiresAt
                case .refused(wanted, _, let error): throw ClientFailure(error)
                default: break
                }
            }
        }
    }
}
