import HTTP1
import PasteProtocol
import WebSocket

/// A device's end of a connection, in real bytes: the opening handshake, frames, messages.
struct ClientWire {
    /// What came in.
    enum Heard {
        case opened
        case message(ServerMessage)
        case closed(UInt16?)
        /// The server broke a rule.
        case broken(String)
    }

    private let handshake: ClientHandshake
    private let dice: Dice
    /// Reads the server's answer to the handshake; `nil` once that is whole.
    private var head: ResponseHeadParser? = ResponseHeadParser()
    private var socket = WebSocketSession(role: .client, limits: Self.limits)
    private let codec = DeflateCodec()
    private static let limits = WebSocketLimits(messageBytes: 64 << 20)

    init(dice: Dice, offersDeflate: Bool = false) {
        self.dice = dice
        handshake = ClientHandshake(
            nonce: (dice.next(), dice.next()), subprotocols: ["pasted.v1"], offersDeflate: offersDeflate)
    }

    /// Whether compression was agreed on.
    var deflates: Bool { socket.deflateWindow != .none }

    /// The first bytes to send.
    var request: [UInt8] { handshake.request(host: "pasted.test", target: "/live") }

    func frame(_ message: ClientMessage) -> [UInt8] {
        var json: [UInt8] = []
        message.encode(into: &json)
        codec.beginTick()
        return ClientFrame.message(
            .text, json, window: socket.deflateWindow, codec: codec,
            maskingKey: UInt32(truncatingIfNeeded: dice.next()))
    }

    func text(_ json: String) -> [UInt8] {
        ClientFrame.text(Array(json.utf8), maskingKey: UInt32(truncatingIfNeeded: dice.next()))
    }

    mutating func close() -> [UInt8]? {
        socket.close(.normal, reason: "", maskingKey: 1)
    }

    /// Takes bytes in.
    /// - Parameter reply: Sends bytes back.
    mutating func hear(_ bytes: [UInt8], reply: ([UInt8]) -> Void) -> [Heard] {
        var heard: [Heard] = []
        var bytes = bytes
        var offset = 0
        var span = bytes.mutableSpan
        switch head?.next(span.span, at: &offset) {
        case .failed(let sentence):
            return [.broken("the handshake: \(sentence)")]
        case .head(let answer):
            head = nil
            do {
                let agreed = try handshake.check(answer)
                socket = WebSocketSession(role: .client, limits: Self.limits, deflate: agreed.deflate)
            } catch {
                return [.broken("the handshake: \(error)")]
            }
            heard.append(.opened)
        case nil where head != nil:
            return []
        case nil:
            break
        }
        while let event = socket.next(&span, at: &offset, codec: codec, maskingKey: 7) {
            switch event {
            case .message(.text, .inPlace(let range)):
                heard.append(Self.read(span.span.extracting(range)))
            case .message(.text, .assembled(let message)), .message(.text, .inflated(let message)):
                heard.append(Self.read(message.span))
            case .message(.binary, _):
                heard.append(.broken("a binary message"))
            case .ping(let pong):
                reply(pong)
            case .pong:
                break
            case .closed(let code, let frame):
                if let frame { reply(frame) }
                heard.append(.closed(code))
            case .failed(let code, _):
                heard.append(.broken("the server's frames are wrong: \(code.rawValue)"))
            }
        }
        return heard
    }

    private static func read(_ json: Span<UInt8>) -> Heard {
        do {
            return .message(try ServerMessage(json: json))
        } catch {
            return .broken("a message that can not be read: \(error)")
        }
    }
}
