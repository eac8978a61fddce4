import CLinux
import HTTP1
import HTTPTypes
import WebSocket

/// A client that sends back every message: one blocking socket under the client's side of `WebSocketSession`.
struct EchoClient: ~Copyable {
    struct Failure: Error {
        let sentence: String
    }

    private let descriptor: Int32
    private var session = WebSocketSession(role: .client)
    private let codec = DeflateCodec()
    private var random = SystemRandomNumberGenerator()

    /// Connects and shakes hands.
    init(port: UInt16, target: String) throws {
        descriptor = pasted_connect("127.0.0.1", port)
        guard descriptor >= 0 else { throw Failure(sentence: "can not connect to port \(port)") }
        _ = pasted_no_delay(descriptor)
        let handshake = ClientHandshake(nonce: (random.next(), random.next()), offersDeflate: true)
        try send(handshake.request(host: "127.0.0.1:\(port)", target: target))
        var parser = ResponseHeadParser()
        // Byte by byte: what follows the head is not HTTP.
        var byte: UInt8 = 0
        while pasted_receive(descriptor, &byte, 1) == 1 {
            var offset = 0
            let bytes = [byte]
            switch parser.next(bytes.span, at: &offset) {
            case nil: continue
            case .failed(let sentence): throw Failure(sentence: sentence)
            case .head(let head):
                let agreed = try handshake.check(head)
                session = WebSocketSession(
                    role: .client, limits: WebSocketLimits(messageBytes: 16 << 20), deflate: agreed.deflate)
                return
            }
        }
        throw Failure(sentence: "the server ended during the handshake")
    }

    deinit { _ = pasted_close(descriptor) }

    /// Answers until the server closes the TCP connection.
    ///
    /// - Parameter echoes: whether to send messages back.
    /// - Returns: the last message.
    mutating func run(echoes: Bool) throws -> [UInt8] {
        var last: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = pasted_receive(descriptor, &buffer, buffer.count)
            // The suite resets some connections.
            guard count > 0 else { return last }
            var output: [UInt8] = []
            var offset = 0
            var whole = buffer.mutableSpan
            var bytes = whole._mutatingExtracting(first: Int(count))
            while let event = session.next(&bytes, at: &offset, codec: codec, maskingKey: random.next()) {
                switch event {
                case .message(let kind, .inPlace(let range)):
                    last = []
                    for index in range { last.append(bytes[index]) }
                    if echoes { output += frame(kind, last) }
                case .message(let kind, .assembled(let message)), .message(let kind, .inflated(let message)):
                    last = message
                    if echoes { output += frame(kind, message) }
                case .ping(let reply): output += reply
                case .pong: break
                case .closed(_, let reply): output += reply ?? []
                case .failed(_, let reply): output += reply
                }
            }
            try? send(output)
            codec.beginTick()
        }
    }

    private mutating func frame(_ kind: MessageKind, _ payload: [UInt8]) -> [UInt8] {
        ClientFrame.message(
            kind, payload, window: session.deflateWindow, codec: codec, maskingKey: random.next())
    }

    private func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { pasted_send(descriptor, $0, buffer.count) } ?? 0
            }
            guard count > 0 else { throw Failure(sentence: "the server does not read") }
            rest = rest.dropFirst(Int(count))
        }
    }
}
