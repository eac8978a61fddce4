/// The path of a target, decoded once and safe to look things up with.
///
/// Refused is whatever two readers could understand differently: dot segments, empty segments within the path, encoded
/// slashes, backslashes, control characters, and escapes that are no UTF-8.
public struct RequestPath: Hashable, Sendable {
    /// The decoded segments: `/KEY/items/3` has three, `/` none. A slash at the end adds none; see ``endsInSlash``.
    public let segments: [String]
    /// Whether the path has segments and ends in a slash.
    public let endsInSlash: Bool
    /// What follows the first `?`, as it came.
    public let query: String?

    /// Decodes a target in origin-form.
    ///
    /// - Throws: 400 with a sentence.
    public init(_ target: String) throws(HTTPFailure) {
        let bytes = Array(target.utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        query = end < bytes.count ? String(bytes.span.extracting((end + 1)...)) : nil
        guard bytes.first == Byte.slash else { throw .badRequest("The path must begin with a slash.") }
        var parts = bytes[1..<max(end, 1)].split(separator: Byte.slash, omittingEmptySubsequences: false)
        endsInSlash = parts.count > 1 && parts.last?.isEmpty == true
        if parts.last?.isEmpty == true { parts.removeLast() }
        var segments: [String] = []
        for part in parts {
            segments.append(try RequestPath.segment(part))
        }
        self.segments = segments
    }

    /// The first value of a parameter of the query, decoded (`+` is a space); nil if it is not there or not UTF-8.
    public func parameter(_ name: String) -> String? {
        for part in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = RequestPath.decoded(pair[0], plusIsSpace: true), key.elementsEqual(name.utf8) else {
                continue
            }
            return pair.count > 1 ? RequestPath.decoded(pair[1], plusIsSpace: true).flatMap { String($0.span) } : ""
        }
        return nil
    }

    private static func segment(_ part: ArraySlice<UInt8>) throws(HTTPFailure) -> String {
        guard let bytes = decoded(part), let text = String(bytes.span) else {
            throw .badRequest("The path has an escape that is no UTF-8 text.")
        }
        guard !bytes.isEmpty, text != ".", text != ".." else {
            throw .badRequest("The path has an empty segment or a dot segment.")
        }
        guard bytes.allSatisfy({ $0 >= Byte.space && $0 != 0x7F && $0 != Byte.slash && $0 != UInt8(ascii: "\\") })
        else {
            throw .badRequest("The path has an encoded slash, a backslash or a control character.")
        }
        return text
    }

    /// The bytes without their percent-encoding (RFC 3986 section 2.1); nil if an escape is not two hexadecimal digits.
    private static func decoded(_ part: some Sequence<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        var iterator = part.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next()?.hexValue, let low = iterator.next()?.hexValue else { return nil }
                bytes.append(high &<< 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(Byte.space)
            default:
                bytes.append(byte)
            }
        }
        return bytes
    }
}
