// One WebSocket after its handshake (RFC 6455 sections 5 to 8). Two machines run side by side, and all their transitions
// are in this file.
//
// The connection:
//
//   open ──close()──────────────> closing      our close frame went out; the peer's is awaited, data is dropped
//   open ──peer's close frame───> closed       .closed with the reply
//   open ──a broken rule────────> closed       .failed with our close frame
//   closing ──peer's close frame> closed       .closed, nothing to reply
//   closing ──a broken rule─────> closed       .failed, nothing to reply
//   closed                                     whatever comes is ignored
//
// The message, of which a control frame may come in the middle:
//
//   none ──text, binary──> fragments           FIN clear
//   none ──text, binary──> none                FIN set: .message
//   fragments ──continuation──> fragments      FIN clear
//   fragments ──continuation──> none           FIN set: .message
//
// Of a compressed message (RFC 7692) the compressed bytes are gathered, and it is decompressed and judged at its end:
// nothing of zlib's is kept for a connection, not even in the middle of a message.
//
// Within a frame: header (perhaps in pieces), then payload (perhaps in pieces), then the next header.

/// One side of one WebSocket connection: bytes in, ``WebSocketEvent``s and replies out, nothing else.
///
/// It is part of every idle connection, so it is small and holds no allocation between messages.
public struct WebSocketSession: Sendable {
    private enum Phase: UInt8 { case open, closing, closed }

    private var message = MessageAssembler()
    /// The beginning of a control frame's payload that came in pieces.
    private var control: [UInt8] = []
    private var header = PartialHeader()
    /// Bytes of the current frame's payload that are still to come.
    private var remaining = 0
    private let messageLimit: UInt32
    /// The current frame's masking key, turned by what came of its payload.
    private var maskingKey: UInt32 = 0
    private var utf8 = UTF8Validator()
    /// The current frame; nil before its header is whole.
    private var frame: Opcode?
    private var frameIsFinal = false
    private var messageIsCompressed = false
    /// What we may compress with; `none` is also for a connection that did not agree on it.
    public let deflateWindow: DeflateWindow
    private let mayCompress: Bool
    /// The message under way; nil between messages.
    private var kind: MessageKind?
    private var phase = Phase.open
    private let role: Role

    /// A session right after the handshake.
    ///
    /// - Parameter deflate: what the handshake agreed on.
    public init(role: Role, limits: WebSocketLimits = WebSocketLimits(), deflate: PerMessageDeflate? = nil) {
        self.role = role
        mayCompress = deflate != nil
        deflateWindow = deflate?.window ?? .none
        messageLimit = UInt32(clamping: min(limits.messageBytes, Int(Int32.max)))
    }

    /// Whether a frame or a fragmented message has begun and not ended: a deadline should run.
    public var isMidMessage: Bool { frame != nil || kind != nil || header.count > 0 }

    /// Bytes of memory that partial input holds: 0 between messages.
    public var reservedBytes: Int { message.reservedBytes &+ control.capacity }

    /// Whether messages may still be sent: no close frame went out or came in.
    public var isOpen: Bool { phase == .open }

    /// The next event in `bytes` from `offset` on.
    ///
    /// - Parameters:
    ///   - bytes: what came, in any pieces; payloads are unmasked in place.
    ///   - offset: where to read; moved behind what the event used.
    ///   - codec: the thread's, when the handshake agreed on compression.
    ///   - maskingKey: for a client: 32 fresh random bits, asked for when there is a reply. A server needs none.
    /// - Returns: nil when all bytes are used: call again with more.
    public mutating func next(
        _ bytes: inout MutableSpan<UInt8>, at offset: inout Int, codec: DeflateCodec? = nil,
        maskingKey: @autoclosure () -> UInt32 = 0
    ) -> WebSocketEvent? {
        do throws(ProtocolFailure) {
            while phase != .closed {
                if frame == nil {
                    guard try beginFrame(bytes.span, at: &offset) else { return nil }
                }
                let piece = takePayload(&bytes, at: &offset)
                let event =
                    switch frame {
                    case .close, .ping, .pong: try takeControl(bytes.span, piece, maskingKey)
                    default: try takeData(bytes.span, piece, codec)
                    }
                if let event { return event }
                guard frame == nil else { return nil }
            }
            offset = bytes.count
            return nil
        } catch {
            let reply = phase == .open ? close(error.code, reason: error.sentence, maskingKey: maskingKey()) : nil
            end()
            offset = bytes.count
            return .failed(error.code, reply: reply ?? [])
        }
    }

    /// Begins the close handshake (section 7.1.2).
    ///
    /// - Parameters:
    ///   - code: one that ``CloseCode/isSendable``; with another the frame is empty.
    ///   - reason: a sentence for a person; cut to 123 bytes.
    ///   - maskingKey: for a client: 32 fresh random bits.
    /// - Returns: the frame to send, after which no other may be sent; nil if a close went out or came in before. Then
    ///   wait for ``WebSocketEvent/closed(code:reply:)``, but not for ever.
    public mutating func close(
        _ code: CloseCode, reason: String = "", maskingKey: @autoclosure () -> UInt32 = 0
    ) -> [UInt8]? {
        guard phase == .open else { return nil }
        phase = .closing
        // What is under way will be dropped: keep nothing of it.
        _ = message.take()
        return OutgoingFrame.close(code, reason: reason, maskingKey: role == .client ? maskingKey() : nil)
    }

    /// Reads a header and judges it; false when bytes are missing.
    private mutating func beginFrame(
        _ bytes: borrowing Span<UInt8>, at offset: inout Int
    ) throws(ProtocolFailure) -> Bool {
        let whole: FrameHeader
        if header.count == 0, let found = FrameHeader(bytes, at: offset) {
            whole = found
            offset &+= found.byteCount
        } else if let found = header.take(bytes, at: &offset) {
            whole = found
        } else {
            return false
        }
        let opcode = try HeaderCheck.check(
            whole, role: role, inMessage: kind != nil, messageBytes: message.bytes.count,
            limit: messageIsCompressed || whole.isCompressed ? compressedLimit : Int(messageLimit),
            mayCompress: mayCompress)
        switch opcode {
        case .text: begin(.text, whole)
        case .binary: begin(.binary, whole)
        default: break
        }
        frame = opcode
        frameIsFinal = whole.isFinal
        maskingKey = whole.maskingKey ?? 0
        remaining = Int(truncatingIfNeeded: whole.payloadBytes)
        return true
    }

    private mutating func begin(_ kind: MessageKind, _ header: FrameHeader) {
        self.kind = kind
        messageIsCompressed = header.isCompressed
    }

    /// Bytes that a compressed message may have: deflate makes what it can not compress a little longer.
    private var compressedLimit: Int { Int(messageLimit) &+ Int(messageLimit) / 1_024 &+ 64 }

    /// What the buffer holds of the current frame's payload, unmasked; perhaps nothing.
    private mutating func takePayload(_ bytes: inout MutableSpan<UInt8>, at offset: inout Int) -> Range<Int> {
        let count = min(remaining, bytes.count &- offset)
        let piece = offset..<offset &+ count
        if role == .server {
            Masking.apply(maskingKey, to: &bytes, piece)
            maskingKey = Masking.turned(maskingKey, by: count)
        }
        offset &+= count
        remaining &-= count
        return piece
    }

    private mutating func takeData(
        _ bytes: borrowing Span<UInt8>, _ piece: Range<Int>, _ codec: DeflateCodec?
    ) throws(ProtocolFailure) -> WebSocketEvent? {
        let isWhole = remaining == 0 && frameIsFinal
        if remaining == 0 { frame = nil }
        guard phase == .open, let kind else {
            if isWhole { endMessage() }
            return nil
        }
        if messageIsCompressed { return try takeCompressed(bytes, piece, isWhole, kind, codec) }
        if kind == .text {
            guard utf8.accept(bytes, piece), !isWhole || utf8.isComplete else {
                throw ProtocolFailure(.invalidPayload, "A text message must be UTF-8.")
            }
        }
        if isWhole {
            endMessage()
            if message.bytes.isEmpty { return .message(kind, .inPlace(piece)) }
        }
        let expected = message.bytes.count &+ piece.count &+ remaining
        message.append(bytes, piece, expected: expected, limit: Int(messageLimit))
        return isWhole ? .message(kind, .assembled(message.take())) : nil
    }

    private mutating func takeCompressed(
        _ bytes: borrowing Span<UInt8>, _ piece: Range<Int>, _ isWhole: Bool, _ kind: MessageKind,
        _ codec: DeflateCodec?
    ) throws(ProtocolFailure) -> WebSocketEvent? {
        let gathered = message.bytes.count
        guard isWhole, gathered == 0 else {
            message.append(bytes, piece, expected: gathered &+ piece.count &+ remaining, limit: compressedLimit)
            guard isWhole else { return nil }
            let whole = message.take()
            return try endCompressed(whole.span, kind, codec)
        }
        return try endCompressed(bytes.extracting(piece), kind, codec)
    }

    private mutating func endCompressed(
        _ payload: borrowing Span<UInt8>, _ kind: MessageKind, _ codec: DeflateCodec?
    ) throws(ProtocolFailure) -> WebSocketEvent? {
        endMessage()
        guard let codec else { throw ProtocolFailure(.internalError, "The server can not decompress.") }
        let inflated = try codec.inflate(payload, limit: Int(messageLimit))
        if kind == .text {
            var utf8 = UTF8Validator()
            guard utf8.accept(inflated.span, inflated.indices), utf8.isComplete else {
                throw ProtocolFailure(.invalidPayload, "A text message must be UTF-8.")
            }
        }
        return .message(kind, .inflated(inflated))
    }

    private mutating func endMessage() {
        kind = nil
        messageIsCompressed = false
    }

    private mutating func takeControl(
        _ bytes: borrowing Span<UInt8>, _ piece: Range<Int>, _ maskingKey: () -> UInt32
    ) throws(ProtocolFailure) -> WebSocketEvent? {
        guard remaining == 0, control.isEmpty else {
            control.append(copying: bytes, piece)
            guard remaining == 0 else { return nil }
            let payload = control
            control = []
            return try endControl(payload.span, maskingKey)
        }
        return try endControl(bytes.extracting(piece), maskingKey)
    }

    /// A whole control frame (section 5.5).
    private mutating func endControl(
        _ payload: borrowing Span<UInt8>, _ maskingKey: () -> UInt32
    ) throws(ProtocolFailure) -> WebSocketEvent? {
        let opcode = frame
        frame = nil
        switch opcode {
        case .ping:
            // After our close frame nothing else may go out.
            guard phase == .open else { return nil }
            let key = role == .client ? maskingKey() : nil
            return .ping(reply: OutgoingFrame.bytes(.pong, payload, maskingKey: key))
        case .close:
            let code = try ClosePayload(payload).code
            let key = phase == .open && role == .client ? maskingKey() : nil
            let reply = phase == .open ? OutgoingFrame.close(code, maskingKey: key) : nil
            end()
            return .closed(code: code?.rawValue, reply: reply)
        default:
            return .pong
        }
    }

    /// The connection is over: nothing is kept.
    private mutating func end() {
        self = WebSocketSession(role: role, limits: WebSocketLimits(messageBytes: Int(messageLimit)))
        phase = .closed
    }
}
