import ArgumentParser
import FoundationEssentials
import PasteClient
import PasteModel
import PasteProtocol
import Reactor

/// `pasted edit`.
struct Edit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Edit the pad, or an item, in your editor, while others edit it too.",
        usage: "pasted edit [<options>] KEY [ITEM | pad]",
        discussion: """
            Opens $VISUAL, else $EDITOR, else vi. Each time you save, what you changed is sent and merged with what \
            others did meanwhile; the file in the editor does not change under your hands. What can not be sent in the \
            end is kept in a file, whose name is printed. A line feed that the editor adds behind a text that had none \
            is taken off again; on the pad CR LF becomes LF.

            \(KeyOptions.discussion)
            """)

    @Argument(help: "The KEY, then the item's number; without it, or with 'pad', the pad.")
    var words: [String] = []
    @OptionGroup var given: PasteOptions

    func run() throws {
        try given.run(words) { paste, rest in
            guard rest.count <= 1 else { throw ValidationError("One ITEM.") }
            let item = rest == ["pad"] ? nil : try rest.first.map(readItem)
            let errand = try Errand(given.options, paste, follows: true, writes: true)
            var editing = try Editing(errand, item.map { .item($0) } ?? .pad)
            try editing.run()
            errand.client.close()
            if given.options.json { try Output().json(encoded(Edited(edits: editing.edits))) }
        }
    }

    private struct Edited: Encodable {
        let edits: Int
    }
}

/// One text in an editor.
private struct Editing {
    /// How often the file is looked at, in milliseconds.
    private static let pace: Milliseconds = 200
    /// How long what was saved last may take to arrive, in milliseconds, once the editor is closed.
    private static let goodbye: Milliseconds = 15_000

    private let errand: Errand
    private let target: EditTarget
    private var text: LiveText
    private let file: EditedFile
    private(set) var edits = 0

    init(_ errand: Errand, _ target: EditTarget) throws {
        (self.errand, self.target) = (errand, target)
        let snapshot = try whole(errand)
        errand.remember(expiresAt: snapshot.expiresAt)
        guard let (start, seq) = Self.find(target, snapshot.items, snapshot.pad, snapshot.padSeq) else {
            throw ClientFailure(.noSuchItem, "The paste has no such item.")
        }
        text = LiveText(start, seq: seq)
        file = try EditedFile(start, isPad: target == .pad)
    }

    private static func find(
        _ target: EditTarget, _ items: [Item], _ pad: Text, _ padSeq: UInt64
    ) -> (Text, UInt64)? {
        guard case .item(let number) = target else { return (pad, padSeq) }
        return items.first { $0.number == number }.map { ($0.text, $0.textSeq) }
    }

    mutating func run() throws {
        // While a person writes, a network that is away is no reason to end.
        errand.client.patience = nil
        var trouble: ClientFailure?
        do {
            try edit(&trouble)
            if trouble == nil { try finish() }
        } catch let failure as ClientFailure {
            trouble = trouble ?? failure
        } catch {
            file.remove()
            throw error
        }
        guard let trouble else { return file.remove() }
        if text.isSent, !file.hasUnread { file.remove() } else { throw file.rescued(text.merged, trouble) }
        throw trouble
    }

    /// While the editor is open. A failure is kept until it is closed: the person is still writing.
    private mutating func edit(_ trouble: inout ClientFailure?) throws {
        ForegroundProcess.noteTermination()
        errand.notices.isHushed = true
        defer { errand.notices.isHushed = false }
        let editor = try ForegroundProcess(shell: EditedFile.editor, argument: file.path)
        while true {
            let ending = try editor.ending()
            do {
                if let saved = file.saved() { text.saved(saved) }
                if trouble == nil { try step(atMost: Self.pace) } else { try pauseOnly() }
            } catch let failure as ClientFailure {
                trouble = trouble ?? failure
            }
            if let status = ending {
                if status != 0 { trouble = trouble ?? ClientFailure(.failed, "The editor failed (status \(status)).") }
                if file.hasUnread { trouble = trouble ?? ClientFailure(.notText, "What was saved is not UTF-8.") }
                return
            }
            if ForegroundProcess.terminationSignal != nil {
                throw ClientFailure(.failed, "Ended by a signal.")
            }
        }
    }

    private func pauseOnly() throws {
        var nothing: [Awaited] = []
        try Awaited.wait(for: &nothing, milliseconds: Int32(Self.pace))
    }

    /// Until all that was saved is safe.
    private mutating func finish() throws {
        let deadline = Clock.milliseconds + Self.goodbye
        while !text.isSent {
            let left = deadline - Clock.milliseconds
            guard left > 0 else {
                throw errand.client.trouble ?? ClientFailure(.unreachable, "The server does not answer.")
            }
            try step(atMost: left)
        }
    }

    private mutating func step(atMost: Milliseconds) throws {
        if let (base, edit) = text.next(), errand.client.session.isLive {
            text.sent(ref: errand.client.session.ask(.change(.edit(target, base: base, edit))))
            edits += 1
        }
        for report in try errand.step(atMost: atMost).reports { try take(report) }
    }

    private var arriving: (items: [Item], pad: Text, padSeq: UInt64)?

    private mutating func take(_ report: ClientSession.Report) throws {
        switch report {
        case .snapshot(let snapshot): arriving = (snapshot.items, snapshot.pad, snapshot.padSeq)
        case .items(let items, _): arriving?.items += items
        case .level(_, let isSnapshot, let taken):
            if isSnapshot, let state = arriving { try level(state, taken) }
            arriving = nil
        case .event(let event, let isOwn): try take(event, isOwn ? event.ref : nil)
        case .refused(_, _, let error):
            text.refused()
            throw ClientFailure(error)
        default: break
        }
    }

    private mutating func take(_ event: Event, _ ownRef: UInt64?) throws {
        let seq = event.cursor.seq
        switch (event.body, target) {
        case (.edit(target, let edit), _): text.changed(by: edit, seq: seq, ownRef: ownRef)
        case (.keep, .pad): text.emptied(seq: seq, ownRef: ownRef)
        case (.remove(let gone), .item(let number)) where gone == number: throw Self.removed
        case (.clear(let through), .item(let number)) where through >= number: throw Self.removed
        default: break
        }
    }

    private static let removed = ClientFailure(.noSuchItem, "The item was removed.")

    private mutating func level(_ state: (items: [Item], pad: Text, padSeq: UInt64), _ taken: Set<UInt64>) throws {
        guard let (now, seq) = Self.find(target, state.items, state.pad, state.padSeq) else { throw Self.removed }
        let ref = text.waitingRef
        let isTaken = ref.map(taken.contains) ?? false
        if let (ref, base, edit) = text.level(now, seq: seq, taken: isTaken) {
            errand.client.session.amend(ref, .edit(target, base: base, edit))
        } else if let ref, !isTaken {
            errand.client.session.withdraw(ref)
        }
    }
}
