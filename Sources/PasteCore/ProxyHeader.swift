// The PROXY protocol, versions 1 and 2, as HAProxy's "proxy-protocol.txt" describes it: what a proxy says of a
// connection before the connection's own first byte (section numbers are of that text).

/// Reads the header that a proxy puts in front of a connection, out of bytes that come in any pieces.
public struct ProxyHeader: Sendable {
    /// What the bytes so far are.
    public enum Outcome: Hashable, Sendable {
        /// The beginning of a header: more is needed.
        case incomplete
        /// A header: it is that many bytes long; the peer is whom the proxy names, or nil when it names nobody (`LOCAL`,
        /// `UNKNOWN`, a family that is not of the internet): then the proxy itself is the peer.
        case complete(byteCount: Int, peer: PeerAddress?)
        /// No header. Close.
        case malformed
    }

    /// The most bytes of a header: addresses take 232 at most, the rest are notes (TLVs) of which proxies send some
    /// hundred bytes. A longer one is refused, so that nobody makes us keep 64 KiB.
    public static let limitBytes = 2_048

    /// The longest line of version 1 with its CRLF (section 2.1).
    static let lineBytes = 107

    /// Looks at all bytes since the connection's beginning.
    public static func read(_ bytes: Span<UInt8>) -> Outcome {
        guard !bytes.isEmpty else { return .incomplete }
        return bytes[0] == signature[0] ? binary(bytes) : line(bytes)
    }

    // MARK: Version 1 (section 2.1)

    private static func line(_ bytes: Span<UInt8>) -> Outcome {
        let prefix = Array("PROXY ".utf8)
        for index in 0..<min(prefix.count, bytes.count) {
            guard bytes[index] == prefix[index] else { return .malformed }
        }
        var text: [UInt8] = []
        for index in 0..<min(bytes.count, lineBytes) {
            if index > 0, bytes[index - 1] == 0x0D {
                guard bytes[index] == 0x0A else { return .malformed }
                return line(String(decoding: text.dropLast(), as: UTF8.self), byteCount: index + 1)
            }
            guard bytes[index] == 0x0D || (0x20...0x7E).contains(bytes[index]) else { return .malformed }
            text.append(bytes[index])
        }
        return bytes.count < lineBytes ? .incomplete : .malformed
    }

    private static func line(_ text: String, byteCount: Int) -> Outcome {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        // What follows UNKNOWN is to be ignored.
        if words.count >= 2, words[1] == "UNKNOWN" { return .complete(byteCount: byteCount, peer: nil) }
        guard words.count == 6, ["TCP4", "TCP6"].contains(words[1]), let source = PeerAddress(words[2]),
            PeerAddress(words[3]) != nil, isPort(words[4]), isPort(words[5])
        else { return .malformed }
        let isV4 = words[1] == "TCP4"
        guard words[2].contains(":") != isV4, words[3].contains(":") != isV4 else { return .malformed }
        return .complete(byteCount: byteCount, peer: source)
    }

    private static func isPort(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(text) != nil
            && (text == "0" || text.utf8.first != UInt8(ascii: "0"))
    }

    // MARK: Version 2 (section 2.2)

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private static func binary(_ bytes: Span<UInt8>) -> Outcome {
        for index in 0..<min(signature.count, bytes.count) {
            guard bytes[index] == signature[index] else { return .malformed }
        }
        if bytes.count > 12 {
            // Version 2, command LOCAL (0) or PROXY (1).
            guard bytes[12] == 0x20 || bytes[12] == 0x21 else { return .malformed }
        }
        guard bytes.count >= 16 else { return .incomplete }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        guard 16 + length <= limitBytes else { return .malformed }
        // LOCAL: whatever family and addresses are written there are to be ignored.
        let isLocal = bytes[12] == 0x20
        let needed: Int
        switch (bytes[13] >> 4, bytes[13] & 0x0F) {
        case _ where isLocal: needed = 0
        case (0, 0...2): needed = 0  // AF_UNSPEC
        case (1, 0...2): needed = 12
        case (2, 0...2): needed = 36
        case (3, 0...2): needed = 216  // AF_UNIX
        default: return .malformed
        }
        guard length >= needed else { return .malformed }
        guard bytes.count >= 16 + length else { return .incomplete }
        // Only streams carry HTTP; of a datagram or of an unspecified family the proxy names nobody.
        let peer: PeerAddress? =
            switch bytes[13] {
            case 0x11 where !isLocal: PeerAddress(high: 0, low: 0xffff_0000_0000 | word(bytes, 16, 4))
            case 0x21 where !isLocal: PeerAddress(high: word(bytes, 16, 8), low: word(bytes, 24, 8))
            default: nil
            }
        return .complete(byteCount: 16 + length, peer: peer)
    }

    /// `count` bytes as a big-endian number.
    private static func word(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> UInt64 {
        (start..<start + count).reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
}
