// Bytes of the HTTP grammar (RFC 9110 section 5.6) and text made of them.

enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let slash = UInt8(ascii: "/")
}

extension UInt8 {
    /// `DIGIT`.
    var isDigit: Bool { self &- 0x30 < 10 }

    /// `ALPHA`.
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    /// Optional whitespace: a space or a tab (RFC 9110 section 5.6.3).
    var isBlank: Bool { self == Byte.space || self == Byte.tab }

    /// The value of a hexadecimal digit.
    var hexValue: UInt8? {
        if isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// The lower case of an ASCII letter, anything else unchanged.
    var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}

extension String {
    /// The text of these bytes; nil if they are not UTF-8.
    init?(_ bytes: Span<UInt8>) {
        do {
            self.init(copying: try UTF8Span(validating: bytes))
        } catch {
            return nil
        }
    }

    /// Whether both are the same bytes but for the case of ASCII letters. No canonical equivalence.
    func equalsIgnoringCase(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8) { $0.lowercased == $1.lowercased }
    }
}

extension Span<UInt8> {
    /// The part from `start` to `end` without blanks at either end.
    func trimmed(from start: Int, to end: Int) -> Range<Int> {
        var low = start
        var high = end
        while low < high, self[low].isBlank { low &+= 1 }
        while high > low, self[high &- 1].isBlank { high &-= 1 }
        return low..<high
    }
}
