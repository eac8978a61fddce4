// What stands between SQLite and the log's file (CSQLiteLog): few writes, and none of them late.

import Foundation
import GRDB
import SQLiteStore
import Testing

@Suite("SQLiteStore: writes of the log", .serialized) struct LogWriteSpec {
    /// A database of SQLite's own making, once the store has prepared SQLite.
    private func withDatabase(_ body: (_ writing: DatabaseQueue, _ path: String) throws -> Void) throws {
        try withDirectory { directory in
            try SQLiteStore(SQLiteSettings(directory: directory)).close()
            let path = directory + "/other.sqlite"
            let writing = try DatabaseQueue(path: path)
            try writing.writeWithoutTransaction { db in
                _ = try Row.fetchAll(db, sql: "PRAGMA journal_mode = WAL")
                // Nothing is synced and nothing copied into the database, so only the write at the commit can help.
                try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 10")
                try db.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
            }
            try body(writing, path)
        }
    }

    private func insert(_ db: Database, bytes: Int) throws {
        try db.execute(sql: "INSERT INTO t (b) VALUES (randomblob(?))", arguments: [bytes])
    }

    private func sizes(_ db: Database) throws -> [Int] {
        #expect(try String.fetchAll(db, sql: "PRAGMA integrity_check") == ["ok"])
        return try Int.fetchAll(db, sql: "SELECT length(b) FROM t ORDER BY n")
    }

    /// Around the bytes that are gathered at most, and far over them.
    private let lengths = [1, 3_000, 56_000, 60_000, 64_000, 68_000, 1_000_000, 5]

    @Test("A transaction is in the file when its commit returns: another connection reads it there")
    func visible() throws {
        try withDatabase { writing, path in
            let reading = try DatabaseQueue(path: path)
            for count in 1...lengths.count {
                try writing.write { try insert($0, bytes: lengths[count - 1]) }
                #expect(try reading.read(sizes) == Array(lengths.prefix(count)))
            }
        }
    }

    @Test("Pages that left the cache before the commit are read back, kept by a commit and dropped by a rollback")
    func spilled() throws {
        try withDatabase { writing, path in
            let reading = try DatabaseQueue(path: path)
            var kept: [Int] = []
            for round in 0..<12 {
                try writing.inDatabase { db in
                    try db.beginTransaction()
                    // More than the cache holds, so frames are written, read and overwritten in the transaction.
                    for length in lengths { try insert(db, bytes: length) }
                    try db.execute(sql: "UPDATE t SET b = randomblob(length(b)) WHERE n % 3 = 0")
                    #expect(try sizes(db) == kept + lengths)
                    if round % 3 == 1 { try db.rollback() } else { try db.commit() }
                }
                if round % 3 != 1 { kept += lengths }
                #expect(try reading.read(sizes) == kept)
            }
        }
    }

    @Test("The file grows in few steps, by zeros, and what is in it is read through another connection at each")
    func ahead() throws {
        try withDatabase { writing, path in
            let reading = try DatabaseQueue(path: path)
            let file = URL(fileURLWithPath: path + "-wal")
            func size() throws -> Int { try Data(contentsOf: file).count }
            var ends = [try size()]
            for count in 1...1_000 {
                try writing.write { try insert($0, bytes: 3_000) }
                let end = try size()
                guard end != ends.last else { continue }
                ends.append(end)
                let log = try Data(contentsOf: file)
                #expect(log.suffix(64 << 10).allSatisfy { $0 == 0 })
                #expect(try reading.read(sizes).count == count)
            }
            #expect(ends.count < 20, "\(ends)")
            for (end, next) in zip(ends, ends.dropFirst()) {
                #expect((64 << 10...(1 << 20) + (64 << 10)).contains(next - end), "\(ends)")
            }
            // Begun anew, in the file that is there.
            let last = ends.last
            try writing.writeWithoutTransaction { _ = try $0.checkpoint(.restart) }
            try writing.write { try insert($0, bytes: 5) }
            #expect(try size() == last)
            #expect(try reading.read(sizes) == Array(repeating: 3_000, count: 1_000) + [5])
            // Emptied, it grows again.
            try writing.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try writing.write { try insert($0, bytes: 5) }
            #expect((64 << 10...128 << 10).contains(try size()))
            #expect(try reading.read(sizes).count == 1_002)
        }
    }

    @Test("A commit of many pages is written in few calls, not two for each page")
    func few() throws {
        try withDirectory { directory in
            let words = try Child(["writes", directory]).wait().split(whereSeparator: \.isWhitespace)
            let numbers = words.compactMap { Int($0) }
            try #require(numbers.count == 2, "\(words)")
            let (pages, calls) = (numbers[0], numbers[1])
            #expect(pages >= 500)
            #expect(calls <= 40, "\(calls) calls for \(pages) pages")
        }
    }
}
