// Strict RFC 8259, one value at a time, over bytes that stay where they are. Nothing is built here: a scan
// checks the grammar and UTF-8, and says where a value stands. What a message needs is read from there
// afterwards (JSONValues.swift), so that what it does not need costs no memory, however hostile.

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
    /// Index of the first byte.
    let start: Int
    /// Index behind the last byte.
    let end: Int
    /// Strings: how many bytes of UTF-8 the text has once its escapes are resolved.
    var decodedCount = 0
    /// Strings: whether the text is what stands between the quotes, byte by byte.
    var isVerbatim = true
    /// Whether a string in here escapes half of a surrogate pair. The grammar lets it, Unicode does not.
    var hasLoneSurrogate = false
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
        let token = try scanner.value(in: text)
        try scanner.expectEnd(in: text)
        return token
    }

    /// Skips white space; then nothing may be left.
    mutating func expectEnd(in text: Span<UInt8>) throws(JSONError) {
        skipSpace(in: text)
        guard at == text.count else { throw failure(.trailing) }
    }

    /// Skips white space; whether an object begins there.
    mutating func opensObject(in text: Span<UInt8>) throws(JSONError) -> Bool {
        skipSpace(in: text)
        guard at < text.count else { throw failure(.unexpectedEnd) }
        return text[at] == UInt8(ascii: "{")
    }

    /// Scans one value and the white space before it.
    mutating func value(in text: Span<UInt8>, depth: Int = 0) throws(JSONError) -> JSONToken {
        skipSpace(in: text)
        guard at < text.count else { throw failure(.unexpectedEnd) }
        switch text[at] {
        case UInt8(ascii: "\""): return try string(in: text)
        case UInt8(ascii: "{"): return try object(in: text, depth: depth + 1)
        case UInt8(ascii: "["): return try array(in: text, depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(in: text)
        case UInt8(ascii: "t"): return try literal("true", .true, in: text)
        case UInt8(ascii: "f"): return try literal("false", .false, in: text)
        case UInt8(ascii: "n"): return try literal("null", .null, in: text)
        default: throw failure(.unexpectedByte)
        }
    }

    /// Steps into an array or object, past its bracket. True: it is empty, and was left again.
    mutating func enter(until close: UInt8, in text: Span<UInt8>) -> Bool {
        at += 1
        skipSpace(in: text)
        guard at < text.count, text[at] == close else { return false }
        at += 1
        return true
    }

    /// Steps over the comma behind an element or member. False: the bracket stood there, and was left.
    mutating func goesOn(until close: UInt8, in text: Span<UInt8>) throws(JSONError) -> Bool {
        skipSpace(in: text)
        guard at < text.count else { throw failure(.unexpectedEnd) }
        let byte = text[at]
        guard byte == close || byte == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
        at += 1
        return byte != close
    }

    /// Scans a member's name and the colon behind it.
    mutating func name(in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        skipSpace(in: text)
        guard at < text.count else { throw failure(.unexpectedEnd) }
        guard text[at] == UInt8(ascii: "\"") else { throw failure(.unexpectedByte) }
        let name = try string(in: text)
        skipSpace(in: text)
        guard at < text.count else { throw failure(.unexpectedEnd) }
        guard text[at] == UInt8(ascii: ":") else { throw failure(.unexpectedByte) }
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
        return JSONToken(kind: .object, start: start, end: at, hasLoneSurrogate: isLone)
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
        return JSONToken(kind: .array, start: start, end: at, hasLoneSurrogate: isLone)
    }

    private mutating func literal(
        _ word: String, _ kind: JSONToken.Kind, in text: Span<UInt8>
    ) throws(JSONError) -> JSONToken {
        let start = at
        for byte in word.utf8 {
            guard at < text.count else { throw failure(.unexpectedEnd) }
            guard text[at] == byte else { throw failure(.unexpectedByte) }
            at += 1
        }
        return JSONToken(kind: kind, start: start, end: at)
    }

    /// RFC 8259 section 6: no plus sign, no leading zero, digits on both sides of a point.
    private mutating func number(in text: Span<UInt8>) throws(JSONError) -> JSONToken {
        let start = at
        var kind = JSONToken.Kind.integer
        if text[at] == UInt8(ascii: "-") { at += 1 }
        let firstDigit = at
        try digits(in: text)
        if text[firstDigit] == UInt8(ascii: "0"), at > firstDigit + 1 {
            throw JSONError(fault: .badNumber, offset: firstDigit)
        }
        if at < text.count, text[at] == UInt8(ascii: ".") {
            kind = .fraction
            at += 1
            try digits(in: text)
        }
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            kind = .fraction
            at += 1
            if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
            try digits(in: text)
        }
        return JSONToken(kind: kind, start: start, end: at)
    }

    private mutating func digits(in text: Span<UInt8>) throws(JSONError) {
        let start = at
        while at < text.count, text[at] >= 0x30, text[at] <= 0x39 { at += 1 }
        guard at > start else { throw failure(at < text.count ? .badNumber : .unexpectedEnd) }
    }

    private mutating func skipSpace(in text: Span<UInt8>) {
        while at < text.count {
            let byte = text[at]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            at += 1
        }
    }

    private func failure(_ fault: JSONError.Fault) -> JSONError {
        JSONError(fault: fault, offset: at)
    }
}
