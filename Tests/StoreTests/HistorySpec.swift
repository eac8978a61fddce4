// How much of a log is kept from before its checkpoint.

import Foundation
import GRDB
import PasteModel
import PasteStore
import SQLiteStore
import Testing

@Suite("SQLiteStore: history") struct HistorySpec {
    @Test("A paste keeps as many bytes of history as are set, not more and not an event less", arguments: [3, 40])
    func bytes(eventsOfCheckpoint: Int) throws {
        // A text of 1,000 bytes takes an overflow page and the least part of a page of the tree.
        let each = 1_119
        let kept = 30
        try withDirectory { directory in
            var settings = SQLiteSettings(directory: directory)
            settings.historyBytes = kept * each
            var log = LogWriter(paste(1), generation: 1)
            for round in 0..<4 {
                // Each round begins knowing nothing of what is held.
                let store = try SQLiteStore(settings)
                defer { store.close() }
                if round == 0 { _ = try store.create(log.id, generation: 1) }
                for _ in 0..<60 / eventsOfCheckpoint + 1 {
                    let expected = log.head
                    let batch = (0..<eventsOfCheckpoint).map { _ in log.append(String(repeating: "h", count: 990)) }
                    #expect(try store.commit(log.id, expected, batch) == .success(log.head))
                    #expect(try store.checkpoint(log.id, log.state) == .success(true))
                    let stored = try store.open(log.id).get()
                    #expect(stored.history.count == min(kept, log.events.count))
                    #expect(stored.events.isEmpty)
                    #expect(stored.checkpoint == log.state)
                    let other = try DatabaseQueue(path: settings.file)
                    let lengths = try other.read { db in
                        try Int.fetchAll(db, sql: "SELECT length(bytes) FROM events JOIN texts ON number = text")
                    }
                    try other.close()
                    #expect(lengths.allSatisfy { $0 == each }, "\(lengths)")
                }
            }
        }
    }
}
