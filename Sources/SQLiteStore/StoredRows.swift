// Reading pastes from the tables. Used by the reading connection, and by the writing one when it makes a
// checkpoint itself. Nothing here trusts what is stored: what does not add up is `DamagedRecord`.

import Foundation
import GRDB
import PasteModel

/// A place in a log. GRDB has a `Cursor` too.
typealias Cursor = PasteModel.Cursor

/// A paste's row.
struct PasteRow {
    let number: Int64
    let origin: Cursor
    let checkpoint: Cursor
    let createdAt: Milliseconds
    let checkpointExpiresAt: Milliseconds
    /// The number of the text with the state; nil for the empty state.
    let checkpointText: Int64?

    init?(_ db: Database, _ id: PasteID) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT number, generation, checkpoint_seq, checkpoint_tag, created_at, checkpoint_expires_at, checkpoint
                FROM pastes WHERE id = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [id.stored]) else { return nil }
        number = try row.integer(0)
        origin = Cursor(seq: 0, tag: try row.word(1))
        checkpoint = Cursor(seq: try row.word(2), tag: try row.word(3))
        createdAt = try row.integer(4)
        checkpointExpiresAt = try row.integer(5)
        checkpointText = try row.optionalInteger(6)
    }
}

/// Everything that is held of one paste's log, and how to find a place in it.
struct StoredRows {
    let db: Database
    let paste: PasteRow
    /// Whether the paste may have rows in `recent`.
    private let mayHaveRecent: Bool

    init?(_ db: Database, _ id: PasteID, mayHaveRecent: Bool = true) throws {
        guard let paste = try PasteRow(db, id) else { return nil }
        self.db = db
        self.paste = paste
        self.mayHaveRecent = mayHaveRecent
    }

    /// The newest cursor in `events`.
    func settledHead() throws -> Cursor {
        let statement = try db.cachedStatement(
            sql: "SELECT seq, tag FROM events WHERE paste = ? ORDER BY seq DESC LIMIT 1")
        guard let row = try Row.fetchOne(statement, arguments: [paste.number]) else { return paste.origin }
        return Cursor(seq: try row.word(0), tag: try row.word(1))
    }

    /// Whether this cursor is known to be a prefix of the log.
    func holds(_ cursor: Cursor) throws -> Bool {
        guard cursor.seq > 0, cursor.seq <= UInt64(Int64.max) else { return cursor == paste.origin }
        let arguments: StatementArguments = [paste.number, Int64(cursor.seq)]
        for table in tables {
            let held = try db.cachedStatement(sql: "SELECT tag FROM \(table) WHERE paste = ? AND seq = ?")
            if let row = try Row.fetchOne(held, arguments: arguments) { return try row.word(0) == cursor.tag }
        }
        let older = try db.cachedStatement(
            sql: "SELECT last_seq, tags FROM tags WHERE paste = ? AND last_seq >= ? ORDER BY last_seq LIMIT 1")
        guard let row = try Row.fetchOne(older, arguments: arguments) else { return false }
        return try tags(of: row).contains(cursor)
    }

    /// The answer to `open`.
    func stored(limits: Limits) throws -> StoredPaste {
        let state = try checkpoint()
        let all = try events(after: 0, limit: Int.max)
        guard all.last?.cursor.seq ?? 0 >= state.cursor.seq else {
            throw DamagedRecord("holds a log that ends before its checkpoint")
        }
        let split = all.firstIndex { $0.cursor.seq > state.cursor.seq } ?? all.endIndex
        if split > 0, all[split - 1].cursor != state.cursor {
            throw DamagedRecord("holds a checkpoint of another log")
        }
        if split < all.endIndex, split == 0, all[0].cursor.seq != state.cursor.seq + 1 {
            throw DamagedRecord("lacks events behind its checkpoint")
        }
        return StoredPaste(
            checkpoint: state, events: Array(all[split...]), history: Array(all[..<split]),
            olderCursors: state.cursor.seq == 0 ? [] : try olderCursors(before: all, limits: limits))
    }

    /// What is held from before these events: at least the cursor that they begin behind.
    private func olderCursors(before events: [Event], limits: Limits) throws -> [Cursor] {
        guard let first = events.first?.cursor.seq, let newest = events.last?.cursor.seq else { return [] }
        let cursors = [paste.origin] + (try trimmedCursors())
        guard cursors.last?.seq == first - 1 else { throw DamagedRecord("lacks tags before its events") }
        let reachesOrigin = cursors.count == 1 || cursors[1].seq == 1
        return cursors.dropFirst(reachesOrigin ? 0 : 1).filter { cursor in
            cursor.seq == first - 1 || newest - cursor.seq < UInt64(max(1, limits.heldTags))
        }
    }

    /// The answer to `changes`.
    func changes(after cursor: Cursor, limit: Int) throws -> StoredChanges {
        guard try holds(cursor) else { return .reset(same: false) }
        let limit = max(1, limit)
        // Erased bodies anywhere behind the cursor: what was removed there can't be told any more.
        let arguments: StatementArguments = [paste.number, Int64(cursor.seq)]
        for table in tables {
            let kind = BodyKind.erased.rawValue
            let erased = try db.cachedStatement(
                sql: "SELECT 1 FROM \(table) WHERE paste = ? AND seq > ? AND kind = \(kind) LIMIT 1")
            if try Row.fetchOne(erased, arguments: arguments) != nil { return .reset(same: true) }
        }
        var found = try events(after: cursor.seq, limit: limit == .max ? limit : limit + 1)
        if let first = found.first, first.cursor.seq != cursor.seq + 1 { return .reset(same: true) }
        let more = found.count > limit
        if more { found.removeLast() }
        return .events(found, more: more)
    }

    /// The state at the checkpoint.
    func checkpoint() throws -> PasteState {
        var state = PasteState(
            generation: paste.origin.tag, createdAt: paste.createdAt, expiresAt: paste.checkpointExpiresAt)
        guard let number = paste.checkpointText else { return state }
        let record = try CheckpointRecord(encoded: try text(number))
        state.cursor = paste.checkpoint
        state.padSeq = record.padSeq
        state.nextItem = record.nextItem
        state.byteCount = record.byteCount
        state.pad = record.pad
        state.clients = record.clients
        state.items = try items()
        guard state.items.count == record.itemCount else { throw DamagedRecord("lacks items") }
        return state
    }

    /// At most `limit` held events behind a seq, checked to be dense and chained.
    func events(after seq: UInt64, limit: Int) throws -> [Event] {
        var found: [Event] = []
        for table in tables where found.count < limit {
            let statement = try db.cachedStatement(
                sql: """
                    SELECT seq, tag, at, author, ref, kind, body, e.text, t.bytes
                    FROM \(table) e LEFT JOIN texts t ON t.number = e.text
                    WHERE paste = ? AND seq > ? ORDER BY seq LIMIT ?
                    """)
            let rows = try Row.fetchCursor(statement, arguments: [paste.number, Int64(seq), limit - found.count])
            while let row = try rows.next() {
                let event = try event(of: row)
                if let last = found.last?.cursor, event.cursor != last.advanced(by: event.author, ref: event.ref) {
                    throw DamagedRecord("holds a log whose tags don't follow each other")
                }
                found.append(event)
            }
        }
        return found
    }

    /// The tables with the paste's events, in the order of these.
    private var tables: [String] { mayHaveRecent ? ["events", "recent"] : ["events"] }

    private func event(of row: Row) throws -> Event {
        let body: EventBody
        if let number = try row.optionalInteger(7) {
            body = try EventBody(encoded: try TextPage.record(try row.bytes(8), number: number))
        } else {
            body = try EventBody(encoded: try row.bytes(6))
        }
        guard try row.integer(5) == Int64(body.kind.rawValue) else { throw DamagedRecord("mixes up its events") }
        return Event(
            cursor: Cursor(seq: try row.word(0), tag: try row.word(1)), at: try row.integer(2),
            author: Author(rawValue: try row.word(3)), ref: try row.word(4), body: body)
    }

    private func items() throws -> ItemList {
        let statement = try db.cachedStatement(
            sql: """
                SELECT i.number, at, author, text_seq, i.text, t.bytes
                FROM items i LEFT JOIN texts t ON t.number = i.text
                WHERE paste = ? ORDER BY i.number
                """)
        let rows = try Row.fetchCursor(statement, arguments: [paste.number])
        var items: [Item] = []
        while let row = try rows.next() {
            let bytes = try TextPage.record(try row.bytes(5), number: try row.integer(4))
            items.append(
                Item(
                    number: try row.word(0), at: try row.integer(1), author: Author(rawValue: try row.word(2)),
                    text: try storedText(Array(bytes.dropFirst())), textSeq: try row.word(3)))
        }
        return ItemList(items)
    }

    private func text(_ number: Int64) throws -> [UInt8] {
        let statement = try db.cachedStatement(sql: "SELECT bytes FROM texts WHERE number = ?")
        guard let row = try Row.fetchOne(statement, arguments: [number]) else { throw DamagedRecord("lacks a text") }
        return try TextPage.record(try row.bytes(0), number: number)
    }

    private func trimmedCursors() throws -> [Cursor] {
        let statement = try db.cachedStatement(
            sql: "SELECT last_seq, tags FROM tags WHERE paste = ? ORDER BY last_seq")
        let rows = try Row.fetchCursor(statement, arguments: [paste.number])
        var cursors: [Cursor] = []
        while let row = try rows.next() { cursors.append(contentsOf: try tags(of: row)) }
        return cursors
    }

    private func tags(of row: Row) throws -> [Cursor] {
        let last = try row.word(0)
        let bytes = try row.bytes(1)
        let count = UInt64(bytes.count / 8)
        guard bytes.count % 8 == 0, last >= count else { throw DamagedRecord("holds damaged tags") }
        var reader = ByteReader(bytes)
        var cursors: [Cursor] = []
        for offset in 0..<count { cursors.append(Cursor(seq: last - count + 1 + offset, tag: try reader.word())) }
        return cursors
    }
}

extension PasteID {
    /// The 16 bytes that the tables hold.
    var stored: Data {
        var writer = ByteWriter()
        writer.word(high)
        writer.word(low)
        return Data(writer.bytes)
    }

    init(stored bytes: [UInt8]) throws(DamagedRecord) {
        var reader = ByteReader(bytes)
        self.init(high: try reader.word(), low: try reader.word())
        try reader.end()
    }
}

// GRDB's typed subscripts trap on a value of another type; a damaged file may hold any.
extension Row {
    func integer(_ index: Int) throws(DamagedRecord) -> Int64 {
        guard let value = try optionalInteger(index) else { throw DamagedRecord("lacks a number") }
        return value
    }

    func optionalInteger(_ index: Int) throws(DamagedRecord) -> Int64? {
        switch (self[index] as DatabaseValue).storage {
        case .int64(let value): return value
        case .null: return nil
        case .double, .string, .blob: throw DamagedRecord("holds no number where one belongs")
        }
    }

    func word(_ index: Int) throws(DamagedRecord) -> UInt64 {
        UInt64(bitPattern: try integer(index))
    }

    func bytes(_ index: Int) throws(DamagedRecord) -> [UInt8] {
        guard case .blob(let data) = (self[index] as DatabaseValue).storage else {
            throw DamagedRecord("holds no bytes where some belong")
        }
        return Array(data)
    }
}
