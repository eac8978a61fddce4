// Host and port as `Host` and an absolute-form target carry them (RFC 3986 section 3.2).

/// A host and an optional port, compared as browsers compare origins.
public struct Authority: Hashable, Sendable, CustomStringConvertible {
    /// The host in lower case; an IPv6 address with its brackets. Never empty.
    public let host: String
    /// The port, if one is written.
    public let port: UInt16?

    /// `host` or `host:port`, as it stands in a URL.
    public var description: String { port.map { "\(host):\($0)" } ?? host }

    /// Reads `host`, `host:port` or `[address]:port`; nil for anything else, user information included
    /// (RFC 9110 section 4.2.4).
    public init?(_ text: String) {
        self.init(bytes: Array(text.utf8).span)
    }

    init?(bytes: Span<UInt8>) {
        guard let end = Authority.endOfHost(bytes), end > 0, end <= Authority.hostBytes else { return nil }
        let rest = bytes.extracting(end...)
        if rest.count > 1 {
            guard let number = Authority.port(rest.extracting(1...)) else { return nil }
            port = number
        } else {
            port = nil  // an empty port counts as none (RFC 3986 section 3.2.3)
        }
        guard let host = String(bytes.extracting(..<end)) else { return nil }
        self.host = host.lowercased()
    }

    /// Bytes of a host: the longest DNS name, or an IPv6 address with brackets, is shorter.
    private static let hostBytes = 255

    /// Where the host ends; nil if a byte can not be part of one.
    private static func endOfHost(_ bytes: Span<UInt8>) -> Int? {
        if bytes.isEmpty { return nil }
        if bytes[0] == UInt8(ascii: "[") {
            var index = 1
            while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
                guard bytes[index].hexValue != nil || bytes[index] == 0x3A || bytes[index] == 0x2E else { return nil }
                index &+= 1
            }
            return index > 2 && index < bytes.count ? index &+ 1 : nil
        }
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: ":"): return index
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"): continue
            case let byte where byte.isLetter || byte.isDigit: continue
            default: return nil
            }
        }
        return bytes.count
    }

    /// A decimal port.
    private static func port(_ digits: Span<UInt8>) -> UInt16? {
        var value = 0
        for index in digits.indices {
            guard digits[index].isDigit, index < 5 else { return nil }
            value = value &* 10 &+ Int(digits[index] &- 0x30)
        }
        return UInt16(exactly: value)
    }
}
