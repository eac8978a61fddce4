// Other people's text on a terminal. A terminal obeys what it is sent: it can be made to show something else than what
// is there, to rename its window, or to type. Pure.

/// Makes text harmless for a terminal.
public enum PrintableText {
    /// The text with every control character but line feed and tab shown: `^[` for escape, `^?` for delete, `\u{202E}`
    /// for those that turn the direction of writing, which can make text read otherwise than it is. A carriage return
    /// right before a line feed is left out, since it shows as nothing.
    ///
    /// - Parameter utf8: Valid UTF-8, in whole characters.
    public static func escaped(_ utf8: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        var scalars = String(decoding: utf8, as: UTF8.self).unicodeScalars.makeIterator()
        var held = scalars.next()
        while let scalar = held {
            held = scalars.next()
            switch scalar.value {
            case 0x0A, 0x09: result.append(UInt8(scalar.value))
            case 0x0D where held?.value == 0x0A: break
            case 0..<0x20: result += [UInt8(ascii: "^"), UInt8(scalar.value) + 0x40]
            case 0x7F: result += Array("^?".utf8)
            case 0x80..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFFF9...0xFFFB,
                0xE0000...0xE007F:
                result += Array("\\u{\(String(scalar.value, radix: 16, uppercase: true))}".utf8)
            default: result += Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return result
    }
}
