import PasteModel
import Testing

@testable import PasteClient

/// Devices with an open file each, a server that is the real rules, and connections that break.
private struct Room {
    let paste = Paste(new: PasteState(generation: 1, createdAt: 0, expiresAt: .max), limits: Limits())
    var devices: [Desk] = []
    var dice: Dice

    struct Desk {
        let author: Author
        var text = LiveText(.empty, seq: 0)
        var file = Text.empty
        var seen: UInt64 = 0
        var ref: UInt64 = 0
        /// What is on its way to the server: a broken connection loses it, or only its answer.
        var waiting: (ref: UInt64, base: UInt64, TextEdit)?
    }

    var log: [Event] = []

    init(_ seed: UInt64, devices count: Int) {
        dice = Dice(seed + 1)
        devices = (1...count).map { Desk(author: Author(rawValue: UInt64($0))) }
    }

    mutating func save(_ index: Int, _ text: Text) {
        devices[index].file = text
        devices[index].text.saved(text)
    }

    mutating func send(_ index: Int) {
        if let (base, edit) = devices[index].text.next() {
            devices[index].ref += 1
            devices[index].waiting = (devices[index].ref, base, edit)
            devices[index].text.sent(ref: devices[index].ref)
        }
        guard let (ref, base, edit) = devices[index].waiting else { return }
        devices[index].waiting = nil
        let outcome = paste.perform(.edit(.pad, base: base, edit), by: devices[index].author, ref: ref, now: 1)
        if case .refused(let why) = outcome { Issue.record("refused: \(why)") }
        commit()
    }

    mutating func keep() {
        _ = paste.perform(
            .keep(base: paste.committed.padSeq), by: Author(rawValue: 99), ref: UInt64(log.count + 1), now: 1)
        commit()
    }

    private mutating func commit() {
        if paste.takeBatch() != nil { log += paste.commit() }
    }

    /// The next event reaches a device.
    mutating func hear(_ index: Int) {
        guard let event = log.first(where: { $0.cursor.seq > devices[index].seen }) else { return }
        devices[index].seen = event.cursor.seq
        let own = event.author == devices[index].author ? event.ref : nil
        switch event.body {
        case .edit(.pad, let edit): devices[index].text.changed(by: edit, seq: event.cursor.seq, ownRef: own)
        case .keep: devices[index].text.emptied(seq: event.cursor.seq, ownRef: own)
        default: break
        }
    }

    /// The connection broke, and a snapshot came.
    mutating func level(_ index: Int) {
        let state = paste.committed
        let ref = devices[index].text.waitingRef
        let taken = ref.map { !paste.receipts(of: devices[index].author, refs: [$0]).isEmpty } ?? false
        devices[index].waiting = nil
        if let again = devices[index].text.level(state.pad, seq: state.padSeq, taken: taken) {
            devices[index].waiting = again
        }
        devices[index].seen = state.cursor.seq
    }

    mutating func settle() {
        for _ in 0..<10_000 {
            guard devices.contains(where: { !$0.text.isSent || $0.seen < paste.committed.cursor.seq }) else { return }
            for index in devices.indices {
                send(index)
                hear(index)
            }
        }
        Issue.record("it does not come to rest")
    }
}

@Suite struct LiveTextTests {
    @Test(
        "what is saved while others type, through broken connections, is in the text once",
        arguments: 0..<300 as Range<UInt64>)
    func nothingLost(seed: UInt64) {
        var room = Room(seed, devices: 3)
        var tokens: [String] = []
        for step in 0..<120 {
            let index = Int.random(in: 0..<3, using: &room.dice)
            switch Int.random(in: 0..<10, using: &room.dice) {
            case 0..<4:
                // A line more, somewhere in the file as this device has it: one letter that no other line has, since
                // a difference may cut through what two words have in common.
                let token = String(UnicodeScalar(UInt32(0x4E00 + step)).map(Character.init) ?? "?")
                tokens.append(token)
                var lines = room.devices[index].file.string.split(separator: "\n", omittingEmptySubsequences: false)
                lines.insert(Substring(token), at: Int.random(in: 0...lines.count, using: &room.dice))
                room.save(index, Text(lines.joined(separator: "\n")))
            case 4..<6: room.send(index)
            case 6..<9: room.hear(index)
            default: room.level(index)
            }
        }
        room.settle()
        let pad = room.paste.committed.pad
        for device in room.devices { #expect(device.text.merged == pad) }
        for token in tokens { #expect(pad.string.components(separatedBy: token) == 2, "\(token) in seed \(seed)") }
    }

    @Test("with deletions and keeps too everybody ends with the server's text", arguments: 0..<300 as Range<UInt64>)
    func convergence(seed: UInt64) {
        var room = Room(seed, devices: 2)
        for _ in 0..<100 {
            let index = Int.random(in: 0..<2, using: &room.dice)
            switch Int.random(in: 0..<20, using: &room.dice) {
            case 0..<6: room.save(index, Text(room.dice.text(6).string.filter { $0 != "\r\n" }))
            case 6..<11: room.send(index)
            case 11..<18: room.hear(index)
            case 18: room.keep()
            default: room.level(index)
            }
        }
        room.settle()
        for device in room.devices { #expect(device.text.merged == room.paste.committed.pad) }
    }

    @Test("a refused edit is held, and goes with what was saved after it")
    func refused() {
        var text = LiveText(Text("a"), seq: 1)
        text.saved(Text("ab"))
        text.sent(ref: 7)
        text.saved(Text("abc"))
        text.refused()
        #expect(!text.isSent)
        #expect(text.next()?.1 == TextEdit(ops: [.retain(1), .insert(Text("bc"))]))
        #expect(text.merged == Text("abc"))
    }
}

extension String {
    /// How many parts `separator` makes.
    fileprivate func components(separatedBy separator: String) -> Int {
        var count = 1
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
