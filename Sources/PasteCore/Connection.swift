// How the I/O side and the core name one connection.

/// One connection of one shard: a slot in the shard's tables and the generation of its use, so that an id
/// that outlived its connection never meets the slot's next one.
public struct ConnectionID: Hashable, Sendable {
    /// The index in the tables: dense from 0, reused.
    public let slot: UInt32
    /// Which use of the slot.
    public let generation: UInt32

    /// An id from its parts; the I/O side makes them.
    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }
}

/// Where a peer connects from: the 16 bytes of an IPv6 address, IPv4 as `::ffff:a.b.c.d`.
public struct PeerAddress: Hashable, Sendable {
    /// Bytes 0 to 7, big-endian: an IPv6 network of a /64.
    public let high: UInt64
    /// Bytes 8 to 15, big-endian.
    public let low: UInt64

    /// An address from its halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
