/// What one shard counted since its start. Plain numbers, added up by whoever shows them; the names are the
/// metrics' without their `pasted_` and `_total`.
public struct Counters: Sendable {
    public var connectionsOpened: UInt64 = 0
    public var connectionsClosed: UInt64 = 0
    public var connectionsHandedOver: UInt64 = 0
    public var requests: UInt64 = 0
    public var badRequests: UInt64 = 0
    public var upgrades: UInt64 = 0
    public var messages: UInt64 = 0
    public var badMessages: UInt64 = 0
    public var badFrames: UInt64 = 0
    public var errors: UInt64 = 0
    public var misses: UInt64 = 0
    public var events: UInt64 = 0
    public var commits: UInt64 = 0
    public var failedCommits: UInt64 = 0
    public var deliveries: UInt64 = 0
    public var snapshots: UInt64 = 0
    public var expiries: UInt64 = 0
    public var stalledReaders: UInt64 = 0
    public var timeouts: UInt64 = 0
    public var replacedConnections: UInt64 = 0
    public var receivedBytes: UInt64 = 0
    public var sentBytes: UInt64 = 0
}
