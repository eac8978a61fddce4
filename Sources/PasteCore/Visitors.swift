// Who uses how much: the limits of each address and of everybody together, one set for all shards.
//
// Two kinds of limit. A *level* (connections, bytes of unhandled input) is what is held now. A *pace* (handshakes,
// requests, bytes, misses, pastes, stored bytes) accrues with time; who is ahead of it waits, in the order of
// asking, or is told when to come back if the wait would be longer than patience. What was promised to somebody who
// waits is taken at once, so nobody asks twice and the number of those who wait is bounded by pace times patience.
//
// Addresses are in memory only, and at most `rememberedAddresses` of them (see `VisitorTable`). Any thread; the lock is
// held for some dozen instructions.

import PasteModel
import Synchronization

/// What became of a wish to use a limit.
public enum Verdict: Hashable, Sendable {
    /// Go on.
    case now
    /// Go on after so many milliseconds, at least 1; say so then by `waited`.
    case wait(Milliseconds)
    /// Nothing was used: the wait would be so long. `limit` is the number of the limit that was hit.
    case refused(retryAfter: Milliseconds, Scope, limit: Int)

    /// Whose limit.
    public enum Scope: Int, CaseIterable, Sendable {
        /// One address's.
        case address
        /// Everybody's together.
        case total
    }
}

/// The addresses that use the server, and what they use.
public final class Visitors: Sendable {
    /// The limits in force.
    public let limits: VisitorLimits
    private let state: Mutex<VisitorState>

    /// Nobody yet.
    public init(_ limits: VisitorLimits) {
        self.limits = limits
        state = Mutex(VisitorState(limits))
    }

    // MARK: Connections

    /// How long the next connection has to wait since everybody together opens too many; `nil`: come.
    public func acceptDelay(now: Milliseconds) -> Milliseconds? {
        state.withLock { $0.acceptDelay(now: nanoseconds(now)) }
    }

    /// A connection was made.
    /// - Returns: What stands for it until it is released, or `nil` when this address has, or makes, too many.
    public func arrive(_ peer: PeerAddress, now: Milliseconds) -> Visit? {
        let network = Network(peer)
        let isExempt = isExempt(peer)
        return state.withLock { state -> Int?? in
            state.arrive(network, isExempt: isExempt, now: nanoseconds(now))
        }.map { Visit(self, network, place: $0) }
    }

    /// A connection that is there already turns out to come from this address: behind a proxy.
    public func enter(_ peer: PeerAddress, now: Milliseconds) -> Visit {
        let network = Network(peer)
        let isExempt = isExempt(peer)
        let place = state.withLock { $0.enter(network, isExempt: isExempt, now: nanoseconds(now)) }
        return Visit(self, network, place: place)
    }

    /// Whether a visit is on one of these accounts.
    func has(_ visit: Visit) -> Bool { visit.visitors === self }

    private func isExempt(_ peer: PeerAddress) -> Bool {
        limits.exempt.contains { $0.contains(peer) }
    }

    fileprivate func depart(_ place: Int) {
        state.withLock { $0.depart(place) }
    }

    /// The bytes of unhandled input of a connection have changed by so many.
    /// - Returns: Whether there is room for them; if not, they are not counted.
    func holdInput(_ visit: Visit, _ difference: Int) -> Bool {
        state.withLock { $0.holdInput(visit.place, difference) }
    }

    // MARK: Paces

    /// A request of so many bytes came; it waits as long as it has to.
    func request(_ visit: Visit, bytes: Int, now: Milliseconds) -> (Verdict, PacedLimit) {
        state.withLock { $0.request(visit.place, bytes: Int64(bytes), now: nanoseconds(now)) }
    }

    /// Uses one limit, of the address and of everybody, by `cost`.
    /// - Parameter patience: The longest wait; beyond it nothing is used.
    func use(
        _ limit: PacedLimit, _ visit: Visit, cost: Int = 1, patience: Milliseconds, now: Milliseconds
    ) -> Verdict {
        state.withLock {
            $0.use(limit, visit.place, cost: Int64(cost), patience: nanoseconds(patience), now: nanoseconds(now))
        }
    }

    /// Gives back what `use` took.
    func giveBack(_ limit: PacedLimit, _ visit: Visit, cost: Int = 1, now: Milliseconds) {
        state.withLock { $0.giveBack(limit, visit.place, cost: Int64(cost), now: nanoseconds(now)) }
    }

    /// A wait that a verdict asked for is over, whatever became of the one who waited.
    func waited(_ limit: PacedLimit) {
        state.withLock { $0.waiting[limit.rawValue] -= 1 }
    }

    // MARK: The store

    /// Whether the store may take so many bytes, or one more paste, before it holds more than it may.
    func hasRoom(bytes: Int, pastes: Int) -> Bool {
        state.withLock { $0.hasRoom(bytes: bytes, pastes: pastes) }
    }

    /// Whether one more paste may be read into memory.
    func mayOpen() -> Bool { state.withLock { $0.mayOpen() } }

    /// The text of open pastes has grown by so many bytes.
    func holdOpen(_ difference: Int) { state.withLock { $0.openPasteBytes += difference } }

    /// The store has taken bytes and pastes.
    func stored(bytes: Int, pastes: Int) {
        state.withLock { state in
            state.grown.bytes &+= bytes
            state.grown.pastes &+= pastes
        }
    }

    /// What was stored since the start, to be remembered when the store is asked how much it holds: what comes
    /// between the question and the answer counts on top of it.
    var growth: StoreLevel { state.withLock { $0.grown } }

    /// The store has said how much it holds, when it was asked at `mark`.
    func storeHolds(_ level: StoreLevel, askedAt mark: StoreLevel) {
        state.withLock { state in
            state.counted = level
            state.countedAt = mark
        }
    }

    /// Whether nothing more may be stored.
    var isStoreFull: Bool {
        let level = storeLevel
        return limits.storedBytes > 0 && level.bytes >= limits.storedBytes
            || limits.pastes > 0 && level.pastes >= limits.pastes
    }

    /// What the store holds, by its last word and what it took since.
    public var storeLevel: StoreLevel { state.withLock { $0.level } }

    // MARK: Metrics

    /// What is used now and how often each limit was hit.
    public var figures: VisitorFigures { state.withLock { $0.figures } }

    private func nanoseconds(_ time: Milliseconds) -> Int64 { saturatingProduct(time, 1_000_000) }
}

/// How much a store holds.
public struct StoreLevel: Hashable, Sendable {
    /// Bytes on the disk or in memory.
    public var bytes: Int
    /// Pastes.
    public var pastes: Int

    /// A level from its parts.
    public init(bytes: Int = 0, pastes: Int = 0) {
        self.bytes = bytes
        self.pastes = pastes
    }
}

/// One connection on the account of its address, for as long as somebody holds this. Moves with the
/// connection from shard to shard. Any thread.
public final class Visit: Sendable {
    let network: Network
    /// Where the address's tally is; `nil`: only the limits of everybody bind.
    let place: Int?
    fileprivate let visitors: Visitors

    fileprivate init(_ visitors: Visitors, _ network: Network, place: Int?) {
        self.visitors = visitors
        self.network = network
        self.place = place
    }

    deinit {
        if let place { visitors.depart(place) }
    }
}
