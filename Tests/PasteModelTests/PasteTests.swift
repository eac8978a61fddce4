import Foundation
import PasteModel
import Seeded
import Testing

private let ann = Author(rawValue: 1)
private let bob = Author(rawValue: 2)

private func fresh(_ limits: Limits = Limits()) -> Paste {
    Paste(new: PasteState(generation: 77, createdAt: 0, expiresAt: 1_000), limits: limits)
}

extension Paste {
    @discardableResult fileprivate func does(_ request: PasteRequest, _ author: Author, _ ref: UInt64) -> Outcome {
        let outcome = perform(request, by: author, ref: ref, now: 5)
        if takeBatch() != nil { _ = commit() }
        return outcome
    }
}

private func insert(_ text: String, at: Int = 0) -> TextEdit {
    TextEdit(ops: (at > 0 ? [.retain(at)] : []) + [.insert(Text(text))])
}

/// Every text that something holds, however deep.
private func texts(in value: Any) -> Set<Text> {
    if let text = value as? Text { return [text] }
    return Mirror(reflecting: value).children.reduce(into: []) { $0.formUnion(texts(in: $1.value)) }
}

@Suite struct PasteTests {
    @Test("Tags chain as the shared vectors say")
    func tags() throws {
        struct Vectors: Decodable {
            struct Link: Decodable {
                let by: String
                let ref: UInt64
                let seq: UInt64
                let tag: String
            }

            let generation: String
            let events: [Link]
        }
        let vectors = try JSONDecoder().decode(Vectors.self, from: vectors("log"))
        var cursor = Cursor(seq: 0, tag: try #require(UInt64(vectors.generation, radix: 16)))
        for link in vectors.events {
            let author = Author(rawValue: try #require(UInt64(link.by, radix: 16)))
            cursor = cursor.advanced(by: author, ref: link.ref)
            #expect(cursor == Cursor(seq: link.seq, tag: try #require(UInt64(link.tag, radix: 16))))
        }
    }

    @Test("A request takes effect once; a ref older than the remembered ones is refused")
    func exactlyOnce() {
        let paste = fresh()
        for ref in 1...65 { paste.does(.append(Text("a")), ann, UInt64(ref)) }
        #expect(paste.does(.append(Text("a")), ann, 65) == .repeated(Receipt(ref: 65, seq: 65, item: 65)))
        #expect(paste.does(.append(Text("a")), ann, 2) == .repeated(Receipt(ref: 2, seq: 2, item: 2)))
        #expect(paste.does(.append(Text("a")), ann, 1) == .refused(.staleRef))
        #expect(paste.committed.items.count == 65)
        #expect(paste.receipts(of: ann, refs: [1, 2, 99]) == [Receipt(ref: 2, seq: 2, item: 2)])
    }

    @Test("Limits hold at -1, 0 and +1")
    func limits() {
        var limits = Limits()
        (limits.textBytes, limits.pasteBytes, limits.items, limits.clients) = (4, 10, 3, 1)
        let paste = fresh(limits)
        #expect(paste.does(.append(Text("12345")), ann, 1) == .refused(.textTooLarge(limit: 4)))
        paste.does(.append(Text("1234")), ann, 2)
        paste.does(.append(Text("123")), ann, 3)
        #expect(paste.does(.append(Text("1234")), ann, 4) == .refused(.pasteFull(limit: 10)))
        paste.does(.append(Text("123")), ann, 5)
        #expect(paste.committed.byteCount == 10)
        #expect(paste.does(.append(Text("1")), ann, 6) == .refused(.tooManyItems(limit: 3)))
        #expect(paste.does(.append(Text("1")), bob, 1) == .refused(.tooManyClients(limit: 1)))
        #expect(paste.does(.append(.empty), ann, 7) == .refused(.emptyText))
        #expect(paste.does(.extend(expiresIn: 0), ann, 8) == .refused(.badExpiry(limit: limits.lifetime)))
        #expect(
            paste.does(.extend(expiresIn: limits.lifetime + 1), ann, 9) == .refused(.badExpiry(limit: limits.lifetime)))
        paste.does(.extend(expiresIn: limits.lifetime), ann, 10)
        #expect(paste.committed.expiresAt == limits.lifetime + 5)
    }

    @Test("Two who keep the pad together keep it once, and typing meanwhile survives")
    func keepOnce() {
        let paste = fresh()
        paste.does(.edit(.pad, base: 0, insert("hello")), ann, 1)
        paste.does(.keep(base: 1), ann, 2)
        #expect(paste.does(.keep(base: 1), bob, 1) == .repeated(Receipt(ref: 1, seq: 2, item: 1)))
        paste.does(.edit(.pad, base: 1, insert("!", at: 5)), bob, 2)
        #expect(paste.committed.pad == Text("!") && paste.committed.items.map(\.text) == [Text("hello")])
        #expect(paste.does(.edit(.pad, base: 3, insert("a\rb")), bob, 3) == .refused(.badEdit))
    }

    @Test("Removed texts leave the held log; who is behind gets a snapshot of the same history")
    func erasure() {
        let paste = fresh()
        let start = paste.committed.cursor
        paste.does(.append(Text("secret")), ann, 1)
        paste.does(.edit(.item(1), base: 1, insert("very ")), ann, 2)
        let seen = paste.committed.cursor
        paste.does(.remove(item: 1), ann, 3)
        #expect(paste.next(after: start, maxBytes: 99) == .snapshot(same: true))
        guard case .events(let rest) = paste.next(after: seen, maxBytes: 99) else { return #expect(Bool(false)) }
        #expect(rest.map(\.body) == [.remove(item: 1)])
        #expect(paste.does(.edit(.item(1), base: 2, insert("x")), ann, 4) == .refused(.noSuchItem))
        #expect(paste.next(after: Cursor(seq: 1, tag: 3), maxBytes: 9) == .snapshot(same: false))
        #expect(paste.next(after: Cursor(seq: 9, tag: 3), maxBytes: 9) == .snapshot(same: false))
    }

    @Test("A text that was typed, kept and removed is nowhere in the paste, and older edits of the pad still apply")
    func erasureOfKeptPads() {
        let paste = fresh()
        paste.does(.edit(.pad, base: 0, insert("secret")), ann, 1)
        paste.does(.edit(.pad, base: 1, insert("first ", at: 0)), ann, 2)
        paste.does(.keep(base: 2), ann, 3)
        paste.does(.edit(.pad, base: 3, insert("second secret")), ann, 4)
        paste.does(.keep(base: 4), ann, 5)
        paste.does(.edit(.pad, base: 5, insert("stays")), ann, 6)
        #expect(texts(in: paste).contains(Text("second secret")))
        paste.does(.remove(item: 2), ann, 7)
        #expect(texts(in: paste).subtracting([.empty]) == [Text("first secret"), Text("stays")])
        // It was typed into a pad that two keeps have emptied since: what was typed stands on the pad that there is.
        paste.does(.edit(.pad, base: 1, insert("!", at: 6)), bob, 1)
        #expect(paste.committed.pad == Text("stays!"))
        #expect(paste.does(.keep(base: 1), bob, 2) == .repeated(Receipt(ref: 2, seq: 3, item: 1)))
        paste.does(.clear(through: 1), ann, 8)
        #expect(!texts(in: paste).contains(Text("first secret")))
        #expect(paste.does(.keep(base: 1), bob, 3) == .repeated(Receipt(ref: 3, seq: 3, item: nil)))
    }

    @Test("Only committed events are seen, and a failed batch leaves no trace")
    func commitThenShow() {
        let paste = fresh()
        let start = paste.committed
        _ = paste.perform(.append(Text("a")), by: ann, ref: 1, now: 1)
        #expect(paste.next(after: start.cursor, maxBytes: 9) == .events([]))
        let batch = paste.takeBatch()
        #expect(batch?.events.count == 1 && paste.takeBatch() == nil)
        _ = paste.perform(.append(Text("b")), by: ann, ref: 2, now: 1)
        #expect(paste.retryBatch()?.events == batch?.events)
        paste.rollback()
        #expect(paste.tentative == start && paste.committed == start && !paste.hasPending)
    }

    @Test("the texts of held events are bounded by bytes, too, and large changes are due for a checkpoint")
    func heldBytes() {
        var limits = Limits()
        (limits.heldBytes, limits.checkpointBytes) = (5_000, 3_000)
        let paste = fresh(limits)
        var due: [UInt64] = []
        for ref in 1...UInt64(50) {
            _ = paste.perform(.append(Text(String(repeating: "x", count: 1_000))), by: ann, ref: 2 * ref, now: 1)
            _ = paste.takeBatch()
            _ = paste.commit()
            if ref > 1 { _ = paste.perform(.remove(item: ref - 1), by: ann, ref: 2 * ref + 1, now: 1) }
            _ = paste.takeBatch()
            _ = paste.commit()
            #expect(paste.heldBytes <= 6_000)
            if paste.checkpointDue {
                due.append(ref)
                _ = paste.takeCheckpoint()
            }
        }
        #expect(due.first == 3 && due.count == 16)
        var base: UInt64 = paste.committed.padSeq
        for ref in 200...UInt64(230) {
            let old = paste.committed.pad.count
            let ops: [TextOp] = (old > 0 ? [.delete(old)] : []) + [.insert(Text(String(repeating: "y", count: 1_000)))]
            _ = paste.perform(.edit(.pad, base: base, TextEdit(ops: ops)), by: ann, ref: ref, now: 1)
            _ = paste.takeBatch()
            _ = paste.commit()
            base = paste.committed.padSeq
            #expect(paste.heldBytes <= 5_000 + 2_000)
        }
        #expect(paste.committed.pad.count == 1_000 && paste.heldBytes > 6_000)
    }

    @Test(
        "Whatever is asked, committed or rolled back: replay and every cursor lead to the shown state",
        arguments: 0..<40)
    func laws(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var limits = Limits()
        (limits.heldEvents, limits.heldTags, limits.pasteBytes) = (40, 30, 4_000)
        limits.heldBytes = seed % 2 == 0 ? 200 : 1 << 20
        let paste = fresh(limits)
        let origin = paste.committed
        var log: [Event] = []
        var states = [origin]
        for step in 1...400 {
            let last = paste.tentative.nextItem
            let item = UInt64.random(in: 1...max(last, 1), using: &random)
            let base = paste.committed.cursor.seq - min(paste.committed.cursor.seq, .random(in: 0...6, using: &random))
            let ops = TextEdit(ops: [
                .retain(.random(in: 1...6, using: &random)), .insert(Text("é😀")),
                .delete(.random(in: 1...2, using: &random)),
            ])
            let request: PasteRequest =
                switch Int.random(in: 0..<12, using: &random) {
                case 0...2: .append(Text("text \(step)"))
                case 3...4: .edit(.pad, base: base, insert("p\(step)"))
                case 5: .edit(.pad, base: base, ops)
                case 6...7: .edit(.item(item), base: base, ops)
                case 8: .keep(base: base)
                case 9: .remove(item: item)
                case 10: .extend(expiresIn: Milliseconds(step))
                default: step % 5 == 0 ? .clear(through: item) : .append(Text("x"))
                }
            _ = paste.perform(
                request, by: Bool.random(using: &random) ? ann : bob, ref: UInt64(step), now: Milliseconds(step))
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: _ = paste.takeBatch()
            case 3...5:
                for event in paste.commit() {
                    log.append(event)
                    var state = try #require(states.last)
                    let follows = state.apply(event)
                    #expect(follows)
                    states.append(state)
                }
                #expect(states.last == paste.committed)
            case 6 where step % 7 == 0: paste.rollback()
            default: break
            }
            #expect(paste.hasPending || paste.tentative == paste.committed)
        }
        #expect(
            paste.committed.byteCount == paste.committed.items.reduce(paste.committed.pad.count) { $0 + $1.text.count })
        for state in states {
            switch paste.next(after: state.cursor, maxBytes: .max) {
            case .events(let events):
                var continued = state
                for event in events {
                    let follows = continued.apply(event)
                    #expect(follows)
                }
                #expect(continued == paste.committed)
            case .snapshot(let same):
                let age = paste.committed.cursor.seq - state.cursor.seq
                // 40 with bodies and 30 without; of the former fewer when their bytes are over.
                #expect(limits.heldBytes == 200 ? same || age > 30 : same == (age <= 70))
            }
        }
        let middle = states[states.count / 2]
        let loaded = try Paste(
            checkpoint: middle, events: Array(log[(states.count / 2)...]), history: Array(log[..<(states.count / 2)]),
            olderCursors: [origin.cursor], limits: limits)
        #expect(loaded.committed == paste.committed)
        #expect(
            loaded.next(after: states[states.count - 2].cursor, maxBytes: 1)
                == paste.next(after: states[states.count - 2].cursor, maxBytes: 1))
        #expect(throws: StoreError.self) {
            _ = try Paste(
                checkpoint: origin, events: Array(log.dropFirst()), history: [], olderCursors: [], limits: limits)
        }
    }
}
