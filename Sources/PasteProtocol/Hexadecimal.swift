// Tags, authors and client secrets are hexadecimal digits on the wire: JSON numbers hold no 64 bits.

/// The value of a hexadecimal digit of either case.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
    default: nil
    }
}

extension UInt64 {
    /// The value of exactly 16 hexadecimal digits; nil for anything else.
    init?(hexadecimal digits: ArraySlice<UInt8>) {
        guard digits.count == 16 else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard let digit = hexDigit(byte) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        self = value
    }
}

extension [UInt8] {
    /// Appends 16 lowercase hexadecimal digits.
    mutating func append(hexadecimal value: UInt64) {
        var digits = InlineArray<16, UInt8>(repeating: 0)
        var rest = value
        for index in digits.indices.reversed() {
            let digit = UInt8(truncatingIfNeeded: rest) & 0xF
            digits[index] = digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
            rest >>= 4
        }
        append(copying: digits.span)
    }
}
