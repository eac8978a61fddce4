// A paste's life and end: expiry, removal, tombstones, and that refusals are counted out exactly.

import Foundation
import PasteModel
import PasteStore
import Testing

@Suite("StoreSpec: life and end") struct LifeSpec {
    @Test("What is removed is gone for every request, and only its key is remembered", arguments: StoreKind.allCases)
    func removal(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 3)
            _ = try store.create(log.id, generation: 3)
            try log.commitAppend("text", to: store)
            try store.remove(log.id)
            try store.remove(log.id)
            try store.remove(paste(2))
            #expect(try store.open(log.id) == .failure(.gone))
            #expect(try store.changes(log.id, after: log.head) == .failure(.gone))
            #expect(try store.checkpoint(log.id, log.state) == .failure(.gone))
            let head = log.head
            #expect(try store.commit(log.id, head, [log.append("late")]) == .failure(.gone))
            #expect(try store.expiring(before: .max) == [])
        }
    }

    @Test("A key is free again when its tombstone's time is over, at -1, 0 and +1", arguments: StoreKind.allCases)
    func tombstones(kind: StoreKind) throws {
        try kind.with { store in
            for (number, generation) in [(UInt64(1), UInt64(3)), (2, 4)] {
                _ = try store.create(paste(number), generation: generation, expiresAt: 500)
                try store.remove(paste(number), tombstoneUntil: 1_000)
                #expect(try store.create(paste(number), generation: generation, at: 999) == .failure(.exists))
                #expect(try store.create(paste(number), generation: 9, at: 999) == .failure(.exists))
                // A later removal never shortens it.
                try store.remove(paste(number), tombstoneUntil: 900)
            }
            let reborn = try store.create(paste(1), generation: 9, at: 1_000, expiresAt: 2_000)
            #expect(reborn == .success(Cursor(seq: 0, tag: 9)))
            let old = Cursor(seq: 0, tag: 3)
            #expect(try store.changes(paste(1), after: old) == .success(.reset(same: false)))
            #expect(try store.open(paste(1)).get().events.isEmpty)
            _ = try store.expiring(before: 999)
            #expect(try store.create(paste(2), generation: 9, at: 0) == .failure(.exists))
            _ = try store.expiring(before: 1_000)
            #expect(try store.create(paste(2), generation: 9, at: 0) == .success(Cursor(seq: 0, tag: 9)))
        }
    }

    @Test(
        "The sweep tells how many bytes are stored: at least the texts, and not what was removed",
        arguments: StoreKind.allCases)
    func storedBytes(kind: StoreKind) throws {
        try kind.with { store in
            _ = try store.create(paste(1), generation: 1)
            let empty = try store.sweep(before: 0).storedBytes
            var log = LogWriter(paste(1), generation: 1, expiresAt: 1_000)
            for _ in 0..<10 { try log.commitAppend(String(repeating: "x", count: 100_000), to: store) }
            let full = try store.sweep(before: 0).storedBytes
            #expect((1_000_000...1_200_000).contains(full - empty))
            try store.remove(paste(1))
            #expect(try store.sweep(before: 0).storedBytes <= empty + 10_000)
        }
    }

    @Test(
        "The sweep lists what is due, oldest first; an extend moves it, as part of its commit",
        arguments: StoreKind.allCases)
    func expiry(kind: StoreKind) throws {
        try kind.with { store in
            for number in UInt64(1)...4 {
                _ = try store.create(paste(number), generation: number, expiresAt: Milliseconds(number) * 100)
            }
            #expect(try store.expiring(before: 99) == [])
            #expect(try store.expiring(before: 100) == [paste(1)])
            #expect(try store.expiring(before: 300, limit: 2) == [paste(1), paste(2)])
            #expect(try store.expiring(before: 300, limit: 0) == [])
            #expect(try store.sweep(before: 0).pasteCount == 4, "all are counted, whatever is due")
            var log = LogWriter(paste(1), generation: 1, expiresAt: 100)
            let origin = log.head
            let extend = log.next(.extend(expiresAt: 350))
            // A batch that conflicts moves nothing.
            let foreign = Cursor(seq: 0, tag: 99)
            #expect(try store.commit(log.id, foreign, [extend]) == .failure(.conflict(head: origin)))
            #expect(try store.expiring(before: 100) == [paste(1)])
            #expect(try store.commit(log.id, origin, [extend]) == .success(extend.cursor))
            #expect(try store.expiring(before: 400) == [paste(2), paste(3), paste(1), paste(4)])
            let told = try store.expiryOfRepeat(log.id, generation: 1, expiresAt: 900)
            #expect(told == 350, "a repeated create is told what holds")
            let stored = try store.open(log.id).get()
            #expect(stored.checkpoint.expiresAt == 100)
            #expect(try stored.checkpoint.replaying(stored.events, limits: Limits()).expiresAt == 350)
        }
    }

    @Test(
        "Requests of one sink take effect in order: what was committed before the removal is committed",
        arguments: StoreKind.allCases)
    func expiryAmidWork(kind: StoreKind) throws {
        try kind.with { store in
            // An append, an edit and an open in flight when the sweep removes the paste: each is decided, by its
            // place in the order.
            for number in UInt64(1)...20 {
                var log = LogWriter(paste(number), generation: 1)
                let origin = log.head
                let append = log.append("in time")
                let edit = log.next(.edit(target: .pad, ops: TextEdit(ops: [.insert(Text("pad"))])))
                let late = log.append("late")
                let sink = TestSink()
                store.submit(
                    [
                        .create(log.id, generation: 1, at: 0, expiresAt: 10),
                        .commit(log.id, expected: origin, events: [append]),
                        .commit(log.id, expected: append.cursor, events: [edit]),
                        .remove(log.id, tombstoneUntil: 100),
                        .commit(log.id, expected: edit.cursor, events: [late]),
                        .open(log.id),
                    ], answersTo: sink)
                let answers = try #require(sink.take(6))
                var seen: [String] = []
                for answer in answers {
                    switch answer {
                    case .created(_, _, .success): seen.append("created")
                    case .committed(_, _, .success(let cursor)): seen.append("committed \(cursor.seq)")
                    case .committed(_, _, .failure(.gone)): seen.append("gone")
                    case .removed(_, .success): seen.append("removed")
                    case .opened(_, .failure(.gone)): seen.append("open: gone")
                    default: seen.append("\(answer)")
                    }
                }
                #expect(seen == ["created", "committed 1", "committed 2", "removed", "gone", "open: gone"])
            }
        }
    }

    @Test("An open behind a commit in one submit sees it", arguments: StoreKind.allCases)
    func readYourWrites(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 1)
            _ = try store.create(log.id, generation: 1)
            for _ in 0..<100 {
                let expected = log.head
                let event = log.append("x")
                let answers = try store.ask([.commit(log.id, expected: expected, events: [event]), .open(log.id)])
                guard case .opened(_, .success(let stored))? = answers.last else { throw NoAnswer() }
                #expect(stored.events.last == event)
            }
        }
    }

    @Test("One paste's conflict does not touch the others of the same submit", arguments: StoreKind.allCases)
    func atomicPerPaste(kind: StoreKind) throws {
        try kind.with { store in
            var requests: [StoreRequest] = []
            for number in UInt64(0)..<10 {
                _ = try store.create(paste(number), generation: number)
                var log = LogWriter(paste(number), generation: number % 2 == 0 ? number : 99)
                let origin = log.head
                requests.append(.commit(log.id, expected: origin, events: [log.append("a"), log.append("b")]))
            }
            _ = try store.ask(requests)
            for number in UInt64(0)..<10 {
                #expect(try store.open(paste(number)).get().events.count == (number % 2 == 0 ? 2 : 0))
            }
        }
    }

    @Test(
        "A store in memory is full at its capacity, at -1, 0 and +1, and has room again after a removal",
        arguments: [-1, 0, 1])
    func capacity(over: Int) throws {
        let store = MemoryStore(capacityBytes: 100)
        var log = LogWriter(paste(1), generation: 1)
        _ = try store.create(log.id, generation: 1)
        _ = try store.create(paste(2), generation: 2)
        try log.commitAppend(String(repeating: "x", count: 60), to: store)
        var other = LogWriter(paste(2), generation: 2)
        let expected = other.head
        let event = other.append(String(repeating: "y", count: 40 + over))
        let isFull = over > 0
        #expect(try store.commit(other.id, expected, [event]) == (isFull ? .failure(.full) : .success(event.cursor)))
        try store.remove(log.id)
        #expect(try store.commit(other.id, expected, [event]) == .success(event.cursor))
    }
}
