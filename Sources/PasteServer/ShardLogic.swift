// What a shard drives: the service without its sockets. `ShardCore` is the one that counts; the tests of the
// I/O side bring others. Called on the shard's thread only; in which order, `ShardCore` says.

import PasteCore
import PasteModel
import PasteStore

/// A service that eats bytes and returns effects.
package protocol ShardLogic: AnyObject {
    /// What moves with a connection to another shard.
    associatedtype Transfer: Sendable

    func opened(_ id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool, now: Milliseconds)
    func adopt(_ id: ConnectionID, _ transfer: Transfer, now: Milliseconds)
    func received(_ id: ConnectionID, _ bytes: inout MutableSpan<UInt8>, now: Milliseconds)
    func wantsInput(_ id: ConnectionID) -> Bool
    func ended(_ id: ConnectionID, now: Milliseconds)
    func closed(_ id: ConnectionID, now: Milliseconds)
    func answered(_ answers: [StoreAnswer], now: Milliseconds)
    func timer(now: Milliseconds)
    func drain(now: Milliseconds)
    var nextDeadline: Milliseconds? { get }

    func peek(_ id: ConnectionID, into output: inout OutputSpan<UInt8>, now: Milliseconds)
    func sent(_ id: ConnectionID, _ count: Int, now: Milliseconds)

    /// What the tick asks for, to be done in the order of the fields.
    func takeEffects(now: Milliseconds) -> TickEffects<Transfer>
    var hasEffects: Bool { get }
    var counters: Counters { get }
}

/// `Effects` for any kind of transfer.
package struct TickEffects<Transfer: Sendable> {
    package var store: [StoreRequest] = []
    package var dirty: [ConnectionID] = []
    package var resumed: [ConnectionID] = []
    package var handOffs: [(ConnectionID, shard: Int, Transfer)] = []
    package var closing: [ConnectionID] = []
    package var aborting: [ConnectionID] = []

    package init(
        store: [StoreRequest] = [], dirty: [ConnectionID] = [], resumed: [ConnectionID] = [],
        handOffs: [(ConnectionID, shard: Int, Transfer)] = [], closing: [ConnectionID] = [],
        aborting: [ConnectionID] = []
    ) {
        self.store = store
        self.dirty = dirty
        self.resumed = resumed
        self.handOffs = handOffs
        self.closing = closing
        self.aborting = aborting
    }
}

extension ShardCore: ShardLogic {
    package func takeEffects(now: Milliseconds) -> TickEffects<SessionTransfer> {
        let effects = endOfTick(now: now)
        return TickEffects(
            store: effects.store, dirty: effects.dirty, resumed: effects.resumed, handOffs: effects.handOffs,
            closing: effects.closing, aborting: effects.aborting)
    }
}
