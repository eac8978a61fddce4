// The suite of the storage contract, run for every implementation. Faults that only files can have are in
// the SQLite suites.

import Foundation
import PasteModel
import PasteStore
import Testing

@Suite("StoreSpec") struct StoreSpec {
    @Test(
        "A new paste begins at its generation; the same generation again is answered the same",
        arguments: StoreKind.allCases)
    func create(kind: StoreKind) throws {
        try kind.with { store in
            let origin = Cursor(seq: 0, tag: 77)
            #expect(try store.create(paste(1), generation: 77) == .success(origin))
            #expect(try store.create(paste(1), generation: 77) == .success(origin))
            #expect(try store.create(paste(1), generation: 78) == .failure(.exists))
            let opened = try store.open(paste(1)).get()
            #expect(opened.checkpoint == PasteState(generation: 77, createdAt: 0, expiresAt: 1_000))
            #expect(opened.events.isEmpty && opened.history.isEmpty && opened.olderCursors.isEmpty)
            #expect(try store.open(paste(2)) == .failure(.gone))
            #expect(try store.changes(paste(2), after: origin) == .failure(.gone))
            #expect(try store.commit(paste(2), origin, []) == .failure(.gone))
        }
    }

    @Test("A batch that is already known is answered like the first time", arguments: StoreKind.allCases)
    func duplicate(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 5)
            _ = try store.create(log.id, generation: 5)
            let first = log.append("one")
            let second = log.append("two")
            let origin = Cursor(seq: 0, tag: 5)
            #expect(try store.commit(log.id, origin, [first, second]) == .success(second.cursor))
            #expect(try store.commit(log.id, origin, [first, second]) == .success(second.cursor))
            try log.commitAppend("three", to: store)
            #expect(try store.commit(log.id, origin, [first, second]) == .success(second.cursor))
            #expect(try store.open(log.id).get().events == log.events)
        }
    }

    @Test("A batch that expects another head changes nothing", arguments: StoreKind.allCases)
    func conflict(kind: StoreKind) throws {
        try kind.with { store in
            var log = LogWriter(paste(1), generation: 5)
            var rival = log
            _ = try store.create(log.id, generation: 5)
            try log.commitAppend("mine", by: 1, to: store)
            let before = try store.open(log.id)
            let origin = rival.head
            let event = rival.append("theirs", by: 2)
            #expect(try store.commit(log.id, origin, [event]) == .failure(.conflict(head: log.head)))
            let far = rival.append("more", by: 2)
            #expect(try store.commit(log.id, event.cursor, [far]) == .failure(.conflict(head: log.head)))
            var forged = log.append("forged")
            forged = Event(
                cursor: Cursor(seq: forged.cursor.seq, tag: 9), at: 0, author: forged.author, ref: forged.ref,
                body: forged.body)
            let head = try #require(try before.get().events.last?.cursor)
            #expect(try store.commit(log.id, head, [forged]) == .failure(.conflict(head: head)))
            #expect(try store.open(log.id) == before)
        }
    }

    @Test("The volatile store takes no batch that does not lead to a state, and is as before")
    func unreplayable() throws {
        let store = MemoryStore()
        var log = LogWriter(paste(1), generation: 5)
        _ = try store.create(log.id, generation: 5)
        try log.commitAppend("kept", to: store)
        let before = (try store.open(log.id), try store.sweep(before: 0).storedBytes)
        let head = log.head
        let batch = [
            log.next(.extend(expiresAt: 9_000)), log.append("lost"), log.next(.remove(item: 1)),
            log.next(.append(item: 1, text: Text("a number twice"))),
        ]
        let answer = try store.commit(log.id, head, batch)
        #expect({ if case .failure(.corrupt) = answer { true } else { false } }(), "\(answer)")
        #expect(try store.open(log.id) == before.0)
        #expect(try store.sweep(before: 0).storedBytes == before.1)
        #expect(try store.expiring(before: 1_000) == [log.id])
    }
}
