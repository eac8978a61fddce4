/// The transformation of RFC 6455 section 5.3, which is its own inverse.
public enum Masking {
    /// Masks or unmasks a part of a payload in place.
    ///
    /// - Parameters:
    ///   - key: the masking key for the first byte of `range`, that byte's key in the lowest bits; see ``turned(_:by:)``.
    ///   - bytes: the buffer.
    ///   - range: the part of it; inside the buffer.
    public static func apply(_ key: UInt32, to bytes: inout MutableSpan<UInt8>, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        let word = UInt64(key) | UInt64(key) &<< 32
        var index = maskWords(word.littleEndian, &bytes, range)
        var rest = word
        while index < range.upperBound {
            bytes[index] ^= UInt8(truncatingIfNeeded: rest)
            rest &>>= 8
            index &+= 1
        }
    }

    /// The key for the byte that comes `count` bytes after the one that `key` is for.
    public static func turned(_ key: UInt32, by count: Int) -> UInt32 {
        let shift = UInt32(truncatingIfNeeded: count & 3) &* 8
        return key &>> shift | key &<< ((32 &- shift) & 31)
    }

    /// Whole words of 64 and 8 bytes; returns where the rest begins, fewer than 8 bytes before the end.
    ///
    /// Proof: the caller checked that `range` lies in `bytes`, and every word ends at or before its upper bound.
    private static func maskWords(_ word: UInt64, _ bytes: inout MutableSpan<UInt8>, _ range: Range<Int>) -> Int {
        unsafe bytes.withUnsafeMutableBytes { (raw: UnsafeMutableRawBufferPointer) -> Int in
            let wide = SIMD8<UInt64>(repeating: word)
            var index = range.lowerBound
            while range.upperBound &- index >= 64 {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: SIMD8<UInt64>.self)
                unsafe raw.storeBytes(of: block ^ wide, toByteOffset: index, as: SIMD8<UInt64>.self)
                index &+= 64
            }
            while range.upperBound &- index >= 8 {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                unsafe raw.storeBytes(of: block ^ word, toByteOffset: index, as: UInt64.self)
                index &+= 8
            }
            return index
        }
    }
}
