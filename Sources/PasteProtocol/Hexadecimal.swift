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

/// The eight lowercase digits of a number, the first one in the lowest byte.
func hexadecimalDigits(of value: UInt32) -> UInt64 {
    // Each half of what stands together moves to the middle of the room of both, until every digit has a byte.
    var digits = UInt64(value)
    digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
    digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
    digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F
    // Six more than a digit has its fifth bit set from 10 on: that is where letters are.
    let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    let toLetters = UInt64(UInt8(ascii: "a") - UInt8(ascii: "0") - 10)
    return (digits &+ 0x3030_3030_3030_3030 &+ letters &* toLetters).byteSwapped
}
