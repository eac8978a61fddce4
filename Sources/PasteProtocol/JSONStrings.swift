// Strings: the part of JSON where the bytes of a text can get lost. Scanning checks and counts; decoding
// repeats the walk over what was found valid, into an array of exactly the right size.

extension JSONScanner {
    /// Scans a string from its opening quote.
    @inline(__always)
    mutating func string(in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        let start = at
        at = plainEnd(of: text, from: start &+ 1, asciiOnly: true)
        guard at < text.count, text[at] == UInt8(ascii: "\"") else { return try string(from: start, in: text) }
        at &+= 1
        return JSONToken(.string, at: start, measure: at &- start &- 2)
    }

    /// Scans the rest of a string that is more than plain ASCII.
    @inline(never)
    private mutating func string(from start: Int, in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        // How many bytes less the text has than is written.
        var excess = 0
        var isLone = false
        while true {
            guard at < text.count else { throw failure(.unexpectedEnd) }
            switch text[at] {
            case UInt8(ascii: "\""):
                at &+= 1
                // Each escape is longer than what it stands for.
                return JSONToken(
                    .string, at: start, measure: at &- start &- 2 &- excess, hasEscapes: excess > 0,
                    hasLoneSurrogate: isLone)
            case UInt8(ascii: "\\"):
                let escape = try JSONEscape(in: text, at: at)
                at += escape.length
                excess += escape.length
                if let scalar = escape.scalar { excess -= UTF8.width(scalar) } else { isLone = true }
            case 0x80...:
                // Where one is, more are: most scripts are nothing else for a while.
                repeat {
                    let length = utf8Length(in: text, at: at)
                    guard length > 0 else { throw failure(.notUTF8) }
                    at += length
                } while at < text.count && text[at] >= 0x80
            default:
                throw failure(.control)
            }
            at = plainEnd(of: text, from: at, asciiOnly: true)
        }
    }
}

extension JSONToken {
    /// Strings: how many bytes of UTF-8 the text has.
    var decodedCount: Int { measure }
    /// Strings without escapes: where the text stands.
    var contents: Range<Int> { start &+ 1..<start &+ 1 &+ measure }

    /// A string's text. Lone surrogates, which the caller has refused by now, vanish.
    func bytes(in text: Span<UInt8>) -> [UInt8] {
        guard hasEscapes else { return [UInt8](copying: text.extracting(contents)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(decodedCount)
        var at = start + 1
        while text[at] != UInt8(ascii: "\"") {
            guard text[at] == UInt8(ascii: "\\") else {
                let end = plainEnd(of: text, from: at, asciiOnly: false)
                bytes.append(copying: text.extracting(at..<end))
                at = end
                continue
            }
            guard let escape = try? JSONEscape(in: text, at: at) else { break }
            at += escape.length
            guard let scalar = escape.scalar else { continue }
            if scalar.isASCII {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return bytes
    }
}

/// One escape: a backslash and what belongs to it.
struct JSONEscape {
    /// How many bytes it takes: 2, 6, or 12 for a surrogate pair.
    let length: Int
    /// What it stands for; nil for half of a pair.
    let scalar: Unicode.Scalar?

    /// Reads the escape whose backslash is at `start`.
    init(in text: Span<UInt8>, at start: Int) throws(JSONError) {
        guard start + 1 < text.count else { throw JSONError(fault: .unexpectedEnd, offset: text.count) }
        switch text[start + 1] {
        case UInt8(ascii: "\""): self.init(short: "\"")
        case UInt8(ascii: "\\"): self.init(short: "\\")
        case UInt8(ascii: "/"): self.init(short: "/")
        case UInt8(ascii: "b"): self.init(short: "\u{8}")
        case UInt8(ascii: "f"): self.init(short: "\u{C}")
        case UInt8(ascii: "n"): self.init(short: "\n")
        case UInt8(ascii: "r"): self.init(short: "\r")
        case UInt8(ascii: "t"): self.init(short: "\t")
        case UInt8(ascii: "u"): try self.init(unicodeIn: text, at: start)
        default: throw JSONError(fault: .badEscape, offset: start + 1)
        }
    }

    private init(short scalar: Unicode.Scalar) {
        length = 2
        self.scalar = scalar
    }

    /// RFC 8259 section 7: a character outside the basic plane is escaped as a UTF-16 surrogate pair.
    private init(unicodeIn text: Span<UInt8>, at start: Int) throws(JSONError) {
        let first = try Self.unit(in: text, at: start + 2)
        if UTF16.isLeadSurrogate(first),
            start + 7 < text.count, text[start + 6] == UInt8(ascii: "\\"), text[start + 7] == UInt8(ascii: "u")
        {
            let second = try Self.unit(in: text, at: start + 8)
            if UTF16.isTrailSurrogate(second) {
                length = 12
                scalar = Unicode.Scalar(0x1_0000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF)
                return
            }
        }
        length = 6
        scalar = Unicode.Scalar(first)
    }

    private static func unit(in text: Span<UInt8>, at start: Int) throws(JSONError) -> UInt16 {
        guard start + 4 <= text.count else { throw JSONError(fault: .unexpectedEnd, offset: text.count) }
        var unit: UInt16 = 0
        for at in start..<start + 4 {
            guard let digit = hexDigit(text[at]) else { throw JSONError(fault: .badEscape, offset: at) }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}

/// The length of the well-formed sequence of two to four bytes at `at`, by Unicode's table 3-7; 0 if there
/// is none.
private func utf8Length(in text: Span<UInt8>, at: Int) -> Int {
    func continues(_ index: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
        index < text.count && range.contains(text[index])
    }
    switch text[at] {
    case 0xC2...0xDF:
        return continues(at + 1) ? 2 : 0
    case let lead where lead & 0xF0 == 0xE0:
        // No overlong forms, no surrogates.
        let range: ClosedRange<UInt8> =
            lead == 0xE0 ? 0xA0...0xBF : lead == 0xED ? 0x80...0x9F : 0x80...0xBF
        return continues(at + 1, range) && continues(at + 2) ? 3 : 0
    case let lead where lead >= 0xF0 && lead <= 0xF4:
        // No overlong forms, nothing above U+10FFFF.
        let range: ClosedRange<UInt8> =
            lead == 0xF0 ? 0x90...0xBF : lead == 0xF4 ? 0x80...0x8F : 0x80...0xBF
        return continues(at + 1, range) && continues(at + 2) && continues(at + 3) ? 4 : 0
    default:
        return 0
    }
}
