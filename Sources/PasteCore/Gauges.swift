/// What one shard holds now. Plain numbers, added up by whoever shows them.
public struct Gauges: Sendable {
    /// Upgraded connections.
    public internal(set) var webSockets = 0
    /// Event streams.
    public internal(set) var streams = 0
    /// Bytes that wait to be sent.
    public internal(set) var outboxBytes = 0
    /// Pastes in memory.
    public internal(set) var pastes = 0
    /// Pastes of other shards that have viewers here.
    public internal(set) var followedPastes = 0
    /// Devices that follow a paste.
    public internal(set) var viewers = 0

    /// Zeros.
    public init() {}
}

extension ShardCore {
    /// What there is now. Constant time.
    public var gauges: Gauges {
        var gauges = Gauges()
        gauges.webSockets = webSockets
        gauges.streams = streams
        gauges.outboxBytes = outboxBytes
        gauges.pastes = pastes.count
        gauges.followedPastes = followed.count
        gauges.viewers = viewers
        return gauges
    }
}
