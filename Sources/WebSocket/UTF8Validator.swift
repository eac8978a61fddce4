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
        while index < range.upperBound {
            if missing == 0 {
                index = UTF8Validator.skipASCII(bytes, index..<range.upperBound)
                guard index < range.upperBound else { return true }
                guard begin(bytes[index]) else { return false }
            } else {
                let byte = bytes[index]
                guard byte >= low, byte <= high else { return false }
                low = 0x80
                high = 0xBF
                missing &-= 1
            }
            index &+= 1
        }
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

    /// The index of the first byte of the range that is not ASCII, or its end.
    ///
    /// Proof: the range is checked against the buffer, and every word ends at or before its upper bound.
    private static func skipASCII(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        var index = range.lowerBound
        // Between two scalars of another script stands one ASCII byte or none: no word is worth loading.
        guard bytes[index] < 0x80 else { return index }
        unsafe bytes.withUnsafeBytes { (raw: UnsafeRawBufferPointer) in
            let high = SIMD8<UInt64>(repeating: 0x8080_8080_8080_8080)
            while range.upperBound &- index >= 64 {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: SIMD8<UInt64>.self) & high
                guard block == .zero else { break }
                index &+= 64
            }
            while range.upperBound &- index >= 8 {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
                let marks = block & 0x8080_8080_8080_8080
                if marks != 0 {
                    index &+= marks.trailingZeroBitCount / 8
                    return
                }
                index &+= 8
            }
            while index < range.upperBound, unsafe raw[index] < 0x80 {
                index &+= 1
            }
        }
        return index
    }
}
