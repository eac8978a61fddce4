// Faults that only files can have: kill -9, a full disk, damage.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Seeded
import Testing

@Suite("SQLiteStore: faults", .serialized) struct FaultSpec {
    @Test("kill -9 in the middle of group commit loses nothing acknowledged")
    func killed() throws {
        let environment = ProcessInfo.processInfo.environment
        let rounds = environment["PASTED_KILL_ROUNDS"].flatMap(Int.init) ?? 25
        let seed = environment["PASTED_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64(UInt32.max))
        print("kill -9: seed \(seed), \(rounds) rounds")
        var random = SplitMix64(seed: seed)
        var directory = NSTemporaryDirectory() + "/pasted-kill-\(seed)"
        var acknowledged: [UInt64: Cursor] = [:]
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for round in 0..<rounds {
            if round % 10 == 0 {
                try? FileManager.default.removeItem(atPath: directory)
                directory = NSTemporaryDirectory() + "/pasted-kill-\(seed)-\(round)"
                acknowledged = [:]
            }
            let child = try Child(["write", directory, "\(random.next() % 1_000)"])
            let reading = child.output.fileHandleForReading
            // From the first acknowledgement on any instant is as good as another.
            var output = reading.availableData
            Thread.sleep(forTimeInterval: Double.random(in: 0...0.08, using: &random))
            child.kill()
            output.append(try reading.readToEnd() ?? Data())
            child.process.waitUntilExit()
            // The last line may have been cut.
            for line in String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
                .dropLast()
            {
                let words = line.split(separator: " ").compactMap { UInt64($0) }
                guard words.count == 3 else {
                    Issue.record("round \(round), seed \(seed): \(line)")
                    continue
                }
                acknowledged[words[0]] = Cursor(seq: words[1], tag: words[2])
            }
            #expect(!acknowledged.isEmpty)
            try check(acknowledged, in: directory, "round \(round), seed \(seed)")
        }
    }

    private func check(_ acknowledged: [UInt64: Cursor], in directory: String, _ note: String) throws {
        let store = try SQLiteStore(SQLiteSettings(directory: directory))
        defer { store.close() }
        for (number, cursor) in acknowledged {
            let id = PasteID(high: 0, low: number)
            guard case .success(let stored) = try store.open(id) else {
                Issue.record("paste \(number), \(note)")
                continue
            }
            let state = try stored.checkpoint.replaying(stored.events, limits: Limits())
            #expect(state.cursor.seq >= cursor.seq, "\(note)")
            if case .success(.reset(same: false)) = try store.changes(id, after: cursor) {
                Issue.record("acknowledged \(cursor) is no part of the log, \(note)")
            }
            #expect(state.items.map(\.number) == state.items.indices.map { UInt64($0 + 1) }, "\(note)")
            let cursors =
                [Cursor(seq: 0, tag: number)] + stored.olderCursors.dropFirst() + stored.history.map(\.cursor)
                + stored.events.map(\.cursor)
            #expect(
                zip(cursors, cursors.dropFirst()).allSatisfy {
                    $0.advanced(by: Author(rawValue: number), ref: $1.seq) == $1
                })
            for item in state.items where Int(item.number) < cursors.count {
                #expect(item.text.string == killedText(of: cursors[Int(item.number)]), "\(note)")
            }
        }
    }

    /// What the child writes for an event.
    private func killedText(of cursor: Cursor) -> String {
        let size = cursor.tag % 50 == 0 ? 40_000 : Int(cursor.tag % 300)
        return "\(cursor.seq):" + String(repeating: "t", count: size)
    }

    @Test("At the limit of a file's size: full, reads go on, and it recovers by itself")
    func fileSizeLimit() throws {
        try withDirectory { directory in
            let lines = try Child(["fill", directory]).wait().split(separator: "\n")
            #expect(lines == ["full after some", "reads go on", "degraded", "recovered"])
        }
    }

    @Test(
        "On a full disk: full, reads go on, and it recovers by itself",
        .enabled(if: geteuid() == 0, "mounting needs root"))
    func fullDisk() throws {
        try withDirectory { directory in
            guard try run("/bin/mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", directory) else {
                print("skipped: a tmpfs can't be mounted here")
                return
            }
            defer { _ = try? run("/bin/umount", "-l", directory) }
            let filler = directory + "/filler"
            try Data(count: 3 << 20).write(to: URL(fileURLWithPath: filler))
            let store = try SQLiteStore(SQLiteSettings(directory: directory))
            defer { store.close() }
            var log = LogWriter(paste(1), generation: 1)
            _ = try store.create(log.id, generation: 1)
            let text = String(repeating: "f", count: 50_000)
            var expected = log.head
            var event = log.append(text)
            var answer = try store.commit(log.id, expected, [event])
            while case .success = answer, log.events.count < 500 {
                expected = log.head
                event = log.append(text)
                answer = try store.commit(log.id, expected, [event])
            }
            #expect(answer == .failure(.full))
            guard case .degraded = store.status else {
                Issue.record("\(store.status)")
                return
            }
            #expect(try store.open(log.id).get().events == log.events.dropLast())
            try FileManager.default.removeItem(atPath: filler)
            #expect(try store.commit(log.id, expected, [event]) == .success(event.cursor))
            #expect(store.status == .ready)
            #expect(try store.open(log.id).get().events == log.events)
        }
    }

    @Test("A torn or damaged write-ahead log costs its end at most, never a wrong byte")
    func tornLog() throws {
        let seed = UInt64.random(in: 0...UInt64(UInt32.max))
        print("torn log: seed \(seed)")
        var random = SplitMix64(seed: seed)
        try withDirectory { directory in
            let store = try SQLiteStore(SQLiteSettings(directory: directory))
            defer { store.close() }
            var logs = (UInt64(1)...5).map { LogWriter(paste($0), generation: $0) }
            for index in logs.indices {
                _ = try store.create(logs[index].id, generation: UInt64(index + 1))
                for _ in 0..<30 {
                    let size = Int.random(in: 1...3_000, using: &random)
                    try logs[index].commitAppend(String(repeating: "w", count: size), to: store)
                }
            }
            let database = try Data(contentsOf: URL(fileURLWithPath: directory + "/pasted.sqlite"))
            let log = try Data(contentsOf: URL(fileURLWithPath: directory + "/pasted.sqlite-wal"))
            let written = (log.lastIndex { $0 != 0 } ?? 0) + 1
            #expect(written > 100_000)
            for _ in 0..<40 {
                try withDirectory { copy in
                    var torn = log
                    let offset = Int.random(in: 0..<written, using: &random)
                    if Bool.random(using: &random) {
                        torn = torn.prefix(offset)
                    } else {
                        torn[offset] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                    }
                    try database.write(to: URL(fileURLWithPath: copy + "/pasted.sqlite"))
                    try torn.write(to: URL(fileURLWithPath: copy + "/pasted.sqlite-wal"))
                    try checkPrefixes(of: logs, in: copy, "offset \(offset), seed \(seed)")
                }
            }
        }
    }

    /// Every paste holds the beginning of its true log, and takes new events.
    private func checkPrefixes(of logs: [LogWriter], in directory: String, _ note: String) throws {
        let store = try SQLiteStore(SQLiteSettings(directory: directory))
        defer { store.close() }
        for log in logs {
            switch try store.open(log.id) {
            case .success(let stored):
                #expect(stored.events == Array(log.events.prefix(stored.events.count)), "\(note)")
                let head = stored.events.last?.cursor ?? stored.checkpoint.cursor
                guard stored.events.count < log.events.count else { continue }
                let next = log.events[stored.events.count]
                #expect(try store.commit(log.id, head, [next]) == .success(next.cursor), "\(note)")
            case .failure(let error): #expect(error == .gone, "\(note)")
            }
        }
    }

    private func run(_ path: String, _ arguments: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
