// The log is copied into the database beside the commits, and begins anew.

import Foundation
import GRDB
import PasteModel
import PasteStore
import SQLiteStore
import Testing

@Suite("SQLiteStore: folding of the log", .serialized) struct LogFoldingSpec {
    /// How often the log of a database began anew: the checkpoint sequence number of its header.
    private func beginnings(in directory: String) throws -> Int {
        let log = try FileHandle(forReadingFrom: URL(fileURLWithPath: directory + "/pasted.sqlite-wal"))
        defer { try? log.close() }
        let header = try #require(try log.read(upToCount: 16))
        return header.suffix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    private func logBytes(in directory: String) throws -> Int {
        try Data(contentsOf: URL(fileURLWithPath: directory + "/pasted.sqlite-wal")).count
    }

    @Test("Under steady load the log begins anew again and again; an older snapshot keeps it, and nobody waits")
    func steady() throws {
        try withDirectory { directory in
            var settings = SQLiteSettings(directory: directory)
            settings.walPages = 256
            let store = try SQLiteStore(settings)
            var logs = (UInt64(0)..<4).map { LogWriter(paste($0), generation: $0) }
            for log in logs { _ = try store.create(log.id, generation: log.head.tag) }
            func write(_ count: Int) throws {
                for step in 0..<count {
                    try logs[step % 4].commitAppend(String(repeating: "t", count: 8_000), to: store)
                }
            }
            let first = try beginnings(in: directory)
            // 256 pages of a log are some 20 of these, so it could begin anew 30 times.
            try write(600)
            let steady = try beginnings(in: directory)
            #expect(steady - first >= 10)
            #expect(try logBytes(in: directory) < 4 << 20)

            let reading = try DatabaseQueue(path: directory + "/pasted.sqlite")
            try reading.inDatabase { db in
                try db.beginTransaction(.deferred)
                let before = try Int.fetchOne(db, sql: "SELECT count(*) FROM texts")
                try write(1)
                let kept = try beginnings(in: directory)
                try write(200)
                #expect(try beginnings(in: directory) == kept)
                #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM texts") == before)
                try db.commit()
            }
            try reading.close()
            let released = try beginnings(in: directory)
            try write(200)
            #expect(try beginnings(in: directory) > released)

            for log in logs { #expect(try store.open(log.id).get().events == log.events) }
            store.close()
            #expect(!FileManager.default.fileExists(atPath: directory + "/pasted.sqlite-wal"))
            let again = try SQLiteStore(settings)
            defer { again.close() }
            for log in logs { #expect(try again.open(log.id).get().events == log.events) }
        }
    }
}
