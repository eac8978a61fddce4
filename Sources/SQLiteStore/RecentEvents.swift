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
    private let db: Database
    private let pastes: RecentPastes
    /// How many rows are moved at once.
    private let capacity: Int
    /// The numbers of each paste's rows, ascending; nil until they are asked for, and after a transaction was rolled back.
    private var known: [Int64: [Int64]]?
    private var count = 0
    /// The number for the next row, when the rows are known.
    private var next: Int64 = 1
    /// The count at which they are moved next.
    private var due: Int
    /// Pastes whose rows can't be moved since something about them is damaged.
    private var stuck: Set<Int64> = []
    private var insertion: Insert?

    init(_ db: Database, pastes: RecentPastes, capacity: Int) {
        self.db = db
        self.pastes = pastes
        self.capacity = max(1, capacity)
        due = self.capacity
    }

    /// Asks the table, unless it is known.
    func load() throws {
        guard known == nil else { return }
        var found: [Int64: [Int64]] = [:]
        var ids: Set<PasteID> = []
        (count, next) = (0, 1)
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT r.number, r.paste, p.id FROM recent r LEFT JOIN pastes p ON p.number = r.paste ORDER BY r.number
                """)
        while let row = try rows.next() {
            let (number, paste) = (try row.integer(0), try row.integer(1))
            if found[paste] == nil, !row.hasNull(atIndex: 2) { ids.insert(try PasteID(stored: try row.bytes(2))) }
            found[paste, default: []].append(number)
            count += 1
            // A damaged file may hold any number.
            next = number &+ 1
        }
        known = found
        pastes.replace(by: ids)
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
        let insertion = try insertion ?? Insert(db, "INSERT INTO recent VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        self.insertion = insertion
        try insertion.run(integers, body)
        known?[paste, default: []].append(next)
        if known?[paste]?.count == 1 { pastes.insert(id) }
        next += 1
        count += 1
    }

    /// The paste's newest cursor, when it is of an event here.
    func head(of paste: Int64) throws -> Cursor? {
        try load()
        guard let newest = known?[paste]?.last else { return nil }
        let statement = try db.cachedStatement(sql: "SELECT seq, tag FROM recent WHERE number = ?")
        guard let row = try Row.fetchOne(statement, arguments: [newest]) else { throw DamagedRecord("lacks an event") }
        return Cursor(seq: try row.word(0), tag: try row.word(1))
    }

    /// Deletes a paste's rows, but not their texts.
    func remove(_ paste: Int64) throws {
        try load()
        let delete = try db.cachedStatement(sql: "DELETE FROM recent WHERE number = ?")
        for row in known?[paste] ?? [] { try delete.execute(arguments: [row]) }
        drop(paste)
        stuck.remove(paste)
    }

    private func drop(_ paste: Int64) {
        count -= known?.removeValue(forKey: paste)?.count ?? 0
    }

    // MARK: Moving

    /// Whether there are so many that they are to be moved.
    var isFull: Bool { known != nil && count >= due }

    /// Moves a paste's rows to `events`.
    func settle(_ paste: Int64) throws {
        try load()
        let copy = try db.cachedStatement(sql: Self.copy + "WHERE number = ?")
        for row in known?[paste] ?? [] { try copy.execute(arguments: [row]) }
        try remove(paste)
    }

    /// Moves all rows to `events` that can be moved.
    func settleAll() throws {
        guard stuck.isEmpty else { return try waiting().forEach { try settle($0.paste) } }
        try load()
        try db.execute(sql: Self.copy + "ORDER BY paste, seq")
        try db.execute(sql: "DELETE FROM recent")
        known = [:]
        count = 0
    }

    /// FAIL: what a failed statement has done need not be undone, since its transaction is rolled back; else SQLite keeps
    /// every page as it was before.
    private static let copy = """
        INSERT OR FAIL INTO events SELECT paste, seq, tag, at, author, ref, kind, item, text, body FROM recent \

        """

    /// The pastes whose rows can be moved; nil for a paste that has rows here and none of its own.
    func waiting() throws -> [(paste: Int64, id: PasteID?)] {
        try load()
        let id = try db.cachedStatement(sql: "SELECT id FROM pastes WHERE number = ?")
        return try (known ?? [:]).keys.filter { !stuck.contains($0) }.map { paste in
            (paste, try Row.fetchOne(id, arguments: [paste]).map { try PasteID(stored: try $0.bytes(0)) })
        }
    }

    /// Leaves a paste's rows where they are from now on.
    func leave(_ paste: Int64) {
        stuck.insert(paste)
    }

    /// A move is over, and committed or rolled back.
    func settled() throws {
        try load()
        due = count + capacity
        if count == 0 { pastes.replace(by: []) }
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
