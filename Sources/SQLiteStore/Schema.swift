// The tables. `PRAGMA user_version` is the schema's version; a change of the tables or records raises it and
// adds a step to `migrate`.
//
//     pastes      one row each. `checkpoint` is the number of the text with the state at (checkpoint_seq,
//                 checkpoint_tag), NULL while that is the empty state of (0, generation).
//                 `erase_through` is the newest remove or clear whose texts are not erased yet, or 0.
//     events      the log behind the trimmed part. Texts are in `texts`, other bodies in `body`; `kind` and
//                 `item` say whose text it is (item 0 is the pad, NULL none).
//     recent      the newest rows for `events`, of all pastes (`RecentEvents`).
//     tags        tags of trimmed events: up to `last_seq`, 8 bytes big-endian each, ascending and dense.
//     items       the items of the checkpoint.
//     texts       every text, in overflow pages of its own (`TextPage`); numbers are never reused while running.
//     tombstones  ids of pastes that are gone.

import GRDB

enum Schema {
    /// The version that this code reads and writes.
    static let version = 2

    /// Creates or migrates the tables.
    /// - Throws: `SQLiteStoreError.newerSchema` for a database of a later version.
    static func prepare(_ db: Database, file: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw SQLiteStoreError.newerSchema(file: file, found: found, known: version)
        }
        guard found < version else { return }
        try db.inTransaction(.immediate) {
            // Version 1 had the tables of today, but for `recent`.
            if found < 1 { try db.execute(sql: tables) }
            try db.execute(sql: recent)
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Settings of the writing connection. The page size and auto-vacuum only act on a new file. A commit behind the split
    /// of a page walks through the whole cache (SQLite moves pages by way of a far number): 8 MiB, which hold the
    /// leaves of 7,000 pastes, and not more.
    static func configure(_ db: Database) throws {
        for pragma in [
            "page_size = \(TextPage.size)", "auto_vacuum = NONE", "journal_mode = WAL", "synchronous = FULL",
            "secure_delete = ON", "cache_size = -8192",
        ] {
            _ = try Row.fetchAll(db, sql: "PRAGMA \(pragma)")
        }
    }

    private static let recent = """
        CREATE TABLE recent (
            number INTEGER PRIMARY KEY,
            paste INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            tag INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author INTEGER NOT NULL,
            ref INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            item INTEGER,
            text INTEGER,
            body BLOB
        );
        """

    private static let tables = """
        CREATE TABLE pastes (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            generation INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            checkpoint_seq INTEGER NOT NULL,
            checkpoint_tag INTEGER NOT NULL,
            checkpoint_expires_at INTEGER NOT NULL,
            checkpoint INTEGER,
            erase_through INTEGER NOT NULL
        );
        CREATE INDEX pastes_by_expiry ON pastes (expires_at);
        CREATE INDEX pastes_to_erase ON pastes (number) WHERE erase_through > 0;
        CREATE TABLE events (
            paste INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            tag INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author INTEGER NOT NULL,
            ref INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            item INTEGER,
            text INTEGER,
            body BLOB,
            PRIMARY KEY (paste, seq)
        ) WITHOUT ROWID;
        CREATE TABLE tags (
            paste INTEGER NOT NULL,
            last_seq INTEGER NOT NULL,
            tags BLOB NOT NULL,
            PRIMARY KEY (paste, last_seq)
        ) WITHOUT ROWID;
        CREATE TABLE items (
            paste INTEGER NOT NULL,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            author INTEGER NOT NULL,
            text_seq INTEGER NOT NULL,
            text INTEGER NOT NULL,
            PRIMARY KEY (paste, number)
        ) WITHOUT ROWID;
        CREATE TABLE texts (
            number INTEGER PRIMARY KEY,
            bytes BLOB NOT NULL
        );
        CREATE TABLE tombstones (
            id BLOB PRIMARY KEY,
            until INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX tombstones_by_time ON tombstones (until);
        """
}
