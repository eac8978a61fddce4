/// What a message holds.
public enum MessageKind: UInt8, Hashable, Sendable {
    /// UTF-8, already judged valid.
    case text
    /// Any bytes.
    case binary

    /// The opcode of a message's first frame.
    var opcode: Opcode { self == .text ? .text : .binary }
}

/// Where the bytes of a message are.
public enum MessagePayload: Hashable, Sendable {
    /// A range of the caller's buffer, unmasked there: the message came whole and was not copied. Valid until that
    /// buffer changes.
    case inPlace(Range<Int>)
    /// Gathered from several frames or several reads.
    case assembled([UInt8])
    /// Decompressed: it took more work than its bytes on the wire tell.
    case inflated([UInt8])
}

/// What a ``WebSocketSession`` found next. A `reply` is a whole frame: send it as it is, after what is queued already.
public enum WebSocketEvent: Hashable, Sendable {
    /// A whole message.
    case message(MessageKind, MessagePayload)
    /// A ping; the reply is the pong that RFC 6455 section 5.5.2 requires.
    case ping(reply: [UInt8])
    /// A pong, asked for or not (section 5.5.3).
    case pong
    /// The peer's close frame, with its code if it had one. Send the reply, if there is one, then close the TCP
    /// connection; a client lets the server do so first (section 7.1.1).
    case closed(code: UInt16?, reply: [UInt8]?)
    /// The peer broke a rule. Send the reply (empty if a close frame went out before), then close the TCP connection
    /// (section 7.1.7).
    case failed(CloseCode, reply: [UInt8])
}
