import Testing

@testable import WebSocket

/// One vector of Protocol/vectors/websocket/frames.json or deflate.json.
struct FrameVector: Decodable, CustomTestStringConvertible, Sendable {
    /// Hexadecimal text, or a list of such texts and of repetitions.
    struct Bytes: Decodable, Hashable {
        private struct Repetition: Decodable {
            let hex: String
            let times: Int
        }
        private struct Part: Decodable {
            let bytes: [UInt8]
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let hex = try? container.decode(String.self) {
                    bytes = Bytes.parse(hex)
                } else {
                    let run = try container.decode(Repetition.self)
                    bytes = (0..<run.times).flatMap { _ in Bytes.parse(run.hex) }
                }
            }
        }
        let bytes: [UInt8]
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let hex = try? container.decode(String.self) {
                bytes = Bytes.parse(hex)
            } else {
                bytes = try container.decode([Part].self).flatMap(\.bytes)
            }
        }
        private static func parse(_ hex: String) -> [UInt8] {
            let digits = hex.utf8.map { UInt8($0 >= 0x61 ? $0 - 0x57 : $0 - 0x30) }
            return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }
    }

    enum Event: Decodable, Hashable {
        case message(String, Bytes)
        case ping(Bytes)
        case pong
        case closed(Int?, reply: Bytes?)
        case failed(Int)

        private enum Keys: CodingKey { case message, payload, ping, pong, closed, reply, failed }
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            if let kind = try container.decodeIfPresent(String.self, forKey: .message) {
                self = .message(kind, try container.decode(Bytes.self, forKey: .payload))
            } else if let payload = try container.decodeIfPresent(Bytes.self, forKey: .ping) {
                self = .ping(payload)
            } else if container.contains(.closed) {
                self = .closed(
                    try container.decodeIfPresent(Int.self, forKey: .closed),
                    reply: try container.decodeIfPresent(Bytes.self, forKey: .reply))
            } else if let code = try container.decodeIfPresent(Int.self, forKey: .failed) {
                self = .failed(code)
            } else {
                _ = try container.decode(Bool.self, forKey: .pong)
                self = .pong
            }
        }
    }

    let name: String
    let section: String
    let role: String
    let limit: Int?
    let deflate: Bool?
    let bytes: Bytes
    let events: [Event]
    var testDescription: String { name }

    /// The events of the bytes when they come in these pieces.
    func replay(_ pieces: [ArraySlice<UInt8>]) -> [Event] {
        let receiver: Role = role == "server" ? .server : .client
        var session = WebSocketSession(
            role: receiver, limits: limit.map { WebSocketLimits(messageBytes: $0) } ?? WebSocketLimits(),
            deflate: deflate == true ? PerMessageDeflate(windowBits: 15) : nil)
        let codec = DeflateCodec()
        var events: [Event] = []
        for piece in pieces {
            for event in session.events(Array(piece), codec) {
                events.append(FrameVector.described(event, receiver))
            }
        }
        return events
    }

    /// With replies taken apart by the session of the other side, so that they are judged as strictly as input is.
    private static func described(_ event: Delivered, _ receiver: Role) -> Event {
        switch event {
        case .message(let kind, let bytes): return .message(kind == .text ? "text" : "binary", Bytes(bytes))
        case .other(.ping(let reply)):
            let (header, payload) = taken(reply, receiver)
            #expect(header == 0x8A)
            return .ping(Bytes(payload))
        case .other(.closed(let code, let reply)):
            let payload = reply.map { frame in
                let (header, payload) = taken(frame, receiver)
                #expect(header == 0x88)
                return Bytes(payload)
            }
            return .closed(code.map(Int.init), reply: payload)
        case .other(.failed(let code, let reply)):
            let (header, payload) = taken(reply, receiver)
            #expect(header == 0x88)
            #expect(payload.prefix(2) == [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)])
            #expect(payload.count > 10 && payload.count <= 125, "a sentence says why")
            return .failed(Int(code.rawValue))
        case .other: return .pong
        }
    }

    /// First byte and unmasked payload of a short frame; a client's must be masked, a server's must not.
    private static func taken(_ frame: [UInt8], _ sender: Role) -> (UInt8, [UInt8]) {
        #expect(frame.count >= 2)
        let isMasked = frame[1] & 0x80 != 0
        #expect(isMasked == (sender == .client))
        let start = isMasked ? 6 : 2
        let key = isMasked ? Array(frame[2..<6]) : [0, 0, 0, 0]
        #expect(!isMasked || key == [0x04, 0x03, 0x02, 0x01])
        let payload = frame[start...].enumerated().map { $0.element ^ key[$0.offset & 3] }
        #expect(Int(frame[1] & 0x7F) == payload.count)
        return (frame[0], payload)
    }
}

/// An event with the bytes that it speaks of.
enum Delivered: Hashable {
    case message(MessageKind, [UInt8])
    case other(WebSocketEvent)
}

extension WebSocketSession {
    /// All events of a piece.
    mutating func events(_ piece: [UInt8], _ codec: DeflateCodec? = nil) -> [Delivered] {
        var buffer = piece
        var events: [Delivered] = []
        var offset = 0
        while true {
            var span = buffer.mutableSpan
            guard let event = next(&span, at: &offset, codec: codec, maskingKey: 0x0102_0304) else { break }
            switch event {
            case .message(let kind, .inPlace(let range)): events.append(.message(kind, Array(buffer[range])))
            case .message(let kind, .assembled(let bytes)), .message(let kind, .inflated(let bytes)):
                events.append(.message(kind, bytes))
            default: events.append(.other(event))
            }
        }
        #expect(offset == piece.count, "all bytes are eaten before nil")
        return events
    }
}
