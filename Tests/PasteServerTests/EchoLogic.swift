import Logging
import PasteCore
import PasteModel
import PasteStore
import Reactor
import Synchronization
import TLS

@testable import PasteServer

/// A service of lines, to try the I/O side with: `G2` moves the connection to shard 2, `S` answers with the
/// shard's number, `P1000` with 1,000 bytes, `X` with "bye" and the end, `W` with where the
/// connection comes from; every other line comes back.
final class EchoLogic: ShardLogic {
    struct Transfer: Sendable {
        var held: [UInt8]
        var hasEnded: Bool
    }

    private final class Peer {
        let id: ConnectionID
        var address = PeerAddress(high: 0, low: 0)
        var held: [UInt8]
        var outbox: [UInt8] = []
        var target: Int?
        var isPaused = false
        var hasEnded = false
        var isClosing = false

        init(_ id: ConnectionID, held: [UInt8] = []) {
            self.id = id
            self.held = held
        }
    }

    private let shard: Int
    private var peers: [ConnectionID: Peer] = [:]
    private var effects = TickEffects<Transfer>()
    private(set) var nextDeadline: Milliseconds?
    let counted = Counters()
    /// What it saw, for tests that count.
    let log: EchoLog

    init(_ shard: Int, _ log: EchoLog) {
        self.shard = shard
        self.log = log
    }

    var hasEffects: Bool {
        !effects.dirty.isEmpty || !effects.handOffs.isEmpty || !effects.closing.isEmpty || !effects.resumed.isEmpty
    }

    func opened(_ id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool, now: Milliseconds) {
        let entry = Peer(id)
        entry.address = peer
        peers[id] = entry
        log.opened.add(1, ordering: .relaxed)
    }

    func adopt(_ id: ConnectionID, _ transfer: Transfer, now: Milliseconds) {
        let peer = Peer(id, held: transfer.held)
        peers[id] = peer
        log.moved.add(1, ordering: .relaxed)
        work(peer)
        if transfer.hasEnded { ended(id, now: now) }
    }

    func received(_ id: ConnectionID, _ bytes: inout MutableSpan<UInt8>, now: Milliseconds) {
        log.reads.add(1, ordering: .relaxed)
        guard let peer = peers[id] else { return }
        for index in bytes.indices { peer.held.append(bytes[index]) }
        work(peer)
    }

    func wantsInput(_ id: ConnectionID) -> Bool {
        guard let peer = peers[id] else { return false }
        peer.isPaused = peer.target != nil || peer.outbox.count > 1 << 20
        return !peer.isPaused
    }

    func ended(_ id: ConnectionID, now: Milliseconds) {
        guard let peer = peers[id] else { return }
        peer.hasEnded = true
        if peer.target == nil { finish(peer) }
    }

    func closed(_ id: ConnectionID, now: Milliseconds) {
        peers[id] = nil
        log.closed.add(1, ordering: .relaxed)
    }

    func answered(_ answers: [StoreAnswer], now: Milliseconds) {}
    func timer(now: Milliseconds) {}

    func drain(now: Milliseconds, within spread: Milliseconds) {
        for peer in peers.values { finish(peer) }
    }

    func peek(_ id: ConnectionID, into output: inout OutputSpan<UInt8>, now: Milliseconds) {
        guard let peer = peers[id] else { return }
        for byte in peer.outbox.prefix(output.freeCapacity) { output.append(byte) }
    }

    func sent(_ id: ConnectionID, _ count: Int, now: Milliseconds) -> Bool {
        guard let peer = peers[id] else { return false }
        log.sends.add(1, ordering: .relaxed)
        peer.outbox.removeFirst(count)
        if peer.outbox.isEmpty { depart(peer) }
        if peer.isPaused, peer.target == nil, peer.outbox.count < 1 << 19 {
            peer.isPaused = false
            effects.resumed.append(id)
        }
        // Perhaps: `peek` tells.
        return true
    }

    func endOfTick(now: Milliseconds) -> TickEffects<Transfer> {
        defer { effects = TickEffects() }
        return effects
    }

    private func work(_ peer: Peer) {
        while peer.target == nil, !peer.isClosing, let end = peer.held.firstIndex(of: 10) {
            let line = Array(peer.held[..<end])
            peer.held.removeFirst(end + 1)
            let number = Int(String(decoding: line.dropFirst(), as: UTF8.self))
            switch (line.first, number) {
            case (UInt8(ascii: "G"), let target?) where target != shard: peer.target = target
            case (UInt8(ascii: "G"), _?): break
            case (UInt8(ascii: "P"), let count?):
                peer.outbox.append(contentsOf: repeatElement(UInt8(ascii: "p"), count: count))
            case (UInt8(ascii: "S"), nil): peer.outbox += Array("\(shard)\n".utf8)
            case (UInt8(ascii: "W"), nil):
                peer.outbox += Array(
                    "\(String(peer.address.high, radix: 16)) \(String(peer.address.low, radix: 16))\n".utf8)
            case (UInt8(ascii: "X"), nil):
                peer.outbox += Array("bye\n".utf8)
                finish(peer)
            default: peer.outbox += line + [10]
            }
        }
        if !peer.outbox.isEmpty { effects.dirty.append(peer.id) }
        depart(peer)
    }

    private func depart(_ peer: Peer) {
        guard let target = peer.target, peer.outbox.isEmpty, peers[peer.id] != nil else { return }
        peers[peer.id] = nil
        effects.handOffs.append((peer.id, shard: target, Transfer(held: peer.held, hasEnded: peer.hasEnded)))
    }

    private func finish(_ peer: Peer) {
        guard !peer.isClosing else { return }
        peer.isClosing = true
        effects.closing.append(peer.id)
    }
}

final class EchoLog: Sendable {
    let opened = Atomic<Int>(0)
    let closed = Atomic<Int>(0)
    let moved = Atomic<Int>(0)
    let reads = Atomic<Int>(0)
    let sends = Atomic<Int>(0)
}

/// A running group of shards that echo.
struct EchoServer {
    let group: ShardGroup<EchoLogic>
    let port: UInt16
    let log = EchoLog()

    init(shards: Int, tls: Certificates? = nil, connectionLimit: Int = .max, proxies: [String] = []) throws {
        let listener = try Listener(host: "127.0.0.1", port: 0)
        port = listener.port
        var plan = ShardGroup<EchoLogic>.Plan(
            store: SilentStore(), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        plan.shards = shards
        plan.tls = tls
        plan.connectionLimit = connectionLimit
        plan.proxies = proxies.compactMap { AddressRange($0) }
        plan.listeners = [.init(listener: listener, isSecure: tls != nil, isOperator: false)]
        let log = log
        group = try ShardGroup(plan) { shard, _ in EchoLogic(shard, log) }
        try group.start()
    }

    var ticks: UInt64 { group.shards.reduce(0) { $0 + $1.loop.statistics.ticks } }
    var enqueues: UInt64 { group.shards.reduce(0) { $0 + $1.loop.statistics.enqueues } }
}

/// A store that is never asked.
struct SilentStore: PasteStore {
    func submit(_ requests: [StoreRequest], answersTo sink: any StoreSink) {}
    var status: StoreStatus { .ready }
}
