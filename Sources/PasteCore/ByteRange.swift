// Parts of a text (RFC 9110 section 14): one range; whoever asks for several gets all of it.

import HTTP1
import HTTPTypes

/// What of a representation is asked for.
enum ByteRange: Equatable {
    case whole
    case part(Range<Int>)
    /// Nothing of it is there: 416.
    case outside

    /// - Parameters:
    ///   - etag: The representation's; a `Range` under another `If-Range` does not count (section 13.1.5).
    ///   - count: Its bytes.
    init(_ fields: HTTPFields, etag: String, count: Int) {
        self = .whole
        let values = fields[values: .range]
        guard values.count == 1, values[0].lowercased().hasPrefix("bytes=") else { return }
        // A date never matches: there is no Last-Modified.
        if let condition = fields[.ifRange], condition != etag { return }
        let text = values[0].dropFirst(6).filter { $0 != " " && $0 != "\t" }
        guard !text.contains(",") else { return }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]) else { return }
        switch (first, last) {
        case (nil, nil):
            return
        case (nil, let suffix?):
            guard suffix > 0, count > 0 else {
                self = .outside
                return
            }
            self = .part(max(0, count - suffix)..<count)
        case (let first?, let last):
            guard last.map({ $0 >= first }) ?? true else { return }
            guard first < count else {
                self = .outside
                return
            }
            self = .part(first..<min(count, (last ?? count - 1).addingReportingOverflow(1).partialValue))
        }
    }

    /// Digits, or nothing; the outer nil for anything else. A number too large to be one is as good as the largest.
    private static func number(_ text: Substring) -> Int?? {
        guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return text.isEmpty ? .some(nil) : .some(Int(text) ?? .max - 1)
    }
}
