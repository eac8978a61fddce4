// A damaged database: the damage is found, it costs what it hits, and it never ends the process.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Seeded
import Testing

@Suite("SQLiteStore: damage", .serialized) struct DamageSpec {
    /// A closed database with ten pastes, some with a checkpoint, and what is in them.
    private func database(in directory: String) throws -> [LogWriter] {
        let store = try SQLiteStore(SQLiteSettings(directory: directory))
        defer { store.close() }
        return try (UInt64(0)..<10).map { number in
            var log = LogWriter(paste(number), generation: number)
            _ = try store.create(log.id, generation: number)
            for index in 0..<12 {
                try log.commitAppend(String(repeating: "<paste \(number)>", count: 1 + index * 20), to: store)
                if index == 5, number % 2 == 0 { _ = try store.checkpoint(log.id, log.state) }
            }
            return log
        }
    }

    @Test("A damaged text makes its paste corrupt, named with the file; the others are served and written")
    func damagedText() throws {
        try withDirectory { directory in
            var logs = try database(in: directory)
            let file = URL(fileURLWithPath: directory + "/pasted.sqlite")
            var bytes = try Data(contentsOf: file)
            let mark = try #require(bytes.range(of: Data("<paste 3><paste 3>".utf8)))
            bytes[mark.lowerBound + 3] ^= 0x01
            try bytes.write(to: file)
            let store = try SQLiteStore(SQLiteSettings(directory: directory))
            defer { store.close() }
            for index in logs.indices {
                guard index == 3 else {
                    try logs[index].commitAppend("after", to: store)
                    let stored = try store.open(logs[index].id).get()
                    #expect(try stored.checkpoint.replaying(stored.events, limits: Limits()) == logs[index].state)
                    continue
                }
                guard case .failure(.corrupt(let sentence)) = try store.open(logs[index].id) else {
                    Issue.record("the damage was not found")
                    continue
                }
                #expect(sentence.contains(directory + "/pasted.sqlite"))
            }
            // It can be removed all the same, and then is gone like any other.
            try store.remove(logs[3].id)
            #expect(try store.open(logs[3].id) == .failure(.gone))
        }
    }

    @Test("A damaged paste whose removed items can't be erased does not hold up the others")
    func damagedErasure() throws {
        try withDirectory { directory in
            var logs = try database(in: directory)
            let file = URL(fileURLWithPath: directory + "/pasted.sqlite")
            var bytes = try Data(contentsOf: file)
            let mark = try #require(bytes.range(of: Data("<paste 3><paste 3>".utf8)))
            bytes[mark.lowerBound + 3] ^= 0x01
            try bytes.write(to: file)
            var settings = SQLiteSettings(directory: directory)
            settings.erasureDelay = .milliseconds(50)
            let store = try SQLiteStore(settings)
            defer { store.close() }
            for index in [3, 4] {
                let expected = logs[index].head
                let event = logs[index].next(.remove(item: 1))
                #expect(try store.commit(logs[index].id, expected, [event]) == .success(event.cursor))
            }
            let deadline = Date(timeIntervalSinceNow: 10)
            while try store.open(logs[4].id).get().checkpoint != logs[4].state, Date() < deadline {
                Thread.sleep(forTimeInterval: 0.02)
            }
            #expect(try store.open(logs[4].id).get().checkpoint == logs[4].state)
            guard case .degraded = store.status else {
                Issue.record("\(store.status)")
                return
            }
            try logs[5].commitAppend("after", to: store)
        }
    }

    @Test("Bytes damaged anywhere never show a wrong text and never end the process")
    func anywhere() throws {
        let seed = UInt64.random(in: 0...UInt64(UInt32.max))
        print("damage: seed \(seed)")
        var random = SplitMix64(seed: seed)
        try withDirectory { directory in
            let logs = try database(in: directory)
            let good = try Data(contentsOf: URL(fileURLWithPath: directory + "/pasted.sqlite"))
            for round in 0..<40 {
                var bad = good
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let start = Int.random(in: 0..<good.count, using: &random)
                    // A flipped bit, a torn sector, or a page of another file.
                    let count = min([1, 512, 1_024].randomElement(using: &random) ?? 1, good.count - start)
                    let fill = [nil, 0, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random) ?? nil
                    for offset in start..<start + count { bad[offset] = fill ?? (bad[offset] ^ 0x10) }
                }
                try withDirectory { copy in
                    try bad.write(to: URL(fileURLWithPath: copy + "/pasted.sqlite"))
                    try use(logs, in: copy, "round \(round), seed \(seed)")
                }
            }
        }
    }

    private func use(_ logs: [LogWriter], in directory: String, _ note: String) throws {
        var settings = SQLiteSettings(directory: directory)
        settings.erasureDelay = .zero
        let store: SQLiteStore
        do {
            store = try SQLiteStore(settings)
        } catch {
            #expect("\(error)".hasSuffix("."))
            return
        }
        defer { store.close() }
        for var log in logs {
            if case .success(let stored) = try store.open(log.id) {
                let truth = Dictionary(uniqueKeysWithValues: log.events.map { ($0.cursor, $0.body) })
                for event in stored.events + stored.history { #expect(truth[event.cursor] == event.body, "\(note)") }
                for item in stored.checkpoint.items {
                    #expect(log.state.items.contains { $0.text == item.text }, "\(note)")
                }
            }
            _ = try store.changes(log.id, after: log.events[3].cursor)
            let expected = log.head
            _ = try store.commit(log.id, expected, [log.next(.remove(item: 1))])
            _ = try store.checkpoint(log.id, log.state)
        }
        _ = try store.ask([.expiring(before: .max, limit: 100)])
        for log in logs.prefix(3) { _ = try store.ask([.remove(log.id, tombstoneUntil: 9)]) }
    }
}
