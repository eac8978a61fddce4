// Typed reading of what a scan has found valid.

/// The largest integer that every JSON reader holds exactly: 2^53 - 1 (RFC 7493 section 2.2).
let largestInteger: Int64 = 9_007_199_254_740_991

extension JSONToken {
    /// The value of an integer within plus or minus 2^53 - 1; nil for anything else.
    var integer: Int64? {
        kind == .integer && abs(measure) <= largestInteger ? Int64(measure) : nil
    }

    /// Whether a string's text is this, and is written without an escape.
    @inline(__always)
    func spells(_ known: String, in text: Span<UInt8>) -> Bool {
        guard kind == .string, !hasEscapes else { return false }
        let bytes = known.utf8Span.span
        return bytes.count == decodedCount && text.holds(bytes, at: start &+ 1)
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
///
/// Looking into one is `mutating` although it changes nothing: of an inline array that is only borrowed, Swift 6.3
/// copies the whole for each look, and of one that is initialised in a throwing initialiser once more.
struct JSONObject: ~Copyable {
    /// Whether any string in the object, known or not, escapes half of a surrogate pair.
    private(set) var hasLoneSurrogate = false
    /// By the field's number.
    private var members = InlineArray<64, JSONToken>(repeating: JSONToken(.null, at: 0))
    /// Which fields there were, one bit each.
    private var seen: UInt64 = 0

    /// Reads the object that the whole text is.
    mutating func read(whole text: Span<UInt8>) throws(MessageError) {
        try read(from: 0, in: text, isWhole: true)
    }

    /// Reads the object of a token from the same text.
    mutating func read(_ object: JSONToken, in text: Span<UInt8>) throws(MessageError) {
        try read(from: object.start, in: text, isWhole: false)
    }

    private mutating func read(from start: Int, in text: Span<UInt8>, isWhole: Bool) throws(MessageError) {
        var scanner = JSONScanner(at: start)
        let names = Field.names
        do throws(JSONError) {
            try scanner.expectRoom(for: text)
            guard try scanner.opensObject(in: text) else { throw scanner.failure(.notAnObject) }
            var more = !scanner.enter(until: UInt8(ascii: "}"), in: text)
            while more {
                let name = try scanner.name(in: text)
                let value = try scanner.value(in: text, depth: 1)
                if name.hasLoneSurrogate || value.hasLoneSurrogate { hasLoneSurrogate = true }
                if let field = names.name(name, in: text) {
                    // Two readers may take different ones: refused, as RFC 7493 section 2.3 has it.
                    let bit: UInt64 = 1 &<< UInt64(field.rawValue)
                    guard seen & bit == 0 else { throw JSONError(fault: .repeatedName, offset: name.start) }
                    seen |= bit
                    members[Int(field.rawValue)] = value
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
        @inline(__always)
        mutating get {
            let value = members[Int(field.rawValue)]
            return value.kind == .null ? nil : value
        }
    }
}
