import HTTP1
import HTTPTypes
import PasteCore
import PasteModel
import PasteServer
import PasteStore
import WebSocket

/// A shard's service that sends back every WebSocket message, on the reactor, TLS and WebSocket of the real one.
final class EchoService: ShardLogic {
    /// Connections stay where they are.
    struct Transfer: Sendable {}

    private final class Peer {
        let id: ConnectionID
        var parser = RequestParser(limits: HTTPLimits())
        var head: RequestHead?
        var session: WebSocketSession?
        var output: [UInt8] = []
        var sentBytes = 0
        var isPaused = false
        var isClosing = false

        init(_ id: ConnectionID) { self.id = id }

        var waitingBytes: Int { output.count - sentBytes }
    }

    /// Bytes of one message: the suite's largest are of 16 MiB.
    private static let limits = WebSocketLimits(messageBytes: 16 << 20)
    /// Bytes that wait for a peer before nothing more is read from it.
    private static let highWaterBytes = 1 << 20
    /// From the end of our side to the end of the connection, at most.
    private static let closeMilliseconds: Milliseconds = 5_000

    private var peers: [ConnectionID: Peer] = [:]
    private var effects = TickEffects<Transfer>()
    private let codec = DeflateCodec()
    /// When connections that are on their way out are cut off, in the order of their leaving.
    private var leaving: [(id: ConnectionID, at: Milliseconds)] = []
    let counted = Counters()

    var nextDeadline: Milliseconds? { leaving.first?.at }

    var hasEffects: Bool {
        !effects.dirty.isEmpty || !effects.resumed.isEmpty || !effects.closing.isEmpty || !effects.aborting.isEmpty
    }

    func opened(_ id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool, now: Milliseconds) {
        peers[id] = Peer(id)
    }

    func adopt(_ id: ConnectionID, _ transfer: Transfer, now: Milliseconds) {}

    func received(_ id: ConnectionID, _ bytes: inout MutableSpan<UInt8>, now: Milliseconds) {
        guard let peer = peers[id] else { return }
        var offset = 0
        while !peer.isClosing {
            let hasMore =
                peer.session == nil
                ? takeRequest(bytes.span, at: &offset, peer, now) : takeFrame(&bytes, at: &offset, peer, now)
            guard hasMore else { break }
        }
        if peer.waitingBytes > 0 { effects.dirty.append(id) }
    }

    private func takeRequest(_ bytes: Span<UInt8>, at offset: inout Int, _ peer: Peer, _ now: Milliseconds) -> Bool {
        switch peer.parser.next(bytes, at: &offset) {
        case nil: return false
        case .head(let head): peer.head = head
        case .body: break
        case .failed(let failure):
            peer.output += failure.serialized(date: HTTPDate.text(secondsSince1970: now / 1_000), extra: [:])
            finish(peer, now)
        case .end:
            guard let head = peer.head else { break }
            switch Handshake.check(head, policy: Handshake.Policy()) {
            case .rejected(let failure):
                peer.output += failure.serialized(date: HTTPDate.text(secondsSince1970: now / 1_000), extra: [:])
                finish(peer, now)
            case .accepted(let response, _, let deflate):
                peer.output += response.serialized(body: .none, keepsAlive: true, date: nil)
                peer.session = WebSocketSession(role: .server, limits: Self.limits, deflate: deflate)
            }
        }
        return true
    }

    private func takeFrame(
        _ bytes: inout MutableSpan<UInt8>, at offset: inout Int, _ peer: Peer, _ now: Milliseconds
    ) -> Bool {
        guard let event = peer.session?.next(&bytes, at: &offset, codec: codec) else { return false }
        switch event {
        case .message(let kind, .inPlace(let range)):
            echo(kind, bytes.span.extracting(range), to: peer)
        case .message(let kind, .assembled(let message)), .message(let kind, .inflated(let message)):
            echo(kind, message.span, to: peer)
        case .ping(let reply):
            peer.output += reply
        case .pong:
            break
        case .closed(_, let reply):
            peer.output += reply ?? []
            finish(peer, now)
        case .failed(_, let reply):
            peer.output += reply
            finish(peer, now)
        }
        return true
    }

    private func echo(_ kind: MessageKind, _ message: Span<UInt8>, to peer: Peer) {
        var payload: [UInt8] = []
        payload.append(addingCapacity: message.count) { room in
            for index in message.indices { room.append(message[index]) }
        }
        var outgoing = OutgoingMessage(kind, payload)
        peer.output += outgoing.frame(for: peer.session?.deflateWindow ?? .none, by: codec)
    }

    func wantsInput(_ id: ConnectionID) -> Bool {
        guard let peer = peers[id] else { return false }
        peer.isPaused = peer.waitingBytes > Self.highWaterBytes
        return !peer.isPaused
    }

    func ended(_ id: ConnectionID, now: Milliseconds) {
        if let peer = peers[id] { finish(peer, now) }
    }

    func closed(_ id: ConnectionID, now: Milliseconds) {
        peers[id] = nil
        leaving.removeAll { $0.id == id }
    }

    func answered(_ answers: [StoreAnswer], now: Milliseconds) {}

    func timer(now: Milliseconds) {
        while let first = leaving.first, first.at <= now {
            effects.aborting.append(first.id)
            leaving.removeFirst()
        }
    }

    func drain(now: Milliseconds, within spread: Milliseconds) {
        for peer in peers.values { finish(peer, now) }
    }

    func peek(_ id: ConnectionID, into output: inout OutputSpan<UInt8>, now: Milliseconds) {
        guard let peer = peers[id] else { return }
        let end = min(peer.output.count, peer.sentBytes + output.freeCapacity)
        for index in peer.sentBytes..<end { output.append(peer.output[index]) }
    }

    func sent(_ id: ConnectionID, _ count: Int, now: Milliseconds) -> Bool {
        guard let peer = peers[id] else { return false }
        peer.sentBytes += count
        if peer.waitingBytes == 0 {
            peer.output = []
            peer.sentBytes = 0
        }
        if peer.isPaused, peer.waitingBytes < Self.highWaterBytes / 2 {
            peer.isPaused = false
            effects.resumed.append(id)
        }
        // Perhaps: `peek` tells.
        return true
    }

    func endOfTick(now: Milliseconds) -> TickEffects<Transfer> {
        codec.beginTick()
        defer { effects = TickEffects() }
        return effects
    }

    private func finish(_ peer: Peer, _ now: Milliseconds) {
        guard !peer.isClosing else { return }
        peer.isClosing = true
        if peer.waitingBytes > 0 { effects.dirty.append(peer.id) }
        effects.closing.append(peer.id)
        leaving.append((peer.id, at: now + Self.closeMilliseconds))
    }
}

/// A store that is never asked.
struct NoStore: PasteStore {
    func submit(_ requests: [StoreRequest], answersTo sink: any StoreSink) {}
    var status: StoreStatus { .ready }
}
