// Names for what an epoll reports.

/// What a descriptor was registered as: a slot and the generation of its use. When a descriptor is closed its
/// slot's next user has another generation, so an event that was already on its way is not taken for theirs.
public struct Token: Hashable, Sendable {
    /// The slot.
    public let slot: UInt32
    /// Counts the slot's users.
    public let generation: UInt32

    /// Slots from here on are the loop's own.
    static let firstReservedSlot: UInt32 = .max
    static let wakeup = Token(slot: .max, generation: 0)

    /// A name for the current user of `slot`.
    public init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    init(word: UInt64) {
        self.init(slot: UInt32(truncatingIfNeeded: word >> 32), generation: UInt32(truncatingIfNeeded: word))
    }

    var word: UInt64 { UInt64(slot) << 32 | UInt64(generation) }
}

/// News about one descriptor.
public struct Readiness: Hashable, Sendable {
    /// Whose.
    public let token: Token
    /// Which news.
    public let events: Events

    /// News about the descriptor that was registered as `token`.
    public init(token: Token, events: Events) {
        self.token = token
        self.events = events
    }

    /// The kinds of news.
    public struct Events: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt32
        /// A set from its bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Bytes, connections, or the end of input are there.
        public static let readable = Events(rawValue: 1)
        /// There is room to send.
        public static let writable = Events(rawValue: 2)
        /// The peer has shut down its side, or the connection is lost: read to the end, even behind a short
        /// read, for no further news will come.
        public static let ended = Events(rawValue: 4)
    }
}
