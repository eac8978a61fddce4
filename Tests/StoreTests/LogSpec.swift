// The log's promises: order, resuming, trimming, erasing, and that what is read back is the same state.

import Foundation
import PasteModel
import PasteStore
import Seeded
import Synchronization
import Testing

@Suite("StoreSpec: the log") struct LogSpec {
    @Test(
        "Sixty-four writers get one dense order, and every accepted event is in it once", arguments: StoreKind.allCases)
    func writers(kind: StoreKind) throws {
        let (writers, each) = (64, 10)
        try kind.with { store in
            let origin = Cursor(seq: 0, tag: 3)
            _ = try store.create(paste(1), generation: 3)
            let failures = Mutex(0)
            DispatchQueue.concurrentPerform(iterations: writers) { writer in
                var head = origin
                for ref in 1...UInt64(each) {
                    var isDone = false
                    while !isDone {
                        let author = Author(rawValue: UInt64(writer))
                        let next = head.advanced(by: author, ref: ref)
                        let event = Event(
                            cursor: next, at: 1, author: author, ref: ref,
                            body: .append(item: next.seq, text: Text("\(writer).\(ref)")))
                        switch try? store.commit(paste(1), head, [event]) {
                        case .success(let cursor): (head, isDone) = (cursor, true)
                        case .failure(.conflict(let other)): head = other
                        default:
                            failures.withLock { $0 += 1 }
                            isDone = true
                        }
                    }
                }
            }
            #expect(failures.withLock { $0 } == 0)
            let events = try store.open(paste(1)).get().events
            #expect(events.map(\.cursor.seq) == Array(1...UInt64(writers * each)))
            #expect(follows(origin, events))
            #expect(Set(events.map { [$0.author.rawValue, $0.ref] }).count == writers * each)
        }
    }

    @Test("A reader that opens and then follows the changes under load misses nothing", arguments: StoreKind.allCases)
    func noGap(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 3)
            _ = try store.create(log.id, generation: 3)
            let total: UInt64 = 400
            let batch = (0..<total).map { _ in log.append("x") }
            let writer = Thread {
                var head = Cursor(seq: 0, tag: 3)
                for event in batch {
                    _ = try? store.commit(paste(1), head, [event])
                    head = event.cursor
                }
            }
            writer.start()
            while try store.open(paste(1)).get().events.isEmpty {}
            var seen = try store.open(paste(1)).get().events
            while UInt64(seen.count) < total {
                let cursor = seen.last?.cursor ?? Cursor(seq: 0, tag: 3)
                guard case .events(let more, _) = try store.changes(paste(1), after: cursor, limit: 7).get() else {
                    Issue.record("reset")
                    return
                }
                seen += more
            }
            #expect(seen == batch)
        }
    }

    @Test("Changes go on from any held cursor; the limit holds at -1, 0 and +1", arguments: StoreKind.allCases)
    func resume(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 3)
            let origin = log.head
            _ = try store.create(log.id, generation: 3)
            for number in 1...5 { try log.commitAppend("text \(number)", to: store) }
            let events = log.events
            #expect(try store.changes(log.id, after: origin) == .success(.events(events, more: false)))
            for limit in 1...6 {
                let page = StoredChanges.events(Array(events[2...].prefix(limit)), more: limit < 3)
                #expect(try store.changes(log.id, after: events[1].cursor, limit: limit) == .success(page))
            }
            #expect(try store.changes(log.id, after: log.head) == .success(.events([], more: false)))
            let foreign = [
                Cursor(seq: 0, tag: 4), Cursor(seq: 2, tag: 9), Cursor(seq: 6, tag: log.head.tag),
                Cursor(seq: .max, tag: 0),
            ]
            for cursor in foreign {
                #expect(try store.changes(log.id, after: cursor) == .success(.reset(same: false)))
            }
        }
    }

    @Test("Trimming keeps bodies and tags to their limits at -1, 0 and +1", arguments: StoreKind.allCases)
    func trimming(kind: StoreKind) throws {
        var limits = Limits()
        limits.heldEvents = 5
        limits.heldTags = 8
        try kind.with(limits: limits) { store in
            for total in 4...12 {
                var log = LogWriter(paste(UInt64(total)), generation: 3)
                let origin = log.head
                _ = try store.create(log.id, generation: 3)
                for number in 1...total {
                    try log.commitAppend("text \(number)", to: store)
                    #expect(try store.checkpoint(log.id, log.state) == .success(true))
                }
                #expect(try store.checkpoint(log.id, log.state) == .success(false))
                let stored = try store.open(log.id).get()
                #expect(stored.checkpoint == log.state)
                #expect(stored.events.isEmpty)
                #expect(stored.history == Array(log.events.suffix(5)))
                let before = ([origin] + log.events.dropLast(min(5, total)).map(\.cursor)).suffix(total < 8 ? 8 : 3)
                #expect(stored.olderCursors == Array(before))
                let firstHeld = max(0, total - 5)
                for (seq, cursor) in ([origin] + log.events.map(\.cursor)).enumerated() {
                    let answer = try store.changes(log.id, after: cursor).get()
                    if seq >= firstHeld {
                        #expect(answer == .events(Array(log.events[seq...]), more: false))
                    } else if seq == 0 || total - seq < 8 {
                        #expect(answer == .reset(same: true), "\(seq) of \(total)")
                    }
                    // Older tags may be held for a while: they go in bounded groups.
                }
                try log.commitAppend("after", to: store)
            }
        }
    }

    @Test("What is behind the checkpoint is never trimmed", arguments: StoreKind.allCases)
    func uncheckedTail(kind: StoreKind) throws {
        var limits = Limits()
        limits.heldEvents = 3
        limits.heldTags = 4
        try kind.with(limits: limits) { store in
            var log = LogWriter(paste(1), generation: 3)
            _ = try store.create(log.id, generation: 3)
            var early: PasteState?
            for number in 1...20 {
                try log.commitAppend("text \(number)", to: store)
                if number == 5 { early = log.state }
            }
            #expect(try store.checkpoint(log.id, try #require(early)) == .success(true))
            let stored = try store.open(log.id).get()
            #expect(stored.checkpoint == early)
            #expect(stored.events == Array(log.events[5...]))
            #expect(stored.history.isEmpty)
            #expect(stored.olderCursors.last == early?.cursor)
            #expect(try stored.checkpoint.replaying(stored.events, limits: limits) == log.state)
        }
    }

    @Test("A checkpoint of another history, of the future or of the past is stale", arguments: StoreKind.allCases)
    func staleCheckpoint(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 3)
            var rival = log
            _ = try store.create(log.id, generation: 3)
            try log.commitAppend("one", to: store)
            let past = log.state
            try log.commitAppend("two", to: store)
            _ = rival.append("other", by: 9)
            #expect(try store.checkpoint(log.id, rival.state) == .success(false))
            #expect(try store.checkpoint(log.id, log.state) == .success(true))
            #expect(try store.checkpoint(log.id, past) == .success(false))
            _ = log.append("not committed")
            #expect(try store.checkpoint(log.id, log.state) == .success(false))
            #expect(try store.checkpoint(paste(2), log.state) == .failure(.gone))
        }
    }

    @Test(
        "Checkpoints and the events behind them give the state exactly, dedupe table included",
        arguments: StoreKind.allCases)
    func replay(kind: StoreKind) throws {
        var limits = Limits()
        limits.heldEvents = 40
        limits.heldTags = 60
        limits.rememberedRefs = 8
        for seed in UInt64(1)...10 {
            try kind.with(limits: limits) { store in
                var random = SplitMix64(seed: seed)
                var log = LogWriter(paste(seed), generation: seed)
                log.limits = limits
                _ = try store.create(log.id, generation: seed)
                for step in 0..<120 {
                    let expected = log.head
                    let batch = (0...Int.random(in: 0...2, using: &random)).map { _ in log.random(using: &random) }
                    #expect(try store.commit(log.id, expected, batch) == .success(log.head), "seed \(seed)")
                    if step % 13 == 0 { _ = try store.checkpoint(log.id, log.state) }
                    guard step % 10 == 0 else { continue }
                    let stored = try store.open(log.id).get()
                    let state = try stored.checkpoint.replaying(stored.events, limits: log.limits)
                    #expect(state == log.state, "seed \(seed), step \(step)")
                    // The model takes what the store gives, erased and trimmed parts included.
                    let live = try Paste(
                        checkpoint: stored.checkpoint, events: stored.events, history: stored.history,
                        olderCursors: stored.olderCursors, limits: log.limits)
                    #expect(live.committed == log.state, "seed \(seed), step \(step)")
                }
            }
        }
    }

    @Test(
        "Taking an item away erases what its events held; who stands before that gets a snapshot",
        arguments: StoreKind.allCases)
    func erasing(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 3)
            let origin = log.head
            _ = try store.create(log.id, generation: 3)
            try log.commitAppend("stays", to: store)
            try log.commitAppend("goes", to: store)
            let before = log.head
            let removal = log.next(.remove(item: 2))
            _ = try store.commit(log.id, before, [removal])
            _ = try store.checkpoint(log.id, log.state)
            try log.commitAppend("after", to: store)
            let stored = try store.open(log.id).get()
            #expect(try stored.checkpoint.replaying(stored.events, limits: log.limits) == log.state)
            let bodies = (stored.history + stored.events).map(\.body)
            #expect(bodies.contains(.erased) && bodies.contains(.append(item: 1, text: Text("stays"))))
            #expect(!bodies.contains(.append(item: 2, text: Text("goes"))))
            #expect(try store.changes(log.id, after: origin) == .success(.reset(same: true)))
            let rest = Array(log.events[2...])
            #expect(try store.changes(log.id, after: before) == .success(.events(rest, more: false)))
        }
    }
}

extension LogWriter {
    /// Any event that fits the state.
    mutating func random(using random: inout SplitMix64) -> Event {
        let author = UInt64.random(in: 1...5, using: &random)
        let item = state.items.randomElement(using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0 where item != nil:
            return next(.remove(item: item?.number ?? 0), by: author)
        case 1 where item != nil:
            return next(.clear(through: item?.number ?? 0), by: author)
        case 2:
            return next(.extend(expiresAt: .random(in: 1...1_000_000, using: &random)), by: author)
        case 3 where !state.pad.isEmpty:
            return next(.keep(item: state.nextItem, text: state.pad), by: author)
        case 6 where item != nil:
            return next(
                .edit(target: .item(item?.number ?? 0), ops: TextEdit(ops: [.insert(Text("edited "))])), by: author)
        case 4, 5:
            let length = state.pad.string.unicodeScalars.count
            let ops: [TextOp] = [.insert(Text("é\(length)\r\n"))] + (length > 0 ? [.retain(length)] : [])
            return next(.edit(target: .pad, ops: TextEdit(ops: ops)), by: author)
        default:
            let size = [0, 1, 100, 900, 1_020, 5_000].randomElement(using: &random) ?? 0
            return append(String(repeating: "a\u{301}", count: size), by: author)
        }
    }
}
