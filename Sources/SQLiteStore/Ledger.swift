// What each request does to the tables. Confined to the writing thread and called inside its transaction: a
// thrown error means that the transaction must be rolled back, an answer with a `StoreError` that nothing was
// changed for this request.

import Foundation
import GRDB
import PasteModel
import PasteStore

final class Ledger {
    let db: Database
    private let settings: SQLiteSettings
    /// Heads of pastes, so that a commit asks the database for nothing. Right for what is committed and for the
    /// running transaction; emptied when one is rolled back.
    private var places: [PasteID: Place] = [:]
    /// The number of the next text; nil until it is asked for.
    private var nextText: Int64?
    private var textInsert: PreparedChange?
    private var itemInsert: PreparedChange?
    let recent: RecentEvents

    /// Whether texts were removed since the last `scrubbed`: their bytes are still in the write-ahead log, or
    /// their rows wait for `pastesToErase`. True at first: the process before may have stopped in between.
    private(set) var leavesBytes = true

    struct Place {
        let number: Int64
        let origin: Cursor
        var head: Cursor
        var checkpointSeq: UInt64
        /// At least what the texts of the held events take in the tables; nil when that is not known.
        var heldBytes: Int?
    }

    init(_ db: Database, settings: SQLiteSettings, recent pastes: RecentPastes) {
        self.db = db
        self.settings = settings
        recent = RecentEvents(db, pastes: pastes, capacity: settings.recentEvents)
    }

    /// Drops what is known of the tables: the transaction was rolled back, or its outcome is unknown.
    func forget() {
        places.removeAll(keepingCapacity: true)
        nextText = nil
        recent.forget()
    }

    /// The write-ahead log was emptied.
    func scrubbed() {
        leavesBytes = false
    }

    func perform(_ request: StoreRequest) throws -> StoreAnswer {
        switch request {
        case .create(let id, let generation, let at, let expiresAt):
            let result = try create(id, generation: generation, at: at, expiresAt: expiresAt)
            return .created(id, generation: generation, result)
        case .commit(let id, let expected, let events):
            return .committed(id, expected: expected, try commit(id, expected, events))
        case .checkpoint(let id, let state):
            return .checkpointed(id, try checkpoint(id, state))
        case .remove(let id, let tombstoneUntil):
            try remove(id, tombstoneUntil: tombstoneUntil)
            return .removed(id, .success(()))
        case .expiring(let before, let limit):
            return .expiring(.success(try expiring(before: before, limit: limit)))
        case .open(let id):
            // Reads go to the reading connection; here only for completeness of the vocabulary.
            guard let rows = try StoredRows(db, id) else { return .opened(id, .failure(.gone)) }
            return .opened(id, .success(try rows.stored(limits: settings.limits)))
        case .changes(let id, let after, let limit):
            guard let rows = try StoredRows(db, id) else { return .changes(id, after: after, .failure(.gone)) }
            return .changes(id, after: after, .success(try rows.changes(after: after, limit: limit)))
        }
    }

    /// Pastes with removed items whose texts are still in the tables.
    func pastesToErase(limit: Int) throws -> [PasteID] {
        try Row.fetchAll(db, sql: "SELECT id FROM pastes WHERE erase_through > 0 LIMIT ?", arguments: [limit])
            .map { try PasteID(stored: try $0.bytes(0)) }
    }

    /// Makes a checkpoint at the head, which erases the texts of removed items.
    func materialise(_ id: PasteID) throws {
        guard let rows = try StoredRows(db, id) else { return }
        let stored = try rows.stored(limits: settings.limits)
        let state = try stored.checkpoint.replaying(stored.events, limits: settings.limits)
        if try checkpoint(id, state) == .success(false) {
            // The checkpoint is at the head already: nothing to erase was left behind it.
            try execute("UPDATE pastes SET erase_through = 0 WHERE number = ?", [rows.paste.number])
        }
    }

    // MARK: Create, commit, remove

    private func create(
        _ id: PasteID, generation: UInt64, at: Milliseconds, expiresAt: Milliseconds
    ) throws -> Result<CreatedPaste, StoreError> {
        let origin = Cursor(seq: 0, tag: generation)
        if let place = try place(of: id) {
            guard place.origin == origin else { return .failure(.exists) }
            let expiry = try db.cachedStatement(sql: "SELECT expires_at FROM pastes WHERE number = ?")
            let holds = try Row.fetchOne(expiry, arguments: [place.number])?.integer(0)
            return .success(CreatedPaste(cursor: origin, expiresAt: holds ?? expiresAt))
        }
        let tombstone = try db.cachedStatement(sql: "SELECT until FROM tombstones WHERE id = ?")
        if let until = try Row.fetchOne(tombstone, arguments: [id.stored])?.integer(0) {
            guard until <= at else { return .failure(.exists) }
            try execute("DELETE FROM tombstones WHERE id = ?", [id.stored])
        }
        try execute(
            "INSERT INTO pastes VALUES (NULL, ?, ?, ?, ?, 0, ?, ?, NULL, 0)",
            [id.stored, generation.stored, at, expiresAt, generation.stored, expiresAt])
        places[id] = Place(number: db.lastInsertedRowID, origin: origin, head: origin, checkpointSeq: 0, heldBytes: 0)
        return .success(CreatedPaste(cursor: origin, expiresAt: expiresAt))
    }

    private func commit(_ id: PasteID, _ expected: Cursor, _ events: [Event]) throws -> Result<Cursor, StoreError> {
        guard var place = try place(of: id) else { return .failure(.gone) }
        // Ids before the cursor. A tag is made of all ids up to it, so a held cursor equal to the batch's last
        // one means that exactly these ids are in the log. Whoever names the head's cursor has read the log
        // up to it, so its own dedupe table has kept every older id out of the batch.
        if let last = events.last, last.cursor.seq <= place.head.seq {
            let isKnown = try last.cursor == place.head || StoredRows(db, id)?.holds(last.cursor) == true
            return isKnown ? .success(last.cursor) : .failure(.conflict(head: place.head))
        }
        guard place.head == expected, follows(expected, events) else {
            return .failure(.conflict(head: place.head))
        }
        for event in events {
            let bytes = try insert(event, paste: place.number, id)
            place.heldBytes = place.heldBytes.map { $0 + bytes }
            switch event.body {
            case .extend(let expiresAt):
                try execute("UPDATE pastes SET expires_at = ? WHERE number = ?", [expiresAt, place.number])
            case .remove, .clear:
                try execute(
                    "UPDATE pastes SET erase_through = ? WHERE number = ?", [event.cursor.seq.stored, place.number])
                leavesBytes = true
            case .append, .edit, .keep, .erased: break
            }
        }
        place.head = events.last?.cursor ?? place.head
        places[id] = place
        return .success(place.head)
    }

    /// - Returns: The bytes of the row of its text.
    private func insert(_ event: Event, paste: Int64, _ id: PasteID) throws -> Int {
        let body = event.body
        let owner = TextOwner(body)
        let item: Int64? =
            switch owner {
            case .item(let item), .kept(let item): item.stored
            case .pad: 0
            case nil: nil
            }
        let record = body.encoded(textBytes: event.textBytes)
        let text = owner == nil ? nil : try insertText(record)
        try recent.append(
            [
                nil, paste, event.cursor.seq.stored, event.cursor.tag.stored, event.at, event.author.rawValue.stored,
                event.ref.stored, Int64(body.kind.rawValue), item, text?.number,
            ], text == nil ? record : nil, paste: paste, id)
        return text?.bytes ?? 0
    }

    private func insertText(_ record: [UInt8]) throws -> (number: Int64, bytes: Int) {
        let number = try nextText ?? (Int64.fetchOne(db, sql: "SELECT max(number) FROM texts") ?? 0) + 1
        nextText = number + 1
        let blob = TextPage.padded(record, number: number)
        try insertText().run([number], blob)
        return (number, blob.count)
    }

    private func insertText() throws -> PreparedChange {
        if let statement = textInsert { return statement }
        let statement = try PreparedChange(db, "INSERT INTO texts VALUES (?, ?)")
        textInsert = statement
        return statement
    }

    private func remove(_ id: PasteID, tombstoneUntil: Milliseconds) throws {
        if let place = try place(of: id) {
            let paste: StatementArguments = [place.number]
            for texts in [
                "SELECT text FROM events WHERE paste = ?", "SELECT text FROM recent WHERE paste = ?",
                "SELECT text FROM items WHERE paste = ?",
                "SELECT checkpoint FROM pastes WHERE number = ?",
            ] {
                try execute("DELETE FROM texts WHERE number IN (\(texts))", paste)
            }
            for table in ["events", "items", "tags"] {
                try execute("DELETE FROM \(table) WHERE paste = ?", paste)
            }
            try recent.remove(place.number)
            try execute("DELETE FROM pastes WHERE number = ?", paste)
            places[id] = nil
            leavesBytes = true
        }
        try execute(
            "INSERT INTO tombstones VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET until = max(until, excluded.until)",
            [id.stored, tombstoneUntil])
    }

    private func expiring(before: Milliseconds, limit: Int) throws -> ExpiredPastes {
        try execute("DELETE FROM tombstones WHERE until <= ?", [before])
        let due = try db.cachedStatement(
            sql: "SELECT id FROM pastes WHERE expires_at <= ? ORDER BY expires_at LIMIT ?")
        let ids = try Row.fetchAll(due, arguments: [before, max(0, limit)])
            .map { try PasteID(stored: try $0.bytes(0)) }
        // Over the narrow index of expiry times: 100,000 pastes are counted in a few milliseconds.
        let count = try Int.fetchOne(try db.cachedStatement(sql: "SELECT COUNT(*) FROM pastes"))
        return ExpiredPastes(ids: ids, pasteCount: count ?? 0, storedBytes: try usedBytes())
    }

    /// Bytes of the file's pages that are in use: from its header, exact, and free to ask.
    private func usedBytes() throws -> Int {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        return (pages - free) * TextPage.size
    }

    // MARK: Checkpoints

    private func checkpoint(_ id: PasteID, _ state: PasteState) throws -> Result<Bool, StoreError> {
        guard var place = try place(of: id), let rows = try StoredRows(db, id) else { return .failure(.gone) }
        // From here on it is about `events` alone.
        try recent.settle(place.number)
        guard state.cursor.seq > place.checkpointSeq, try rows.holds(state.cursor) else { return .success(false) }
        let due =
            try Row.fetchOne(
                try db.cachedStatement(sql: "SELECT erase_through FROM pastes WHERE number = ?"),
                arguments: [place.number])?.word(0) ?? 0
        if due > 0 { try deleteItems(missingIn: state, paste: place.number) }
        try writeItems(of: state, paste: place.number, changedAfter: place.checkpointSeq)
        try execute(
            "DELETE FROM texts WHERE number = (SELECT checkpoint FROM pastes WHERE number = ?)", [place.number])
        let text = try insertText(CheckpointRecord(state).encoded()).number
        try execute(
            """
            UPDATE pastes SET checkpoint_seq = ?, checkpoint_tag = ?, checkpoint_expires_at = ?, checkpoint = ?
            WHERE number = ?
            """,
            [state.cursor.seq.stored, state.cursor.tag.stored, state.expiresAt, text, place.number])
        place.checkpointSeq = state.cursor.seq
        // The old state's text and trimmed bodies are personal too, but nobody asked for them to go.
        if due > 0 { try erase(state, paste: place.number, through: due) }
        try LogTrimming(db: db, settings: settings)
            .trim(
                paste: place.number, head: place.head.seq, checkpoint: state.cursor.seq, heldBytes: &place.heldBytes)
        places[id] = place
        return .success(true)
    }

    private func deleteItems(missingIn state: PasteState, paste: Int64) throws {
        let held = try db.cachedStatement(sql: "SELECT number, text FROM items WHERE paste = ?")
        for row in try Row.fetchAll(held, arguments: [paste]) where state.item(try row.word(0)) == nil {
            try execute("DELETE FROM texts WHERE number = ?", [try row.integer(1)])
            try execute("DELETE FROM items WHERE paste = ? AND number = ?", [paste, try row.integer(0)])
        }
    }

    /// Writes the items that were edited or made since the last checkpoint. Looks at no others: there may be 10,000.
    private func writeItems(of state: PasteState, paste: Int64, changedAfter seq: UInt64) throws {
        let last = try db.cachedStatement(sql: "SELECT coalesce(max(number), 0) FROM items WHERE paste = ?")
        let lastStored = try Row.fetchOne(last, arguments: [paste])?.word(0) ?? 0
        // CROSS: from the events to the items, never the other way.
        let edited = try db.cachedStatement(
            sql: """
                SELECT DISTINCT i.number, i.text
                FROM events e CROSS JOIN items i ON i.paste = e.paste AND i.number = e.item
                WHERE e.paste = ? AND e.seq > ? AND e.seq <= ?
                """)
        let arguments: StatementArguments = [paste, seq.stored, state.cursor.seq.stored]
        for row in try Row.fetchAll(edited, arguments: arguments) {
            guard let item = state.item(try row.word(0)) else { continue }
            try execute("DELETE FROM texts WHERE number = ?", [try row.integer(1)])
            try write(item, paste: paste)
        }
        for item in state.items.reversed().prefix(while: { $0.number > lastStored }) {
            try write(item, paste: paste)
        }
    }

    private func write(_ item: Item, paste: Int64) throws {
        // Records begin with a byte that is not zero; an item's has no other head.
        let text = try insertText([1] + item.text.utf8).number
        try insertItem().run(
            [paste, item.number.stored, item.at, item.author.rawValue.stored, item.textSeq.stored, text])
    }

    private func insertItem() throws -> PreparedChange {
        if let statement = itemInsert { return statement }
        let statement = try PreparedChange(db, "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?, ?, ?)")
        itemInsert = statement
        return statement
    }

    /// Erases the bodies of events up to the checkpoint whose items are gone.
    /// - Parameter due: The newest event that took items away.
    private func erase(_ state: PasteState, paste: Int64, through due: UInt64) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT seq, kind, item FROM events WHERE paste = ? AND seq <= ? ORDER BY seq",
            arguments: [paste, state.cursor.seq.stored])
        let owners: [TextOwner?] = try rows.map { row in
            guard let item = try row.optionalInteger(2) else { return nil }
            guard item != 0 else { return .pad }
            let number = UInt64(bitPattern: item)
            return try row.integer(1) == Int64(BodyKind.keep.rawValue) ? .kept(number) : .item(number)
        }
        let erased = Data(EventBody.erased.encoded())
        for index in textsToErase(owners, isLive: { state.item($0) != nil }) {
            let event: StatementArguments = [paste, try rows[index].integer(0)]
            try execute("DELETE FROM texts WHERE number = (SELECT text FROM events WHERE paste = ? AND seq = ?)", event)
            try execute(
                """
                UPDATE events SET kind = \(BodyKind.erased.rawValue), item = NULL, text = NULL, body = ?
                WHERE paste = ? AND seq = ?
                """,
                [erased] + event)
        }
        guard due <= state.cursor.seq else { return }
        try execute("UPDATE pastes SET erase_through = 0 WHERE number = ?", [paste])
    }

    private func place(of id: PasteID) throws -> Place? {
        if let place = places[id] { return place }
        guard let rows = try StoredRows(db, id) else { return nil }
        let place = Place(
            number: rows.paste.number, origin: rows.paste.origin,
            head: try recent.head(of: rows.paste.number) ?? rows.settledHead(),
            checkpointSeq: rows.paste.checkpoint.seq)
        if places.count >= settings.knownHeads { places.removeAll(keepingCapacity: true) }
        places[id] = place
        return place
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

extension UInt64 {
    /// As the tables hold it: SQLite's integers are signed.
    var stored: Int64 { Int64(bitPattern: self) }
}
