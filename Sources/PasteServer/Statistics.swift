// What the shards count, readable from any thread.

import PasteCore
import Synchronization

/// What one shard's I/O side counted since its start.
struct IOCounters: Sendable {
    var acceptedConnections: UInt64 = 0
    /// Accepted or moved here, and dropped for want of resources.
    var refusedConnections: UInt64 = 0
    /// Reset or timed out, not closed in order.
    var lostConnections: UInt64 = 0
    var handshakes: UInt64 = 0
    var resumedHandshakes: UInt64 = 0
    // Sessions that the peer broke, in the handshake or later, by what an operator would do about it.
    var brokenSessions: UInt64 = 0
    var versionFailures: UInt64 = 0
    var parameterFailures: UInt64 = 0
    var protocolFailures: UInt64 = 0
    var peerAlerts: UInt64 = 0
    var floods: UInt64 = 0
    /// Connections that ended, or were ended, before their handshake did.
    var unfinishedHandshakes: UInt64 = 0
    /// HTTP without TLS on a TLS port.
    var plainRequests: UInt64 = 0
    /// Connections closed since a proxy's header did not come, or was none.
    var refusedIntroductions: UInt64 = 0
    /// How often no descriptor was left to accept with.
    var exhaustions: UInt64 = 0

    static let rows: [(name: String, help: String, value: any KeyPath<IOCounters, UInt64> & Sendable)] = [
        ("connections_accepted", "Connections accepted.", \.acceptedConnections),
        ("connections_refused", "Connections dropped for want of descriptors, memory or room.", \.refusedConnections),
        ("connections_lost", "Connections reset or timed out.", \.lostConnections),
        ("tls_handshakes", "TLS handshakes completed.", \.handshakes),
        ("tls_resumed", "TLS handshakes that resumed a session.", \.resumedHandshakes),
        ("tls_unfinished", "Connections that ended before their TLS handshake did.", \.unfinishedHandshakes),
        ("tls_plain_requests", "Requests without TLS on a TLS port.", \.plainRequests),
        (
            "proxy_headers_refused", "Connections closed for want of a proxy's header.", \.refusedIntroductions
        ),
        ("accept_exhaustions", "Times that no descriptor was left to accept with.", \.exhaustions),
    ]

    /// `tls_failures`, by reason.
    static let faults: [(reason: String, value: any KeyPath<IOCounters, UInt64> & Sendable)] = [
        ("broken", \.brokenSessions), ("version", \.versionFailures), ("parameters", \.parameterFailures),
        ("application_protocol", \.protocolFailures), ("peer_alert", \.peerAlerts), ("flood", \.floods),
    ]
}

/// All shards' figures.
final class Statistics: Sendable {
    struct Figures: Sendable {
        var core = Counters()
        var gauges = Gauges()
        var io = IOCounters()
        var connections = 0
        /// Whether no request of this shard's connections can reach the store any more.
        var isQuiet = false
    }

    private final class Box: Sendable {
        let figures = Mutex(Figures())
    }

    private let boxes: [Box]
    private let live = Atomic<Int>(0)
    private let notAccepting = Atomic<Int>(0)
    private let told = Mutex<[(String, Int64)]>([])

    init(shards: Int) {
        boxes = (0..<shards).map { _ in Box() }
    }

    /// Once a tick: an uncontended lock and a copy of some hundred bytes.
    func publish(_ shard: Int, _ figures: Figures) {
        boxes[shard].figures.withLock { $0 = figures }
    }

    /// The figures by shard.
    var all: [Figures] {
        boxes.map { box in box.figures.withLock { $0 } }
    }

    func shardStoppedAccepting() { notAccepting.add(1, ordering: .relaxed) }
    /// Whether no shard will accept any more.
    var allStoppedAccepting: Bool { notAccepting.load(ordering: .relaxed) == boxes.count }

    /// Whether a drain has come so far that nobody's request can reach the store any more.
    var isQuiet: Bool { boxes.allSatisfy { box in box.figures.withLock { $0.isQuiet } } }

    /// The limits in force, by name.
    var limits: [(String, Int64)] { told.withLock { $0 } }

    func tell(_ limits: [(String, Int64)]) {
        told.withLock { $0 = limits }
    }

    func connectionOpened() { live.add(1, ordering: .relaxed) }
    func connectionClosed() { live.subtract(1, ordering: .relaxed) }
    /// Connections of all shards and under way between them.
    var connections: Int { live.load(ordering: .relaxed) }
}
