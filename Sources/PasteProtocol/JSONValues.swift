// Typed reading of what a scan has found valid.

/// The largest integer that every JSON reader holds exactly: 2^53 - 1 (RFC 7493 section 2.2).
let largestInteger: Int64 = 9_007_199_254_740_991

extension JSONToken {
    /// The value of an integer within plus or minus 2^53 - 1; nil for anything else.
    func integer(in text: Span<UInt8>) -> Int64? {
        guard kind == .integer else { return nil }
        let isNegative = text[start] == UInt8(ascii: "-")
        let first = isNegative ? start + 1 : start
        // 16 digits fit any word, and more are out of range: leading zeros are no JSON.
        guard end - first <= 16 else { return nil }
        var value: Int64 = 0
        for at in first..<end {
            value = value &* 10 &+ Int64(text[at] &- UInt8(ascii: "0"))
        }
        guard value <= largestInteger else { return nil }
        return isNegative ? -value : value
    }

    /// Whether a string's text is this, and is written without an escape.
    func spells(_ known: String, in text: Span<UInt8>) -> Bool {
        guard kind == .string, isVerbatim else { return false }
        let (bytes, spelled) = (known.utf8Span.span, text.extracting(start + 1..<end - 1))
        guard bytes.count == spelled.count else { return false }
        for index in bytes.indices where bytes[index] != spelled[index] { return false }
        return true
    }

    /// The value of `true` or `false`.
    var boolean: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }
}

/// A walk over an array's elements.
struct JSONElements {
    private var scanner: JSONScanner
    private var more: Bool

    /// - Parameter array: A token of that kind, from the same text.
    init(of array: JSONToken, in text: Span<UInt8>) {
        scanner = JSONScanner(at: array.start)
        more = !scanner.enter(until: UInt8(ascii: "]"), in: text)
    }

    /// The next element; nil behind the last.
    mutating func next(in text: Span<UInt8>) throws(JSONError) -> JSONToken? {
        guard more else { return nil }
        let element = try scanner.value(in: text)
        more = try scanner.goesOn(until: UInt8(ascii: "]"), in: text)
        return element
    }
}

/// An object's known members: where they stand. Values that are `null` count as absent.
struct JSONObject {
    /// Whether any string in the object, known or not, escapes half of a surrogate pair.
    private(set) var hasLoneSurrogate = false
    private var members: [(field: Field, value: JSONToken)] = []

    /// The object that the whole text is.
    init(whole text: Span<UInt8>) throws(MessageError) {
        let scanner = JSONScanner()
        try self.init(scanner, in: text, isWhole: true)
    }

    /// The object of a token from the same text.
    init(_ object: JSONToken, in text: Span<UInt8>) throws(MessageError) {
        try self.init(JSONScanner(at: object.start), in: text, isWhole: false)
    }

    private init(_ start: JSONScanner, in text: Span<UInt8>, isWhole: Bool) throws(MessageError) {
        var scanner = start
        members.reserveCapacity(8)
        do throws(JSONError) {
            guard try scanner.opensObject(in: text) else { throw JSONError(fault: .notAnObject, offset: scanner.at) }
            var more = !scanner.enter(until: UInt8(ascii: "}"), in: text)
            while more {
                let name = try scanner.name(in: text)
                let value = try scanner.value(in: text, depth: 1)
                hasLoneSurrogate = hasLoneSurrogate || name.hasLoneSurrogate || value.hasLoneSurrogate
                if let field = Field.names.name(name, in: text) {
                    // Two readers may take different ones: refused, as RFC 7493 section 2.3 has it.
                    guard !members.contains(where: { $0.field == field }) else {
                        throw JSONError(fault: .repeatedName, offset: name.start)
                    }
                    members.append((field, value))
                }
                more = try scanner.goesOn(until: UInt8(ascii: "}"), in: text)
            }
            if isWhole { try scanner.expectEnd(in: text) }
        } catch {
            throw MessageError(error)
        }
    }

    /// Where a field's value stands; nil if it is absent or null.
    subscript(field: Field) -> JSONToken? {
        for index in members.indices where members[index].field == field {
            let value = members[index].value
            return value.kind == .null ? nil : value
        }
        return nil
    }
}
