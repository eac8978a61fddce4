// One connection to a server: a socket, TLS on it, the WebSocket handshake, then messages.
//
//     dial --TLS handshake--> request --101--> open --close--> gone
//
// Confined to one thread. Nothing blocks but `init`, for at most `dialPatience`.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import Reactor
import TLS
import WebSocket

/// A WebSocket connection to a server.
final class Link {
    /// What came.
    enum Arrival {
        /// The handshake is over: messages may be sent.
        case opened
        case message([UInt8])
        /// The connection is over. With a 1006 and a reason when it was not closed properly.
        case closed(code: UInt16, ClientFailure?)
    }

    /// The longest wait for an address to answer, in milliseconds.
    private static let dialPatience: Int32 = 5_000
    /// Bytes that one receive call takes at most.
    private static let receiveBytes = 128 * 1024
    /// No message of a server is longer: far above what any limit allows, so that memory has an end.
    private static let messageBytes = 1 << 30

    private let address: ServerAddress
    private let socket: Socket
    private let wire: TLSWire?
    private var tls: TLSSession?
    private let trust: Trust
    private let handshake: ClientHandshake
    private var head: ResponseHeadParser? = ResponseHeadParser()
    private var frames = WebSocketSession(role: .client, limits: WebSocketLimits(messageBytes: messageBytes))
    private var random = SystemRandomNumberGenerator()
    /// Plaintext that waits to be encrypted, and what the socket did not take yet.
    private var outgoing = ByteQueue()
    private var unsent = ByteQueue()
    private var received = [UInt8](repeating: 0, count: receiveBytes)
    private var plaintext = [UInt8](repeating: 0, count: receiveBytes)
    private(set) var isGone = false
    private var arrivals: [Arrival] = []

    /// Connects; blocks until a TCP connection is there.
    init(to address: ServerAddress, context: TLSContext?, trust: Trust) throws(ClientFailure) {
        self.address = address
        self.trust = trust
        do throws(DialError) {
            socket = try .dial(host: address.host, port: address.port, timeoutMilliseconds: Self.dialPatience)
        } catch {
            switch error {
            case .noSuchHost: throw ClientFailure(.unreachable, "There is no host called \(address.host).")
            case .system(let error):
                throw ClientFailure(.unreachable, "\(address) can not be reached (\(error)).")
            }
        }
        handshake = ClientHandshake(
            nonce: (random.next(), random.next()), subprotocols: ["pasted.v1"])
        do throws(TLSError) {
            wire = try address.isSecure ? TLSWire() : nil
            if let wire, let context {
                tls = try TLSSession(connectingTo: address.host, context, on: wire)
                if case .pinned(let fingerprint) = trust { tls?.pin(fingerprint) }
            }
        } catch {
            throw ClientFailure(.failed, "\(error)")
        }
        outgoing.append(handshake.request(host: address.authority, target: "/live"))
        try flush()
    }

    /// What to wait for.
    var awaited: Awaited { socket.awaiting(input: true, output: !unsent.isEmpty) }

    /// Bytes that wait to be sent: give it no more messages while they are many.
    var waitingBytes: Int { outgoing.count + unsent.count }

    /// Queues a message and sends what goes.
    func send(_ message: ClientMessage) throws(ClientFailure) {
        var json: [UInt8] = []
        message.encode(into: &json)
        outgoing.append(ClientFrame.text(json, maskingKey: random.next()))
        try flush()
    }

    /// Says goodbye, as far as that goes without waiting.
    func close() {
        guard !isGone else { return }
        if head == nil, let frame = frames.close(.normal, maskingKey: random.next()) { outgoing.append(frame) }
        _ = try? flush()
        tls?.close()
        _ = try? sendWire()
        socket.shutDownOutput()
        isGone = true
    }

    /// Sends what waits, as far as the socket takes it.
    func flush() throws(ClientFailure) {
        try drain()
        while unsent.isEmpty, !outgoing.isEmpty {
            guard tls != nil else {
                unsent = outgoing
                outgoing = ByteQueue()
                return try drain()
            }
            let taken: Int
            do throws(TLSError) {
                taken = try tls?.encrypt(outgoing.front.span) ?? 0
            } catch {
                throw lost("\(error)")
            }
            try sendWire()
            // The handshake is not over.
            guard taken > 0 else { return }
            outgoing.remove(taken)
        }
    }

    private func sendWire() throws(ClientFailure) {
        guard let wire, wire.count > 0 else { return }
        unsent.append(wire.output(from: 0))
        wire.clear()
        try drain()
    }

    private func drain() throws(ClientFailure) {
        while !unsent.isEmpty {
            do throws(SystemError) {
                let count = try socket.send(unsent.front.span)
                guard count > 0 else { return }
                unsent.remove(count)
            } catch {
                throw lost("\(error)")
            }
        }
    }

    private func lost(_ reason: String) -> ClientFailure {
        isGone = true
        return ClientFailure(.unreachable, "The connection to \(address) is lost (\(reason)).")
    }

    // MARK: Receiving

    /// Takes what has come, one receive call's worth.
    /// - Throws: A certificate that is not accepted; everything else is an arrival.
    func receive() throws(DistrustedCertificate) -> [Arrival] {
        do throws(LinkEnd) {
            var room = received.mutableSpan
            let taken: Socket.Received
            do throws(SystemError) {
                taken = try socket.receive(into: &room)
            } catch {
                throw .failed(lost("\(error)"))
            }
            switch taken {
            case .nothing: break
            case .end: throw .failed(lost("the server hung up"))
            case .bytes(let count): try decrypt(count)
            }
        } catch {
            isGone = true
            switch error {
            case .distrusted(let certificate): throw certificate
            case .failed(let failure): arrivals.append(.closed(code: 1006, failure))
            case .closed(let code): arrivals.append(.closed(code: code ?? 1005, nil))
            }
        }
        defer { arrivals = [] }
        return arrivals
    }

    private enum LinkEnd: Error {
        case distrusted(DistrustedCertificate)
        case failed(ClientFailure)
        case closed(UInt16?)
    }

    private func decrypt(_ count: Int) throws(LinkEnd) {
        guard tls != nil else { return try take(&received, count) }
        let ciphertext = received
        var offset = 0
        while true {
            var room = plaintext.mutableSpan
            let result: TLSSession.Decrypted?
            do throws(TLSError) {
                result = try tls?.decrypt(ciphertext.span.extracting(first: count), at: &offset, into: &room)
            } catch {
                _ = try? sendWire()
                throw blame(error)
            }
            guard let result else { return }
            do throws(ClientFailure) {
                // Ours too, if it waited for the handshake.
                try sendWire()
                if tls?.isOpen == true { try flush() }
            } catch {
                throw .failed(error)
            }
            if result.count > 0 { try take(&plaintext, result.count) }
            switch result.stop {
            case .hungry: return
            case .ended: throw .failed(lost("the server hung up"))
            case .full, .blocked: break
            }
        }
    }

    private func blame(_ error: TLSError) -> LinkEnd {
        if let reason = tls?.distrust, let shown = tls?.peerFingerprint {
            var pinned: CertificateFingerprint?
            if case .pinned(let fingerprint) = trust { pinned = fingerprint }
            return .distrusted(DistrustedCertificate(shown: shown, pinned: pinned, reason: reason))
        }
        isGone = true
        return .failed(ClientFailure(.unreachable, "\(address) does not speak TLS as we do (\(error))."))
    }

    private func take(_ buffer: inout [UInt8], _ count: Int) throws(LinkEnd) {
        var whole = buffer.mutableSpan
        var bytes = whole._mutatingExtracting(first: count)
        var offset = 0
        if head != nil { try takeHead(bytes.span, &offset) }
        guard head == nil else { return }
        while let event = frames.next(&bytes, at: &offset, maskingKey: random.next()) {
            switch event {
            case .message(.text, .inPlace(let range)):
                arrivals.append(.message(Array(copying: bytes.span, range)))
            case .message(.text, .assembled(let message)), .message(.text, .inflated(let message)):
                arrivals.append(.message(message))
            case .message(.binary, _):
                throw .failed(ClientFailure(.unreachable, "\(address) does not speak this protocol."))
            case .ping(let reply): try answer(reply)
            case .pong: break
            case .closed(let code, let reply):
                if let reply { try answer(reply) }
                throw .closed(code)
            case .failed(let code, let reply):
                try answer(reply)
                throw .failed(
                    ClientFailure(.unreachable, "\(address) does not speak WebSocket properly (\(code.rawValue))."))
            }
        }
    }

    private func answer(_ frame: [UInt8]) throws(LinkEnd) {
        outgoing.append(frame)
        do throws(ClientFailure) {
            try flush()
        } catch {
            throw .failed(error)
        }
    }

    /// The answer to the handshake.
    private func takeHead(_ bytes: Span<UInt8>, _ offset: inout Int) throws(LinkEnd) {
        switch head?.next(bytes, at: &offset) {
        case nil: return
        case .failed(let sentence):
            throw .failed(ClientFailure(.unreachable, "\(address) is no Pasted server: \(sentence)"))
        case .head(let response):
            do throws(ClientHandshake.Failure) {
                _ = try handshake.check(response)
            } catch {
                switch error {
                case .refused(let status) where status == 429 || status >= 500:
                    throw .failed(ClientFailure(.unreachable, "\(address) has no room now (HTTP status \(status))."))
                case .refused(let status):
                    throw .failed(
                        ClientFailure(.unreachable, "\(address) is no Pasted server (HTTP status \(status))."))
                case .invalid(let sentence):
                    throw .failed(ClientFailure(.unreachable, "\(address) is no Pasted server: \(sentence)"))
                }
            }
            head = nil
            arrivals.append(.opened)
        }
    }
}

extension [UInt8] {
    fileprivate init(copying span: Span<UInt8>, _ range: Range<Int>) {
        self.init()
        append(addingCapacity: range.count) { room in
            for index in range { room.append(span[index]) }
        }
    }
}
