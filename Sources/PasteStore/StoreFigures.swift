import PasteModel

/// What a store has done and holds, for metrics.
public struct StoreFigures: Sendable {
    /// Requests that wait or are being worked on.
    public var queuedRequests = 0
    /// Bytes that they carry.
    public var queuedBytes = 0
    /// How long groups took to become durable, in microseconds.
    public var commits = Histogram(.microseconds)
    /// Writing requests in a group.
    public var groups = Histogram(.count)
    /// Passes that overwrote the bytes of what was removed.
    public var erasures: UInt64 = 0
    /// Bytes of the database's file.
    public var databaseBytes = 0
    /// Bytes of its write-ahead log.
    public var logBytes = 0

    /// Zeros.
    public init() {}
}

extension PasteStore {
    /// A store that has nothing to tell.
    public var figures: StoreFigures { StoreFigures() }
}
