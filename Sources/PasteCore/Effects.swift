import PasteModel

/// What a tick of the service asks for.
public typealias Effects = TickEffects<SessionTransfer>

/// What a tick asks of the I/O side, to be done in the order of the fields. `Transfer` is what moves with a connection.
public struct TickEffects<Transfer: Sendable>: Sendable {
    /// Hand to the store, in one submit.
    public var store: [StoreRequest] = []
    /// Tell these shards, by `heard`, in this order and before any of `handOffs`.
    public var notes: [(shard: Int, ShardNote)] = []
    /// Have output: copy it out by `peek`, send it, say so by `sent`; until the outbox is empty, the socket is
    /// full (then wait until it is writable) or the turn's budget is used (then take another turn).
    public var dirty: [ConnectionID] = []
    /// Read again from these.
    public var resumed: [ConnectionID] = []
    /// Move these to another shard with everything that was read and not passed on, and everything that was
    /// encrypted and not sent. The id is dead here; `closed` is not called for it.
    public var handOffs: [(ConnectionID, shard: Int, Transfer)] = []
    /// Shut these down in order when their outbox has been sent, then close them and call `closed`.
    public var closing: [ConnectionID] = []
    /// Close these at once and call `closed`.
    public var aborting: [ConnectionID] = []

    /// Nothing.
    public init() {}

    var isEmpty: Bool {
        store.isEmpty && notes.isEmpty && dirty.isEmpty && resumed.isEmpty && handOffs.isEmpty && closing.isEmpty
            && aborting.isEmpty
    }
}
