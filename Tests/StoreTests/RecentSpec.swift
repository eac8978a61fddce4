// Events that wait in `recent` for being moved to `events`: nobody sees where they are.

import Foundation
import GRDB
import PasteModel
import PasteStore
import SQLiteStore
import Seeded
import Testing

@Suite("SQLiteStore: recent events", .serialized) struct RecentSpec {
    private func withStore<Result>(in directory: String, recent: Int, _ body: (SQLiteStore) throws -> Result) throws
        -> Result
    {
        var settings = SQLiteSettings(directory: directory)
        settings.recentEvents = recent
        let store = try SQLiteStore(settings)
        defer { store.close() }
        return try body(store)
    }

    /// Every paste reads as its writer knows it: as a whole, and behind any of its newest cursors.
    private func check(_ logs: [LogWriter], _ store: SQLiteStore, _ note: String) throws {
        for log in logs {
            let stored = try store.open(log.id).get()
            #expect(try stored.checkpoint.replaying(stored.events, limits: Limits()) == log.state, "\(note)")
            let after = log.events.dropLast().last?.cursor ?? stored.checkpoint.cursor
            guard log.events.count > 1 else { continue }
            #expect(
                try store.changes(log.id, after: after) == .success(.events(log.events.suffix(1), more: false)),
                "\(note)")
        }
    }

    @Test("Before a move, behind it and over a restart all events are read, in order", arguments: [1, 2, 7, 1_000])
    func read(recent: Int) throws {
        let seed = UInt64.random(in: 0...UInt64(UInt32.max))
        var random = SplitMix64(seed: seed)
        try withDirectory { directory in
            var logs = (UInt64(0)..<6).map { LogWriter(paste($0), generation: $0) }
            for round in 0..<8 {
                try withStore(in: directory, recent: recent) { store in
                    if round == 0 {
                        for log in logs { _ = try store.create(log.id, generation: log.head.tag) }
                    }
                    for step in 0..<40 {
                        let index = Int.random(in: 0..<logs.count, using: &random)
                        let expected = logs[index].head
                        var events: [Event] = []
                        for _ in 0..<Int.random(in: 1...3, using: &random) {
                            let items = logs[index].state.items.map(\.number)
                            switch Int.random(in: 0..<10, using: &random) {
                            case 0 where !items.isEmpty: events.append(logs[index].next(.remove(item: items[0])))
                            case 1: events.append(logs[index].next(.extend(expiresAt: Milliseconds(1_000 + step))))
                            default: events.append(logs[index].append("text \(round) \(step)"))
                            }
                        }
                        let note = "seed \(seed), round \(round), step \(step)"
                        #expect(try store.commit(logs[index].id, expected, events) == .success(logs[index].head))
                        // A batch whose answer was lost is known, wherever its events are.
                        #expect(try store.commit(logs[index].id, expected, events) == .success(logs[index].head))
                        if step % 13 == 5 {
                            #expect(
                                try store.checkpoint(logs[index].id, logs[index].state) == .success(true), "\(note)")
                        }
                        if step % 10 == 0 { try check(logs, store, note) }
                    }
                }
            }
            try withStore(in: directory, recent: recent) { try check(logs, $0, "at the end, seed \(seed)") }
        }
    }

    @Test("Events are moved when there are so many as set, at -1, 0 and +1", arguments: [-1, 0, 1])
    func capacity(over: Int) throws {
        try withDirectory { directory in
            try withStore(in: directory, recent: 10) { store in
                var log = LogWriter(paste(1), generation: 1)
                _ = try store.create(log.id, generation: 1)
                for _ in 0..<10 + over { try log.commitAppend("text", to: store) }
                // Decided behind the move, which comes behind the answer to the last append.
                _ = try store.expiring(before: 0)
                #expect(try numbers(in: directory, "SELECT count(*) FROM recent") == [over < 0 ? 9 : over])
            }
        }
    }

    @Test("An open behind a commit in one submit sees it, while events are moved")
    func readYourWrites() throws {
        try withDirectory { directory in
            try withStore(in: directory, recent: 3) { store in
                var log = LogWriter(paste(1), generation: 1)
                _ = try store.create(log.id, generation: 1)
                for _ in 0..<300 {
                    let expected = log.head
                    let event = log.append("x")
                    let answers = try store.ask([.commit(log.id, expected: expected, events: [event]), .open(log.id)])
                    guard case .opened(_, .success(let stored))? = answers.last else { throw NoAnswer() }
                    #expect(stored.events == log.events)
                }
            }
        }
    }

    @Test("A process that was killed has lost no recent event")
    func killed() throws {
        try withDirectory { directory in
            var logs = (UInt64(0)..<3).map { LogWriter(paste($0), generation: $0) }
            try withStore(in: directory, recent: 50) { store in
                for index in logs.indices { _ = try store.create(logs[index].id, generation: UInt64(index)) }
                for round in 0..<33 {
                    for index in logs.indices { try logs[index].commitAppend("text \(round)", to: store) }
                }
                try withDirectory { copy in
                    for file in ["pasted.sqlite", "pasted.sqlite-wal"] {
                        try FileManager.default.copyItem(atPath: directory + "/" + file, toPath: copy + "/" + file)
                    }
                    try withStore(in: copy, recent: 50) { store in
                        try check(logs, store, "copied")
                        for index in logs.indices { try logs[index].commitAppend("behind", to: store) }
                        try check(logs, store, "written")
                    }
                    #expect(try numbers(in: copy, "SELECT count(*) FROM recent") == [0], "all are moved at the end")
                }
            }
        }
    }

    @Test("A paste whose events can't be moved does not hold up the others, nor do they wait for it")
    func damaged() throws {
        try withDirectory { directory in
            var logs = (UInt64(0)..<4).map { LogWriter(paste($0), generation: $0) }
            try withStore(in: directory, recent: 20) { store in
                for index in logs.indices {
                    _ = try store.create(logs[index].id, generation: UInt64(index))
                    try logs[index].commitAppend("first", to: store)
                }
                // A row stands where the second paste's event belongs: what no healthy file holds.
                let other = try DatabaseQueue(path: directory + "/pasted.sqlite")
                try other.write { db in
                    try db.execute(sql: "INSERT INTO events VALUES (2, 1, 9, 9, 9, 9, 1, 1, NULL, x'00')")
                }
                for round in 0..<40 {
                    for index in [0, 2, 3] { try logs[index].commitAppend("text \(round)", to: store) }
                    if round < 2 { try logs[1].commitAppend("before the next move", to: store) }
                }
                try check([logs[0], logs[2], logs[3]], store, "beside a damaged one")
                let expected = logs[1].head
                guard case .failure(.corrupt) = try store.commit(logs[1].id, expected, [logs[1].append("late")]) else {
                    Issue.record("a damaged paste is written")
                    return
                }
                guard case .failure(.corrupt) = try store.open(logs[1].id) else {
                    Issue.record("the damage was not found")
                    return
                }
            }
            #expect(try numbers(in: directory, "SELECT DISTINCT paste FROM recent") == [2])
            #expect(try numbers(in: directory, "SELECT count(*) FROM recent") == [3])
            try withStore(in: directory, recent: 20) { store in
                try check([logs[0], logs[2], logs[3]], store, "behind a restart")
                try store.remove(logs[1].id)
                #expect(try store.open(logs[1].id) == .failure(.gone))
            }
            #expect(try numbers(in: directory, "SELECT count(*) FROM recent") == [0])
        }
    }

    @Test("What a removed paste has left nowhere is not in the next one, which has its number")
    func numberOfRemoved() throws {
        try withDirectory { directory in
            try withStore(in: directory, recent: 1_000) { store in
                for number in UInt64(1)...3 {
                    var log = LogWriter(paste(number), generation: number)
                    _ = try store.create(log.id, generation: number)
                    #expect(try store.open(log.id).get().events.isEmpty)
                    for _ in 0..<5 { try log.commitAppend("text", to: store) }
                    try check([log], store, "paste \(number)")
                    try store.remove(log.id)
                }
                #expect(try numbers(in: directory, "SELECT count(*) FROM recent") == [0])
            }
        }
    }

    @Test("A database of version 1, which had no recent events, is read and written")
    func versionOne() throws {
        try withDirectory { directory in
            var logs = (UInt64(0)..<4).map { LogWriter(paste($0), generation: $0) }
            try withStore(in: directory, recent: 1) { store in
                for index in logs.indices {
                    _ = try store.create(logs[index].id, generation: UInt64(index))
                    for _ in 0..<9 { try logs[index].commitAppend("old", to: store) }
                    if index == 2 { _ = try store.checkpoint(logs[index].id, logs[index].state) }
                    try logs[index].commitAppend("old", to: store)
                }
            }
            // Closed, all events are where version 1 had them: its file is this one without the new table.
            let database = try DatabaseQueue(path: directory + "/pasted.sqlite")
            try database.write { db in
                #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM recent") == 0)
                try db.execute(sql: "DROP TABLE recent; PRAGMA user_version = 1")
            }
            try database.close()
            try withStore(in: directory, recent: 1_000) { store in
                try check(logs, store, "migrated")
                for index in logs.indices { try logs[index].commitAppend("new", to: store) }
                try check(logs, store, "written")
                #expect(try numbers(in: directory, "PRAGMA user_version") == [2])
                #expect(try numbers(in: directory, "SELECT count(*) FROM recent") == [4])
            }
            try withStore(in: directory, recent: 1_000) { try check(logs, $0, "opened again") }
        }
    }

    private func numbers(in directory: String, _ sql: String) throws -> [Int] {
        let database = try DatabaseQueue(path: directory + "/pasted.sqlite")
        defer { try? database.close() }
        return try database.read { try Int.fetchAll($0, sql: sql) }
    }
}
