/// Frames that go out: the header and the payload in one array, final and unfragmented.
enum OutgoingFrame {
    /// - Parameter maskingKey: nil for a server.
    static func bytes(
        _ opcode: Opcode, _ payload: borrowing Span<UInt8>, isCompressed: Bool = false, maskingKey: UInt32? = nil
    ) -> [UInt8] {
        let header = FrameHeader(
            opcode, isCompressed: isCompressed, maskingKey: maskingKey, payloadBytes: payload.count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(header.byteCount &+ payload.count)
        bytes.append(contentsOf: repeatElement(0, count: header.byteCount))
        let start = bytes.count
        bytes.append(copying: payload, payload.indices)
        let end = bytes.count
        var span = bytes.mutableSpan
        header.write(into: &span)
        if let maskingKey { Masking.apply(maskingKey, to: &span, start..<end) }
        return bytes
    }

    /// A close frame (section 5.5.1): a code and a reason of at most 123 bytes, cut between two scalars.
    ///
    /// A code that must not be sent (section 7.4.1) leaves the frame empty.
    static func close(_ code: CloseCode?, reason: String = "", maskingKey: UInt32? = nil) -> [UInt8] {
        var payload: [UInt8] = []
        if let code, code.isSendable {
            payload += [UInt8(truncatingIfNeeded: code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
            for scalar in reason.unicodeScalars {
                let encoded = UTF8.encode(scalar)
                guard let encoded, payload.count + encoded.count <= 125 else { break }
                payload += encoded
            }
        }
        return bytes(.close, payload.span, maskingKey: maskingKey)
    }
}

/// Frames of a server: unmasked, so one array serves every viewer (RFC 6455 section 5.1).
public enum ServerFrame {
    /// A text message. The payload must be UTF-8; it is not judged again.
    public static func text(_ payload: [UInt8]) -> [UInt8] { OutgoingFrame.bytes(.text, payload.span) }

    /// A binary message.
    public static func binary(_ payload: [UInt8]) -> [UInt8] { OutgoingFrame.bytes(.binary, payload.span) }

    /// A ping of at most 125 bytes; what is longer is cut (section 5.5).
    public static func ping(_ payload: [UInt8] = []) -> [UInt8] {
        OutgoingFrame.bytes(.ping, payload.span.extracting(..<min(payload.count, 125)))
    }
}

/// Frames of a client. Each takes 32 fresh bits that a page's script can not predict (RFC 6455 sections 5.3 and 10.3).
public enum ClientFrame {
    /// A text message. The payload must be UTF-8; it is not judged again.
    public static func text(_ payload: [UInt8], maskingKey: UInt32) -> [UInt8] {
        OutgoingFrame.bytes(.text, payload.span, maskingKey: maskingKey)
    }

    /// A binary message.
    public static func binary(_ payload: [UInt8], maskingKey: UInt32) -> [UInt8] {
        OutgoingFrame.bytes(.binary, payload.span, maskingKey: maskingKey)
    }

    /// A message, compressed if that was agreed on and pays. The payload of a text must be UTF-8.
    ///
    /// - Parameters:
    ///   - window: the session's ``WebSocketSession/deflateWindow``.
    ///   - codec: the thread's.
    public static func message(
        _ kind: MessageKind, _ payload: [UInt8], window: DeflateWindow, codec: DeflateCodec, maskingKey: UInt32
    ) -> [UInt8] {
        guard let compressed = codec.deflate(payload.span, window) else {
            return OutgoingFrame.bytes(kind.opcode, payload.span, maskingKey: maskingKey)
        }
        return OutgoingFrame.bytes(kind.opcode, compressed.span, isCompressed: true, maskingKey: maskingKey)
    }

    /// A ping of at most 125 bytes; what is longer is cut (section 5.5).
    public static func ping(_ payload: [UInt8] = [], maskingKey: UInt32) -> [UInt8] {
        OutgoingFrame.bytes(.ping, payload.span.extracting(..<min(payload.count, 125)), maskingKey: maskingKey)
    }
}
