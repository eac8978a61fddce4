import Foundation
import GRDB
import PasteModel

/// Takes the bodies of old events away and keeps their tags for longer. Never touches what is behind the
/// checkpoint, and never the newest event: its row is where the head is read from.
struct LogTrimming {
    let db: Database
    let settings: SQLiteSettings

    /// - Parameters:
    ///   - head: The newest seq.
    ///   - checkpoint: The checkpoint's seq.
    ///   - heldBytes: At least what the texts of the held events take; nil when that is not known. Afterwards the same.
    func trim(paste: Int64, head: UInt64, checkpoint: UInt64, heldBytes: inout Int?) throws {
        let last = min(try lastToTrim(paste: paste, head: head, heldBytes: &heldBytes), checkpoint, head - 1)
        guard last > 0 else { return }
        let statement = try db.cachedStatement(
            sql: "SELECT tag FROM events WHERE paste = ? AND seq <= ? ORDER BY seq")
        var tags = ByteWriter()
        let rows = try Row.fetchCursor(statement, arguments: [paste, last.stored])
        while let row = try rows.next() { tags.word(try row.word(0)) }
        guard !tags.bytes.isEmpty else { return }
        try execute("INSERT INTO tags VALUES (?, ?, ?)", [paste, last.stored, Data(tags.bytes)])
        try execute(
            "DELETE FROM texts WHERE number IN (SELECT text FROM events WHERE paste = ? AND seq <= ?)",
            [paste, last.stored])
        try execute("DELETE FROM events WHERE paste = ? AND seq <= ?", [paste, last.stored])
        let heldTags = UInt64(max(1, settings.limits.heldTags))
        // The newest of these rows stays: without the tag before them the held events could not be checked.
        if head > heldTags {
            let outlived = min(head - heldTags, last - 1)
            try execute("DELETE FROM tags WHERE paste = ? AND last_seq <= ?", [paste, outlived.stored])
        }
    }

    /// The newest event whose body is one too many: by number, or by the bytes of all that are newer.
    private func lastToTrim(paste: Int64, head: UInt64, heldBytes: inout Int?) throws -> UInt64 {
        let held = UInt64(max(1, settings.limits.heldEvents))
        let byNumber = head > held ? head - held : 0
        // Asking looks at a row of each held text.
        if let heldBytes, heldBytes <= settings.historyBytes { return byNumber }
        // Nearly always they fit, which the database tells without a row for each.
        let sum = try db.cachedStatement(
            sql: """
                SELECT coalesce(sum(length(t.bytes)), 0) FROM events e LEFT JOIN texts t ON t.number = e.text
                WHERE paste = ? AND seq > ?
                """)
        let total = try Row.fetchOne(sum, arguments: [paste, byNumber.stored])?.integer(0) ?? 0
        heldBytes = nil
        guard total > Int64(settings.historyBytes) else {
            heldBytes = Int(total)
            return byNumber
        }
        let statement = try db.cachedStatement(
            sql: """
                SELECT seq, coalesce(length(t.bytes), 0) FROM events e LEFT JOIN texts t ON t.number = e.text
                WHERE paste = ? AND seq > ? ORDER BY seq DESC
                """)
        let rows = try Row.fetchCursor(statement, arguments: [paste, byNumber.stored])
        var bytes: Int64 = 0
        while let row = try rows.next() {
            bytes += try row.integer(1)
            if bytes > Int64(settings.historyBytes) { return try row.word(0) }
        }
        return byNumber
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
