/// Judges UTF-8 as it comes (RFC 3629, RFC 6455 section 8.1): a byte that can not be part of any valid text is found
/// in the piece that brings it, not at the end of the message.
public struct UTF8Validator: Hashable, Sendable {
    /// Continuation bytes that the current scalar still needs: 0 to 3.
    private var missing: UInt8 = 0
    /// What the next continuation byte may be; narrower than 80 to BF after E0, ED, F0 and F4.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// A validator before the first byte.
    public init() {}

    /// Whether the bytes so far end with a whole scalar.
    public var isComplete: Bool { missing == 0 }

    /// The next bytes of the text.
    ///
    /// - Returns: false as soon as no continuation could make the text valid; the validator is of no use then.
    public mutating func accept(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while missing > 0, index < range.upperBound {
            guard accept(bytes[index]) else { return false }
            index &+= 1
        }
        // Whole scalars are the standard library's: it judges many bytes at once. A scalar cut at the end is ours.
        let cut = UTF8Validator.startOfCutScalar(bytes, index..<range.upperBound)
        do {
            _ = try UTF8Span(validating: bytes.extracting(index..<cut))
        } catch {
            return false
        }
        index = cut
        while index < range.upperBound {
            guard accept(bytes[index]) else { return false }
            index &+= 1
        }
        return true
    }

    /// Where the last scalar of the range begins if the range does not hold all of it; else the end.
    private static func startOfCutScalar(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Int {
        var index = range.upperBound
        while index > range.lowerBound, range.upperBound &- index < 3 {
            index &-= 1
            let byte = bytes[index]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return range.upperBound &- index < length ? index : range.upperBound
        }
        return range.upperBound
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard missing > 0 else { return byte < 0x80 || begin(byte) }
        guard byte >= low, byte <= high else { return false }
        low = 0x80
        high = 0xBF
        missing &-= 1
        return true
    }

    /// The first byte of a scalar that is not ASCII: table 3-7 of the Unicode standard.
    @inline(__always)
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: missing = 1
        case 0xE0:
            missing = 2
            low = 0xA0
        case 0xED:
            missing = 2
            high = 0x9F
        case 0xE1...0xEF: missing = 2
        case 0xF0:
            missing = 3
            low = 0x90
        case 0xF1...0xF3: missing = 3
        case 0xF4:
            missing = 3
            high = 0x8F
        default: return false
        }
        return true
    }
}
