// Who and what is meant: pastes, devices, requests, places in a log.

import Digest

/// Milliseconds: since 1970 for an instant, plain for a duration. All times of the model and the protocol
/// are whole milliseconds, so that every language holds them exactly.
public typealias Milliseconds = Int64

/// What the store and the shards call a paste: the first 16 bytes of the keyed hash of its canonical key.
/// Whoever reads the database learns ids, never keys.
public struct PasteID: Hashable, Sendable {
    /// Bytes 0 to 7, big-endian.
    public let high: UInt64
    /// Bytes 8 to 15, big-endian.
    public let low: UInt64

    /// An id from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Half of it: it is a keyed hash already, and nobody can choose it.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
    }

    /// The shard that owns this paste.
    /// - Parameter shards: How many there are, at least 1.
    public func home(of shards: Int) -> Int {
        Int(low % UInt64(shards))
    }
}

/// The name that other devices see of a device (`by`): a keyed hash of paste and client secret, so that two
/// pastes never show the same name for one device. On the wire: 16 lowercase hexadecimal digits.
public struct Author: Hashable, Sendable {
    /// The hash itself.
    public let rawValue: UInt64

    /// An author from its hash.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

/// A place in a paste's log: `seq` events have happened, and `tag` is the fingerprint of all of them.
/// On the wire the tag is an opaque string (16 lowercase hexadecimal digits).
public struct Cursor: Hashable, Sendable {
    /// How many events precede this place: 0 for a new paste.
    public let seq: UInt64
    /// The chained hash of the ids of those events, seeded by the paste's generation.
    public let tag: UInt64

    /// A cursor from its parts.
    public init(seq: UInt64, tag: UInt64) {
        self.seq = seq
        self.tag = tag
    }

    /// The cursor behind one more event: `tag(n) = first 8 bytes of SHA-1(tag(n-1) || author || ref)`.
    public func advanced(by author: Author, ref: UInt64) -> Cursor {
        Cursor(seq: seq + 1, tag: sha1Word(tag, author.rawValue, ref))
    }
}
