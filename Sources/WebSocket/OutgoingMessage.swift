/// A message of a server, for one or many: encoded once, compressed once for each window that somebody has agreed
/// on, and not before. All who get the same bytes share one array.
public struct OutgoingMessage: Sendable {
    /// The frame as everybody understands it.
    public private(set) var plain: [UInt8]
    private let kind: MessageKind
    /// Where in it the payload begins.
    private let start: Int
    private var wide: [UInt8]?
    private var narrow: [UInt8]?

    /// A message; the payload of a text must be UTF-8, which is not judged again.
    public init(_ kind: MessageKind, _ payload: [UInt8]) {
        self.kind = kind
        plain = OutgoingFrame.bytes(kind.opcode, payload.span)
        start = plain.count &- payload.count
    }

    /// A message that was written behind room for its frame's header: the frame is made where it stands.
    ///
    /// - Parameters:
    ///   - bytes: ``headroom`` bytes of any value, then the payload; that of a text must be UTF-8, which is not judged
    ///     again.
    public init(_ kind: MessageKind, behindHeadroom bytes: consuming [UInt8]) {
        self.kind = kind
        let header = FrameHeader(kind.opcode, payloadBytes: bytes.count &- Self.headroom)
        start = header.byteCount
        if start == Self.headroom {
            var span = bytes.mutableSpan
            header.write(into: &span)
            plain = bytes
        } else {
            plain = OutgoingFrame.bytes(kind.opcode, bytes.span.extracting(droppingFirst: Self.headroom))
        }
    }

    /// Bytes of the header of a payload of 126 bytes to 64 KiB.
    public static let headroom = 4

    /// The payload.
    public var payload: ArraySlice<UInt8> { plain[start...] }

    /// The same message in arrays of its own, for another thread.
    public func copied() -> OutgoingMessage {
        var copy = self
        copy.plain = Self.copied(plain)
        copy.wide = wide.map(Self.copied)
        copy.narrow = narrow.map(Self.copied)
        return copy
    }

    private static func copied(_ bytes: [UInt8]) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        copy.append(contentsOf: bytes)
        return copy
    }

    /// The frame for a connection.
    ///
    /// - Parameters:
    ///   - window: its session's ``WebSocketSession/deflateWindow``.
    ///   - codec: the thread's.
    @inlinable
    public mutating func frame(for window: DeflateWindow, by codec: DeflateCodec) -> [UInt8] {
        window == .none ? plain : compressed(for: window, by: codec)
    }

    @usableFromInline
    mutating func compressed(for window: DeflateWindow, by codec: DeflateCodec) -> [UInt8] {
        if window == .wide, let wide { return wide }
        if window == .narrow, let narrow { return narrow }
        var frame = plain
        if let compressed = codec.deflate(frame.span.extracting(droppingFirst: start), window) {
            frame = OutgoingFrame.bytes(kind.opcode, compressed.span, isCompressed: true)
        }
        if window == .wide { wide = frame } else { narrow = frame }
        return frame
    }
}
