// Strict RFC 8259, one value at a time, over bytes that stay where they are. Nothing is built here: a scan
// checks the grammar and UTF-8, and says where a value stands. What a message needs is read from there
// afterwards (JSONValues.swift), so that what it does not need costs no memory, however hostile.
//
// What each member of each message passes is inlined by force: a call costs as much as the work in it.

/// Where a value stands, and what it is.
struct JSONToken {
    /// What a value can be.
    enum Kind: Equatable {
        case null, `true`, `false`
        /// Digits with an optional minus sign: no fraction, no exponent.
        case integer
        /// A number with a fraction or an exponent.
        case fraction
        case string, array, object
    }

    let kind: Kind
    /// Strings: whether the text is not just what stands between the quotes, byte by byte.
    let hasEscapes: Bool
    /// Whether a string in here escapes half of a surrogate pair. The grammar lets it, Unicode does not.
    let hasLoneSurrogate: Bool
    /// Without a gap, an array of tokens is cleared as one block.
    private let filler: UInt8 = 0
    private let offset: UInt32
    /// Strings: how many bytes of UTF-8 the text has once its escapes are resolved. Integers: the value, or the
    /// largest that a word holds if that is too small.
    let measure: Int

    init(_ kind: Kind, at start: Int, measure: Int = 0, hasEscapes: Bool = false, hasLoneSurrogate: Bool = false) {
        self.kind = kind
        self.hasEscapes = hasEscapes
        self.hasLoneSurrogate = hasLoneSurrogate
        self.measure = measure
        offset = UInt32(truncatingIfNeeded: start)
    }

    /// Index of the first byte.
    var start: Int { Int(offset) }
}

/// What is wrong with a text that should be JSON, and where.
struct JSONError: Error, Equatable {
    /// The kinds of fault.
    enum Fault: String {
        case unexpectedEnd = "ends too early"
        case unexpectedByte = "has an unexpected character"
        case badNumber = "has a malformed number"
        case badEscape = "has a malformed escape"
        case control = "has a control character in a string"
        case notUTF8 = "is not UTF-8"
        case tooDeep = "is nested too deeply"
        case trailing = "goes on after its end"
        case notAnObject = "is not an object"
        case repeatedName = "has a field twice"
        case tooLong = "is too long"
    }

    let fault: Fault
    /// The index of the byte that shows it.
    let offset: Int
}

/// A place in a JSON text, moved by scanning.
struct JSONScanner {
    /// Arrays and objects inside each other: our deepest message has 3, and recursion must end somewhere.
    static let maximumDepth = 16

    /// The index of the next byte.
    var at = 0

    /// Scans the one value that the whole text is.
    static func whole(_ text: Span<UInt8>) throws(JSONError) -> JSONToken {
        var scanner = JSONScanner()
        try scanner.expectRoom(for: text)
        let token = try scanner.value(in: text)
        try scanner.expectEnd(in: text)
        return token
    }

    /// Refuses what tokens can not count: texts of 4 GiB, which no limit of ours lets in.
    func expectRoom(for text: Span<UInt8>) throws(JSONError) {
        guard text.count <= UInt32.max else { throw failure(.tooLong) }
    }

    /// Skips white space; then nothing may be left.
    mutating func expectEnd(in text: Span<UInt8>) throws(JSONError) {
        _ = next(in: text)
        guard at == text.count else { throw failure(.trailing) }
    }

    /// Skips white space; whether an object begins there.
    mutating func opensObject(in text: Span<UInt8>) throws(JSONError) -> Bool {
        let byte = next(in: text)
        guard at < text.count else { throw failure(.unexpectedEnd) }
        return byte == UInt8(ascii: "{")
    }

    /// Scans one value and the white space before it.
    @inline(__always)
    mutating func value(in text: Span<UInt8>, depth: Int = 0) throws(JSONError) -> JSONToken {
        let byte = next(in: text)
        // Most values are strings, and a call costs as much as scanning a short one.
        return byte == UInt8(ascii: "\"") ? try string(in: text) : try other(byte, in: text, depth: depth)
    }

    /// Scans a value that is no string, and begins with a byte.
    @inline(never)
    private mutating func other(_ byte: UInt8, in text: Span<UInt8>, depth: Int) throws(JSONError) -> JSONToken {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(in: text)
        case UInt8(ascii: "{"): return try object(in: text, depth: depth + 1)
        case UInt8(ascii: "["): return try array(in: text, depth: depth + 1)
        case UInt8(ascii: "t"): return try literal("true", .true, in: text)
        case UInt8(ascii: "f"): return try literal("false", .false, in: text)
        case UInt8(ascii: "n"): return try literal("null", .null, in: text)
        default: throw unexpected(in: text)
        }
    }

    /// Steps into an array or object, past its bracket. True: it is empty, and was left again.
    @inline(__always)
    mutating func enter(until close: UInt8, in text: Span<UInt8>) -> Bool {
        at += 1
        guard next(in: text) == close else { return false }
        at += 1
        return true
    }

    /// Steps over the comma behind an element or member. False: the bracket stood there, and was left.
    mutating func goesOn(until close: UInt8, in text: Span<UInt8>) throws(JSONError) -> Bool {
        let byte = next(in: text)
        guard byte == close || byte == UInt8(ascii: ",") else { throw unexpected(in: text) }
        at += 1
        return byte != close
    }

    /// Scans a member's name and the colon behind it.
    @inline(__always)
    mutating func name(in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        guard next(in: text) == UInt8(ascii: "\"") else { throw unexpected(in: text) }
        let name = try string(in: text)
        guard next(in: text) == UInt8(ascii: ":") else { throw unexpected(in: text) }
        at += 1
        return name
    }

    private mutating func object(in text: Span<UInt8>, depth: Int) throws(JSONError) -> JSONToken {
        guard depth <= Self.maximumDepth else { throw failure(.tooDeep) }
        let start = at
        var isLone = false
        var more = !enter(until: UInt8(ascii: "}"), in: text)
        while more {
            let name = try name(in: text)
            let value = try value(in: text, depth: depth)
            isLone = isLone || name.hasLoneSurrogate || value.hasLoneSurrogate
            more = try goesOn(until: UInt8(ascii: "}"), in: text)
        }
        return JSONToken(.object, at: start, hasLoneSurrogate: isLone)
    }

    private mutating func array(in text: Span<UInt8>, depth: Int) throws(JSONError) -> JSONToken {
        guard depth <= Self.maximumDepth else { throw failure(.tooDeep) }
        let start = at
        var isLone = false
        var more = !enter(until: UInt8(ascii: "]"), in: text)
        while more {
            let value = try value(in: text, depth: depth)
            isLone = isLone || value.hasLoneSurrogate
            more = try goesOn(until: UInt8(ascii: "]"), in: text)
        }
        return JSONToken(.array, at: start, hasLoneSurrogate: isLone)
    }

    private mutating func literal(
        _ word: String, _ kind: JSONToken.Kind, in text: Span<UInt8>
    ) throws(JSONError) -> JSONToken {
        let start = at
        for byte in word.utf8 {
            guard at < text.count, text[at] == byte else { throw unexpected(in: text) }
            at += 1
        }
        return JSONToken(kind, at: start)
    }

    /// RFC 8259 section 6: no plus sign, no leading zero, digits on both sides of a point.
    @inline(__always)
    private mutating func number(in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        let start = at
        var kind = JSONToken.Kind.integer
        let isNegative = text[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        let firstDigit = at
        let value = try digits(in: text)
        if text[firstDigit] == UInt8(ascii: "0"), at > firstDigit + 1 {
            throw JSONError(fault: .badNumber, offset: firstDigit)
        }
        if at < text.count, text[at] == UInt8(ascii: ".") {
            kind = .fraction
            at += 1
            _ = try digits(in: text)
        }
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            kind = .fraction
            at += 1
            if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
            _ = try digits(in: text)
        }
        return JSONToken(kind, at: start, measure: isNegative ? -value : value)
    }

    /// Scans one digit or more. Their value; what is beyond 16 of them, and out of every range, is the largest.
    @inline(__always)
    private mutating func digits(in text: Span<UInt8>) throws(JSONError) -> Int {
        let rest = text.extracting(at...)
        var (count, value) = (0, 0)
        while count < rest.count {
            let digit = rest[count] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            value = value &* 10 &+ Int(digit)
            count &+= 1
        }
        at += count
        guard count > 0 else { throw failure(at < text.count ? .badNumber : .unexpectedEnd) }
        return count <= 16 ? value : .max
    }

    /// Skips white space. The byte behind it, which stays; at the end NUL, with which nothing begins or goes on.
    @inline(__always)
    private mutating func next(in text: Span<UInt8>) -> UInt8 {
        while at < text.count {
            let byte = text[at]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            at &+= 1
        }
        return 0
    }

    /// What is wrong with a byte that could not stand where it does.
    @inline(never)
    private func unexpected(in text: Span<UInt8>) -> JSONError {
        failure(at < text.count ? .unexpectedByte : .unexpectedEnd)
    }

    func failure(_ fault: JSONError.Fault) -> JSONError {
        JSONError(fault: fault, offset: at)
    }
}
