// The newest events of all pastes, one behind the other in the order of their commits, until many of them are moved to
// `events` at once.
//
// There each paste has its own place, so an event that goes there alone writes a page for itself, and often the two
// beside it and the one above, since the only place where a paste's rows grow is full nearly always. Here two dozen
// events share a page, and those of a paste go to their place together.
//
// For each paste the rows here follow those in `events`: whoever leaves them out sees the log as it was before them.

import GRDB
import PasteModel
import Synchronization

/// The table `recent`, as the writing connection knows it. Confined to its thread, and used in its transactions.
final class RecentEvents {
    /// The rows of one paste.
    struct Rows {
        /// Nil for rows of no paste: what no healthy file holds.
        let id: PasteID?
        /// Ascending.
        fileprivate var numbers: [Int64] = []
    }

    private let db: Database
    private let pastes: RecentPastes
    /// At how many rows some are moved.
    private let capacity: Int
    /// By the pastes' numbers; nil until they are asked for, and after a transaction was rolled back.
    private var known: [Int64: Rows]?
    /// How many rows can be moved.
    private var count = 0
    /// The number for the next row, when the rows are known.
    private var next: Int64 = 1
    /// The paste whose rows were moved last.
    private var lastMoved: Int64 = 0
    /// Pastes whose rows can't be moved since something about them is damaged.
    private var stuck: Set<Int64> = []
    private var insertion: PreparedChange?
    private var copying: PreparedChange?
    private var deletion: PreparedChange?

    /// In how many parts the rows are moved: one delays the appends behind it by two or three milliseconds.
    private static let shares = 8

    init(_ db: Database, pastes: RecentPastes, capacity: Int) {
        self.db = db
        self.pastes = pastes
        self.capacity = max(1, capacity)
    }

    /// Asks the table, unless it is known.
    func load() throws {
        guard known == nil else { return }
        var found: [Int64: Rows] = [:]
        (count, next) = (0, 1)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT r.number, r.paste, p.id FROM recent r LEFT JOIN pastes p ON p.number = r.paste ORDER BY r.number
                """)
        while let row = try rows.next() {
            let (number, paste) = (try row.integer(0), try row.integer(1))
            let id = row.hasNull(atIndex: 2) ? nil : try PasteID(stored: try row.bytes(2))
            found[paste, default: Rows(id: id)].numbers.append(number)
            if !stuck.contains(paste) { count += 1 }
            next = number + 1
        }
        known = found
        tellReaders()
    }

    private func tellReaders() {
        pastes.replace(by: Set((known ?? [:]).values.compactMap(\.id)))
    }

    /// Drops what is known of the table.
    func forget() {
        known = nil
    }

    /// Puts an event behind all others.
    /// - Parameter integers: Those of its row in `events`, behind any one.
    func append(_ integers: [10 of Int64?], _ body: [UInt8]?, paste: Int64, _ id: PasteID) throws {
        try load()
        var integers = integers
        integers[0] = next
        let insertion =
            try insertion ?? PreparedChange(db, "INSERT INTO recent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        self.insertion = insertion
        try insertion.run(integers, body)
        known?[paste, default: Rows(id: id)].numbers.append(next)
        if known?[paste]?.numbers.count == 1 { pastes.insert(id) }
        next += 1
        if !stuck.contains(paste) { count += 1 }
    }

    /// The paste's newest cursor, when it is of an event here.
    func head(of paste: Int64) throws -> Cursor? {
        try load()
        guard let newest = known?[paste]?.numbers.last else { return nil }
        let statement = try db.cachedStatement(sql: "SELECT seq, tag FROM recent WHERE number = ?")
        guard let row = try Row.fetchOne(statement, arguments: [newest]) else { throw DamagedRecord("lacks an event") }
        return Cursor(seq: try row.word(0), tag: try row.word(1))
    }

    /// Deletes a paste's rows, but not their texts.
    func remove(_ paste: Int64) throws {
        try load()
        let deletion = try deletion ?? PreparedChange(db, "DELETE FROM recent WHERE number = ?")
        self.deletion = deletion
        let rows = known?.removeValue(forKey: paste)?.numbers ?? []
        for row in rows { try deletion.run([row]) }
        if stuck.remove(paste) == nil { count -= rows.count }
    }

    // MARK: Moving

    /// Whether there are so many that some are to be moved.
    var isFull: Bool { known != nil && count >= capacity }

    /// Moves a paste's rows to `events`.
    func settle(_ paste: Int64) throws {
        try load()
        // FAIL: what a failed statement has done need not be undone, since its transaction is rolled back; else SQLite
        // keeps every page as it was before.
        let copying =
            try copying
            ?? PreparedChange(
                db,
                """
                INSERT OR FAIL INTO events SELECT paste, seq, tag, at, author, ref, kind, item, text, body FROM recent
                WHERE number = ?
                """)
        self.copying = copying
        for row in known?[paste]?.numbers ?? [] { try copying.run([row]) }
        try remove(paste)
    }

    /// The pastes whose rows are to be moved together: those that follow, by number, on the last one that was moved, until
    /// they have a share of all rows. Empty when none can be moved.
    func nextShare() throws -> [(paste: Int64, id: PasteID?)] {
        try load()
        let waiting = (known ?? [:]).filter { !stuck.contains($0.key) }.sorted { $0.key < $1.key }
        let start = waiting.firstIndex { $0.key > lastMoved } ?? 0
        var left = max(1, capacity / Self.shares)
        return waiting[start...].prefix { _, rows in
            defer { left -= rows.numbers.count }
            return left > 0
        }.map { ($0.key, $0.value.id) }
    }

    /// Leaves a paste's rows where they are from now on.
    func leave(_ paste: Int64) {
        guard stuck.insert(paste).inserted else { return }
        count -= known?[paste]?.numbers.count ?? 0
    }

    /// The move of a share is committed.
    func moved(through paste: Int64) {
        // A round begins anew.
        if paste <= lastMoved { tellReaders() }
        lastMoved = paste
    }
}

/// The pastes that may have rows in `recent`: all that have some, and perhaps more. Written by the writing thread before
/// the rows can be read, and taken back after their move is committed. So a reader that asks before its transaction
/// begins, and does not find a paste, needs none of its rows.
final class RecentPastes: Sendable {
    /// Nil until the table has been asked: then it may be any paste.
    private let ids = Mutex<Set<PasteID>?>(nil)

    func contains(_ id: PasteID) -> Bool {
        ids.withLock { $0?.contains(id) ?? true }
    }

    func insert(_ id: PasteID) {
        ids.withLock { _ = $0?.insert(id) }
    }

    /// These are all that have rows.
    func replace(by new: Set<PasteID>) {
        ids.withLock { $0 = new }
    }
}
