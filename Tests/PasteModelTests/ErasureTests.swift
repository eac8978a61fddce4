import PasteModel
import Seeded
import Testing

/// A log with all bodies and states, and the plain rule of which bodies are to be gone.
private struct PlainLog {
    var events: [Event] = []
    /// From the first, which precedes all events.
    var states: [PasteState]

    /// The seqs up to a state whose texts belong to what is no more: an item that is gone, or a pad that became one.
    func gone(by state: PasteState) -> Set<UInt64> {
        var gone: Set<UInt64> = []
        var lastKept: UInt64 = 0
        let events = events.prefix(Int(state.cursor.seq))
        for event in events {
            switch event.body {
            case .append(let item, _), .edit(.item(let item), _):
                if state.item(item) == nil { gone.insert(event.cursor.seq) }
            case .keep(let item, _) where state.item(item) == nil:
                gone.insert(event.cursor.seq)
                lastKept = event.cursor.seq
            default: break
            }
        }
        for event in events where event.cursor.seq < lastKept {
            if case .edit(.pad, _) = event.body { gone.insert(event.cursor.seq) }
        }
        return gone
    }
}

@Suite struct ErasureTests {
    private func request(_ step: Int, _ paste: Paste, using random: inout SplitMix64) -> PasteRequest {
        let state = paste.tentative
        let item = state.items.randomElement(using: &random)?.number ?? 1
        let base = paste.cursor.seq - min(paste.cursor.seq, .random(in: 0...9, using: &random))
        let insert = TextEdit(ops: [.insert(Text("edit \(step) "))])
        return switch Int.random(in: 0..<14, using: &random) {
        case 0...3: .append(Text("text \(step)"))
        case 4...6: .edit(.pad, base: base, insert)
        case 7...8: .edit(.item(item), base: base, insert)
        case 9...10: .keep(base: base)
        case 11...12: .remove(item: item)
        default: step % 4 == 0 ? .clear(through: item) : .extend(expiresIn: Milliseconds(step))
        }
    }

    @Test(
        "Exactly the texts of what is gone are erased, whatever is trimmed, rolled back or read back",
        arguments: 0..<20)
    func exactly(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var limits = Limits()
        (limits.heldEvents, limits.heldTags) = (seed % 3 == 0 ? 25 : 1_000, 1_000)
        let origin = PasteState(generation: 7, createdAt: 0, expiresAt: 9)
        let paste = Paste(new: origin, limits: limits)
        var log = PlainLog(states: [origin])
        try live(paste, &log, steps: 1...200, limits, using: &random)
        let middle = Int.random(in: 0..<log.states.count, using: &random)
        func load(history: [Event]) throws -> Paste {
            try Paste(
                checkpoint: log.states[middle], events: Array(log.events[middle...]), history: history,
                olderCursors: [origin.cursor], limits: limits)
        }
        let loaded = try load(history: Array(log.events[..<middle]))
        expect(loaded, holds: log, limits, "read back from \(middle)")
        // And both find the same edits behind a base.
        for step in 1_000...1_200 {
            let request = request(step, paste, using: &random)
            let outcomes = [paste, loaded].map {
                $0.perform(request, by: Author(rawValue: 1), ref: UInt64(step), now: 1)
            }
            #expect(outcomes[0] == outcomes[1], "\(request)")
        }
        // As a store gives it, which has erased on its own.
        let gone = log.gone(by: log.states[middle])
        let stored = try load(history: log.events[..<middle].map { gone.contains($0.cursor.seq) ? $0.erased : $0 })
        expect(stored, holds: log, limits, "read back, erased, from \(middle)")
        try live(stored, &log, steps: 2_000...2_100, limits, using: &random)
    }

    private func live(
        _ paste: Paste, _ log: inout PlainLog, steps: ClosedRange<Int>, _ limits: Limits,
        using random: inout SplitMix64
    ) throws {
        for step in steps {
            let author = Author(rawValue: .random(in: 1...3, using: &random))
            let request = request(step, paste, using: &random)
            _ = paste.perform(request, by: author, ref: UInt64(step), now: 1)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: _ = paste.takeBatch()
            case 2, 3:
                for event in paste.commit() {
                    var state = try #require(log.states.last)
                    let follows = state.apply(event)
                    #expect(follows)
                    log.events.append(event)
                    log.states.append(state)
                }
            case 4 where step % 5 == 0: paste.rollback()
            default: break
            }
            if step % 5 == 0, !paste.hasPending { expect(paste, holds: log, limits, "step \(step)") }
        }
        paste.rollback()
    }

    private func expect(_ paste: Paste, holds log: PlainLog, _ limits: Limits, _ comment: Comment) {
        let gone = log.gone(by: paste.committed)
        let first = max(0, log.events.count - limits.heldEvents)
        let held = log.events[first...]
        let kept = held.filter { !gone.contains($0.cursor.seq) }
        #expect(paste.heldBytes == kept.reduce(paste.committed.byteCount) { $0 + $1.textBytes }, comment)
        let newestGone = held.last { gone.contains($0.cursor.seq) }?.cursor.seq ?? 0
        for state in log.states {
            let seq = state.cursor.seq
            let isWhole = seq >= newestGone && Int(seq) >= first
            #expect(
                paste.next(after: state.cursor, maxBytes: .max)
                    == (isWhole ? .events(log.events[Int(seq)...]) : .snapshot(same: true)), comment)
        }
    }

    @Test("A checkpoint that names events behind it is damaged, at 0 and +1")
    func foreignSeqs() throws {
        func load(_ change: (inout PasteState) -> Void) throws -> Paste {
            var state = PasteState(generation: 7, createdAt: 0, expiresAt: 9)
            let event = Event(
                cursor: state.cursor.advanced(by: Author(rawValue: 1), ref: 1), at: 1, author: Author(rawValue: 1),
                ref: 1, body: .append(item: 1, text: Text("a")))
            let follows = state.apply(event)
            #expect(follows)
            change(&state)
            return try Paste(checkpoint: state, events: [], history: [event], olderCursors: [], limits: Limits())
        }
        func items(_ textSeq: UInt64) -> ItemList {
            ItemList([Item(number: 1, at: 1, author: Author(rawValue: 1), text: Text("a"), textSeq: textSeq)])
        }
        _ = try load { ($0.padSeq, $0.items) = (1, items(1)) }
        #expect(throws: StoreError.corrupt("the checkpoint names events that come behind it")) {
            try load { $0.padSeq = 2 }
        }
        #expect(throws: StoreError.corrupt("the checkpoint names events that come behind it")) {
            try load { $0.items = items(2) }
        }
    }
}
