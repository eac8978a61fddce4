// A device: one connection with all its layers, from the socket to the protocol's messages. Confined to the driver's
// thread, like everything here.
//
//     dial --TLS handshake--> upgrade --101--> --welcome--> open
//
// What is sent waits until `flush`, at the end of the tick: a device that sends sixteen messages at once makes one
// system call, as a real one does.

import HTTP1
import PasteModel
import PasteProtocol
import Reactor
import TLS
import WebSocket

/// Why a connection ended before the load was over. Every one of them spoils the run.
struct Lost: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Does it; whatever goes wrong, the connection is lost by it.
private func lost<Value, Failure: Error>(_ what: String, _ body: () throws(Failure) -> Value) throws(Lost) -> Value {
    do throws(Failure) {
        return try body()
    } catch {
        throw Lost("\(what): \(error)")
    }
}

/// What a driver's devices share, for they are read one after the other.
final class Line {
    let wire: TLSWire?
    let server: Server
    var received = [UInt8](repeating: 0, count: 256 << 10)
    var plaintext = [UInt8](repeating: 0, count: 256 << 10)
    var random = SystemRandomNumberGenerator()

    init(to server: Server) throws {
        self.server = server
        wire = server.isSecure ? try TLSWire() : nil
    }
}

final class Device {
    let token: Token
    /// Where it sits; a device that has hung up leaves its number to the next.
    var number: Int { Int(token.slot) }
    /// Whether the server has said `welcome`.
    private(set) var isOpen = false
    /// What others see of this device in the paste that it follows; from the snapshot.
    var author: Author?
    /// The last event that came, or the snapshot's place.
    var seq: UInt64 = 0
    /// Scalars in the pad and items, as far as this device knows.
    var padLength = 0
    var itemCount = 0
    /// The last request's number.
    var ref: UInt64 = 0

    private let line: Line
    private let socket: Socket
    private var tls: TLSSession?
    private let handshake: ClientHandshake
    private var head: ResponseHeadParser? = ResponseHeadParser()
    private var frames = WebSocketSession(role: .client, limits: WebSocketLimits(messageBytes: 1 << 30))
    private var waiting: [UInt8] = []
    private var unsent: [UInt8] = []

    /// Dials; the handshakes go on as news comes.
    init(_ token: Token, on line: Line, resuming ticket: TLSTicket? = nil) throws {
        self.token = token
        self.line = line
        offersTicket = ticket != nil
        let server = line.server
        socket = try .dial(host: server.host, port: server.port, timeoutMilliseconds: 10_000)
        handshake = ClientHandshake(
            nonce: (line.random.next(), line.random.next()), subprotocols: ["pasted.v1"])
        if let wire = line.wire, let context = server.tls, let fingerprint = server.fingerprint {
            tls = try TLSSession(connectingTo: server.host, context, on: wire, resuming: ticket)
            tls?.pin(fingerprint)
            takeWire(wire)
        }
        waiting = handshake.request(host: "\(server.host):\(server.port)", target: "/live")
    }

    func register(with loop: EventLoop) throws {
        try loop.poller.add(socket, as: token)
    }

    /// What resumes the TLS session of this connection in a later one.
    var ticket: TLSTicket? { tls?.ticket }
    let offersTicket: Bool
    var wasResumed: Bool { tls?.wasResumed ?? false }

    // MARK: Sending

    /// Queues a message. Call `flush` before the tick ends.
    func send(_ message: ClientMessage) {
        var json: [UInt8] = []
        message.encode(into: &json)
        waiting += ClientFrame.text(json, maskingKey: line.random.next())
    }

    /// The next request's number.
    func nextRef() -> UInt64 {
        ref += 1
        return ref
    }

    /// Sends what waits, as far as it goes.
    func flush() throws(Lost) {
        if let wire = line.wire {
            let plaintext = waiting
            var taken = 0
            while taken < plaintext.count {
                let count = try lost("TLS") { () throws(TLSError) in
                    try tls?.encrypt(plaintext.span.extracting(droppingFirst: taken)) ?? 0
                }
                takeWire(wire)
                guard count > 0 else { break }
                taken += count
            }
            waiting = Array(plaintext[taken...])
        } else {
            unsent += waiting
            waiting.removeAll(keepingCapacity: true)
        }
        try sendUnsent()
    }

    private func sendUnsent() throws(Lost) {
        let bytes = unsent
        var sent = 0
        while sent < bytes.count {
            let count = try lost("sending") { () throws(SystemError) in
                try socket.send(bytes.span.extracting(droppingFirst: sent))
            }
            guard count > 0 else { break }
            sent += count
        }
        unsent = sent == bytes.count ? [] : Array(bytes[sent...])
    }

    private func takeWire(_ wire: TLSWire) {
        guard wire.count > 0 else { return }
        unsent += wire.output(from: 0)
        wire.clear()
    }

    // MARK: Receiving

    /// Takes what has come and hands on its messages, `welcome` included.
    /// - Parameter events: Behind `ended` everything is read up to the end, which is the error that it throws.
    func receive(_ events: Readiness.Events, _ take: (ServerMessage) -> Void) throws(Lost) {
        if events.contains(.writable) { try flush() }
        // Taken out while they are used: a span can not reach into a shared object.
        var received: [UInt8] = []
        swap(&received, &line.received)
        defer { swap(&received, &line.received) }
        while true {
            let taken = try lost("receiving") { () throws(SystemError) in
                var room = received.mutableSpan
                return try socket.receive(into: &room)
            }
            switch taken {
            case .nothing: return
            case .end: throw Lost("the server hung up")
            case .bytes(let count):
                try arrived(&received, count, take)
                if count < received.count, !events.contains(.ended) { return }
            }
        }
    }

    private func arrived(
        _ received: inout [UInt8], _ count: Int, _ take: (ServerMessage) -> Void
    ) throws(Lost) {
        guard let wire = line.wire else { return try read(&received, count, take) }
        var plaintext: [UInt8] = []
        swap(&plaintext, &line.plaintext)
        defer { swap(&plaintext, &line.plaintext) }
        let ciphertext = received
        var offset = 0
        while true {
            let decrypted = try lost("TLS") { () throws(TLSError) in
                var room = plaintext.mutableSpan
                return try tls?.decrypt(ciphertext.span.extracting(first: count), at: &offset, into: &room)
            }
            guard let result = decrypted else { return }
            takeWire(wire)
            if !unsent.isEmpty || !waiting.isEmpty { try flush() }
            if result.count > 0 { try read(&plaintext, result.count, take) }
            switch result.stop {
            case .hungry: return
            case .ended: throw Lost("the server said goodbye")
            case .full, .blocked: continue
            }
        }
    }

    private func read(_ buffer: inout [UInt8], _ count: Int, _ take: (ServerMessage) -> Void) throws(Lost) {
        var whole = buffer.mutableSpan
        var bytes = whole._mutatingExtracting(first: count)
        var offset = 0
        if head != nil {
            switch head?.next(bytes.span, at: &offset) {
            case nil: return
            case .failed(let sentence): throw Lost(sentence)
            case .head(let response):
                do throws(ClientHandshake.Failure) {
                    _ = try handshake.check(response)
                } catch {
                    throw Lost("no WebSocket: \(error)")
                }
            }
            head = nil
        }
        while let event = frames.next(&bytes, at: &offset, maskingKey: line.random.next()) {
            switch event {
            case .message(.text, .inPlace(let range)):
                try handOn(bytes.span.extracting(range), take)
            case .message(.text, .assembled(let json)), .message(.text, .inflated(let json)):
                try handOn(json.span, take)
            case .ping(let reply):
                waiting += reply
                try flush()
            case .pong: break
            case .message(.binary, _): throw Lost("a binary message")
            case .closed(let code, _): throw Lost("closed with \(code.map(String.init) ?? "no code")")
            case .failed(let code, _): throw Lost("a broken frame (\(code.rawValue))")
            }
        }
    }

    private func handOn(_ json: Span<UInt8>, _ take: (ServerMessage) -> Void) throws(Lost) {
        do throws(MessageError) {
            let message = try ServerMessage(json: json)
            if case .welcome = message { isOpen = true }
            take(message)
        } catch {
            throw Lost("a message that is none: \(error)")
        }
    }
}
