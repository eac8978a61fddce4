import PasteModel

/// Where the embedded database is and what it may use.
public struct SQLiteSettings: Sendable {
    /// The directory of the database, made with mode 0700 when it is missing.
    public var directory: String
    /// `heldEvents` and `heldTags` bound each paste's log.
    public var limits = Limits()
    /// Requests that wait or are being worked on, over all shards; over it the answer is `busy`.
    public var queuedRequests = 32_768
    /// Bytes that those requests carry: what a stuck disk may cost in memory.
    public var queuedBytes = 128 << 20
    /// Requests in one transaction: bounds how long the first one waits for the last one's write.
    public var groupRequests = 4_096
    /// Bytes in one transaction, for the same reason.
    public var groupBytes = 16 << 20
    /// Bytes of bodies that one paste keeps from before its checkpoint, whatever `heldEvents` says.
    public var historyBytes = 16 << 20
    /// From the removal of a text to its bytes being overwritten in every file, plus the time that takes: the
    /// contract allows a minute.
    public var erasureDelay: Duration = .seconds(10)
    /// Pages of the write-ahead log from which on it is copied into the database: 16 MiB.
    public var walPages = 16_384
    /// Events that wait at most for being put to their pastes', many at once: about 60 bytes each, on disk and in memory.
    /// Opening a paste that has one among them looks at all of them, which takes half a millisecond.
    public var recentEvents = 4_096
    /// Pastes whose head is known without asking the database, about 100 bytes each.
    public var knownHeads = 100_000

    /// The defaults, in this directory.
    public init(directory: String) {
        self.directory = directory
    }

    /// The database's path; SQLite keeps `-wal` and `-shm` beside it.
    public var file: String { directory + "/pasted.sqlite" }
    /// The path of the advisory lock.
    var lockFile: String { directory + "/pasted.lock" }
}
