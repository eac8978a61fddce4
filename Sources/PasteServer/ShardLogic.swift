// What a shard drives: the service without its sockets. `ShardCore` is the one that counts; the tests of the
// I/O side bring others. Called on the shard's thread only; in which order, `ShardCore` says.

import PasteCore
import PasteModel
import PasteStore

/// A service that eats bytes and returns effects.
package protocol ShardLogic: AnyObject {
    /// What moves with a connection to another shard.
    associatedtype Transfer: Sendable

    /// Whether a connection from this address may come; asked before anything is spent on it.
    func admits(_ peer: PeerAddress, now: Milliseconds) -> Bool
    /// How long the next connection stays in the kernel's queue; `nil`: it is accepted now.
    func acceptDelay(now: Milliseconds) -> Milliseconds?
    func opened(_ id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool, now: Milliseconds)
    /// A connection where everybody is sent to the secure address.
    func openedForRedirect(_ id: ConnectionID, peer: PeerAddress, now: Milliseconds)
    func adopt(_ id: ConnectionID, _ transfer: Transfer, now: Milliseconds)
    func received(_ id: ConnectionID, _ bytes: inout MutableSpan<UInt8>, now: Milliseconds)
    /// Input or output of this connection comes soon.
    func prefetchSession(_ id: ConnectionID)
    /// Input of this connection comes next, and its session was asked for before.
    func prefetchPaste(_ id: ConnectionID)
    func wantsInput(_ id: ConnectionID) -> Bool
    func ended(_ id: ConnectionID, now: Milliseconds)
    func closed(_ id: ConnectionID, now: Milliseconds)
    /// Another shard has told something; in the order of telling, connections that moved from there included.
    func heard(_ note: ShardNote, now: Milliseconds)
    /// A connection that moved did not arrive.
    func lost(_ transfer: Transfer, now: Milliseconds)
    func answered(_ answers: [StoreAnswer], now: Milliseconds)
    func timer(now: Milliseconds)
    func drain(now: Milliseconds, within spread: Milliseconds)
    func reload(_ settings: CoreSettings)
    var nextDeadline: Milliseconds? { get }

    func peek(_ id: ConnectionID, into output: inout OutputSpan<UInt8>, now: Milliseconds)
    /// - Returns: Whether `peek` may give something.
    func sent(_ id: ConnectionID, _ count: Int, now: Milliseconds) -> Bool

    /// What the tick asks for, to be done in the order of the fields.
    func endOfTick(now: Milliseconds) -> TickEffects<Transfer>
    var hasEffects: Bool { get }
    var counted: Counters { get }
    var gauges: Gauges { get }
    var isQuiet: Bool { get }
}

extension ShardLogic {
    /// Like any other connection.
    package func openedForRedirect(_ id: ConnectionID, peer: PeerAddress, now: Milliseconds) {
        opened(id, peer: peer, isSecure: false, isOperator: false, now: now)
    }

    /// Everybody.
    package func admits(_ peer: PeerAddress, now: Milliseconds) -> Bool { true }
    /// At once.
    package func acceptDelay(now: Milliseconds) -> Milliseconds? { nil }

    /// Nobody tells anything.
    package func heard(_ note: ShardNote, now: Milliseconds) {}
    /// Nobody waits for it.
    package func lost(_ transfer: Transfer, now: Milliseconds) {}
    /// There is nothing to change.
    package func reload(_ settings: CoreSettings) {}
    /// Nothing is counted.
    package var gauges: Gauges { Gauges() }
    /// There is not much to fetch.
    package func prefetchSession(_ id: ConnectionID) {}
    /// There is not much to fetch.
    package func prefetchPaste(_ id: ConnectionID) {}
    /// No store is waited for.
    package var isQuiet: Bool { true }
}

extension ShardCore: ShardLogic {}
