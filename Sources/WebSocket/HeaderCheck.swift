/// Which side of a connection a session speaks for.
public enum Role: UInt8, Hashable, Sendable {
    /// Frames come masked and go unmasked.
    case server
    /// Frames come unmasked and go masked.
    case client
}

/// What one connection may make us hold.
public struct WebSocketLimits: Hashable, Sendable {
    /// Bytes of one message, all its frames together; over it the connection fails with 1009. Up to 2^31 - 1.
    public var messageBytes: Int

    /// - Parameter messageBytes: the default is the wire limit of version 1, 6 MiB + 64 KiB.
    public init(messageBytes: Int = 6 * 1_048_576 + 65_536) {
        self.messageBytes = messageBytes
    }
}

/// A rule of RFC 6455 that the peer broke: the code to close with, and a sentence that goes along as the reason.
struct ProtocolFailure: Error, Hashable, Sendable {
    let code: CloseCode
    /// At most 123 bytes: what fits into a close frame.
    let sentence: String

    init(_ code: CloseCode, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

/// Whether a frame may come now, judged by its header alone, before one byte of its payload is kept.
enum HeaderCheck {
    /// - Parameters:
    ///   - role: the role of the receiver.
    ///   - inMessage: whether a fragmented message is under way.
    ///   - messageBytes: bytes of that message so far.
    ///   - limit: bytes that a message may have.
    ///   - mayCompress: whether permessage-deflate was agreed on.
    /// - Returns: what the frame is, or the rule it breaks.
    @inline(__always)
    static func check(
        _ header: FrameHeader, role: Role, inMessage: Bool, messageBytes: Int, limit: Int, mayCompress: Bool = false
    ) throws(ProtocolFailure) -> Opcode {
        // 5.2: "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values." RFC 7692
        // section 6 gives RSV1 one: on the first frame of a message, not on others and not on control frames.
        guard header.reservedBits == 0 || header.isCompressed && mayCompress else {
            throw ProtocolFailure(.protocolError, "A reserved bit is set and no extension was agreed on.")
        }
        // 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
        guard let opcode = Opcode(rawValue: header.rawOpcode) else {
            throw ProtocolFailure(.protocolError, "The opcode is reserved.")
        }
        // 5.1: "The server MUST close the connection upon receiving a frame that is not masked." "A client MUST close a
        // connection if it detects a masked frame."
        guard (header.maskingKey != nil) == (role == .server) else {
            throw ProtocolFailure(
                .protocolError,
                role == .server ? "A client must mask its frames." : "A server must not mask its frames.")
        }
        // 5.2: "the minimal number of bytes MUST be used to encode the length"
        guard header.lengthBytes == FrameHeader.lengthBytes(for: header.payloadBytes) else {
            throw ProtocolFailure(.protocolError, "The length is not in its shortest form.")
        }
        // 5.2: "a 64-bit unsigned integer (the most significant bit MUST be 0)"
        guard header.payloadBytes <= UInt64(Int64.max) else {
            throw ProtocolFailure(.protocolError, "The length has more than 63 bits.")
        }
        guard !header.isCompressed || opcode == .text || opcode == .binary else {
            throw ProtocolFailure(.protocolError, "RSV1 is set on a frame that does not begin a message.")
        }
        switch opcode {
        case .close, .ping, .pong:
            // 5.5: "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
            guard header.isFinal else {
                throw ProtocolFailure(.protocolError, "A control frame must not be fragmented.")
            }
            guard header.payloadBytes <= 125 else {
                throw ProtocolFailure(.protocolError, "A control frame must not be longer than 125 bytes.")
            }
            return opcode
        case .continuation:
            // 5.4: a continuation frame continues a message; there must be one.
            guard inMessage else {
                throw ProtocolFailure(.protocolError, "There is no message to continue.")
            }
        case .text, .binary:
            // 5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message"
            guard !inMessage else {
                throw ProtocolFailure(.protocolError, "The message before is not finished.")
            }
        }
        // 7.4.1: 1009, "a message that is too big for it to process"; 10.4: limits on the size of a message.
        guard header.payloadBytes <= UInt64(max(limit &- messageBytes, 0)) else {
            throw ProtocolFailure(.messageTooBig, "A message must not be longer than \(limit) bytes.")
        }
        return opcode
    }
}
