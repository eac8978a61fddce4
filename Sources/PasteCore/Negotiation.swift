// What a client would rather have (RFC 9110 section 12.5.1).

import HTTP1
import HTTPTypes

/// The forms that one thing is served in.
enum Representation: Hashable, Sendable, CaseIterable {
    /// The text itself, or one plain line.
    case text
    case json
    /// For a browser.
    case page

    /// What `Accept` prefers; the text when it does not say, or wants what there is not: that is more useful than 406.
    init(_ fields: HTTPFields) {
        let ranges = FieldList(.accept, in: fields).elements.map(MediaRange.init)
        var best = (form: Representation.text, weight: ranges.isEmpty ? 1 : 0)
        for form in Self.allCases where !ranges.isEmpty {
            let weight = MediaRange.weight(of: form.mediaType, in: ranges)
            if weight > best.weight { best = (form, weight) }
        }
        self = best.form
    }

    private var mediaType: (String, String) {
        switch self {
        case .text: ("text", "plain")
        case .json: ("application", "json")
        case .page: ("text", "html")
        }
    }
}

/// One element of `Accept`.
private struct MediaRange {
    private let type: String
    private let subtype: String
    /// Thousandths.
    private let weight: Int

    init(_ element: String) {
        let parts = element.lowercased().split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        let names = (parts.first ?? "").split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        type = String(names.first ?? "")
        subtype = names.count > 1 ? String(names[1]) : ""
        weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Self.thousandths($0.dropFirst(2)) } ?? 1_000
    }

    /// What the most specific range says of a type; 0 when none does.
    static func weight(of media: (String, String), in ranges: [MediaRange]) -> Int {
        var best = (specificity: -1, weight: 0)
        for range in ranges {
            let specificity: Int
            if (range.type, range.subtype) == media {
                specificity = 2
            } else if (range.type, range.subtype) == (media.0, "*") {
                specificity = 1
            } else if (range.type, range.subtype) == ("*", "*") {
                specificity = 0
            } else {
                continue
            }
            if specificity > best.specificity { best = (specificity, range.weight) }
        }
        return best.weight
    }

    /// `1`, `0.8`, `0.125` (RFC 9110 section 12.4.2); 0 for what is none of that.
    private static func thousandths(_ text: Substring) -> Int {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ".") }
        guard let whole = digits.first, text.utf8.count <= 5, digits.allSatisfy({ 0x30...0x39 ~= $0 }), whole <= 0x31
        else { return 0 }
        var value = 0
        for place in 0..<4 {
            value = value * 10 + (place < digits.count ? Int(digits[place]) - 0x30 : 0)
        }
        return min(value, 1_000)
    }
}
