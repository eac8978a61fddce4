// What one address, and everybody together, may do: every limit with unit and reason.

import PasteModel

/// So many in a period, and what may be used at once after a rest.
public struct Allowance: Hashable, Sendable {
    /// How many accrue in one period; 0: no limit.
    public let count: Int
    /// The period.
    public let period: Milliseconds
    /// The most that can be saved up, at least 1.
    public let burst: Int

    /// An allowance from its parts.
    public init(_ count: Int, per period: Milliseconds, burst: Int) {
        self.count = max(0, count)
        self.period = max(1, period)
        self.burst = max(1, burst)
    }

    /// No limit.
    public static let unlimited = Allowance(0, per: 1, burst: 1)

    /// Nanoseconds in which one accrues; 0 for no limit, else at least 1.
    var nanosecondsEach: Int64 {
        guard count > 0 else { return 0 }
        let (nanoseconds, overflow) = period.multipliedReportingOverflow(by: 1_000_000)
        return max(1, (overflow ? Int64.max : nanoseconds) / Int64(count))
    }
}

/// What is counted over time. The raw value is the place in a `Tally`.
public enum PacedLimit: Int, CaseIterable, Sendable {
    /// New connections, each of which costs a TLS handshake.
    case handshakes
    /// HTTP requests and WebSocket messages.
    case requests
    /// Bytes of WebSocket messages.
    case bytes
    /// Look-ups of short keys that found nothing, and `create` with a chosen key.
    case misses
    /// New pastes.
    case pastes
    /// Bytes of text given to be kept.
    case storedBytes
}

/// The limits of one address, or of everybody together.
public struct VisitorShare: Hashable, Sendable {
    /// Connections at a time; 0: no limit.
    public var connections = 0
    /// Bytes of messages that have begun and are not handled yet; 0: no limit.
    public var inputBytes = 0
    /// New connections.
    public var handshakes = Allowance.unlimited
    /// HTTP requests and WebSocket messages.
    public var requests = Allowance.unlimited
    /// Bytes of WebSocket messages.
    public var bytes = Allowance.unlimited
    /// Look-ups of short keys that found nothing.
    public var misses = Allowance.unlimited
    /// New pastes.
    public var pastes = Allowance.unlimited
    /// Bytes of text given to be kept.
    public var storedBytes = Allowance.unlimited

    /// No limits.
    public init() {}

    subscript(_ limit: PacedLimit) -> Allowance {
        switch limit {
        case .handshakes: handshakes
        case .requests: requests
        case .bytes: bytes
        case .misses: misses
        case .pastes: pastes
        case .storedBytes: storedBytes
        }
    }
}

/// All limits of `Visitors`.
public struct VisitorLimits: Sendable {
    /// What one address may do: an IPv4 address, or an IPv6 /64. A family or an office behind one address
    /// must fit in.
    public var perAddress = VisitorShare()
    /// What everybody together may do, exempt addresses included.
    public var total = VisitorShare()
    /// Bytes that the store may hold; 0: no limit.
    public var storedBytes = 0
    /// Pastes that the store may hold; 0: no limit.
    public var pastes = 0
    /// Bytes of text in open pastes, which are in memory; 0: no limit.
    public var openPasteBytes = 0
    /// Addresses that are remembered; some 160 bytes each.
    public var rememberedAddresses = 65_536
    /// Addresses that only the limits of everybody bind.
    public var exempt: [AddressRange] = []
    /// The longest that an HTTP request or a look-up waits for its turn; whoever would wait longer is told when
    /// to come back. Shorter than the patience of clients, whose connections it keeps busy.
    public var patience: Milliseconds = 10_000

    /// The defaults.
    public init() {
        perAddress.connections = 512
        perAddress.inputBytes = 64 << 20
        perAddress.handshakes = Allowance(50, per: 1_000, burst: 500)
        perAddress.requests = Allowance(5_000, per: 1_000, burst: 25_000)
        perAddress.bytes = Allowance(8 << 20, per: 1_000, burst: 64 << 20)
        perAddress.misses = Allowance(6, per: 60_000, burst: 30)
        perAddress.pastes = Allowance(200, per: 3_600_000, burst: 200)
        perAddress.storedBytes = Allowance(256 << 20, per: 86_400_000, burst: 256 << 20)
        total.handshakes = Allowance(2_000, per: 1_000, burst: 10_000)
        total.misses = Allowance(60, per: 60_000, burst: 600)
        storedBytes = 8 << 30
        openPasteBytes = 1 << 30
        pastes = 1_000_000
    }

    /// No limits at all.
    public static var unlimited: VisitorLimits {
        var limits = VisitorLimits()
        limits.perAddress = VisitorShare()
        limits.total = VisitorShare()
        limits.storedBytes = 0
        limits.openPasteBytes = 0
        limits.pastes = 0
        return limits
    }
}
