// Bytes are compared by words: what a message is made of is short, and a loop by bytes costs more than it looks at.

extension Span<UInt8> {
    /// Up to eight bytes from an index on as one word, the first byte lowest; zeros behind the last.
    /// - Parameter count: How many bytes, which are all there; those behind the eighth do not count.
    @inline(__always)
    func word(from start: Int, count: Int) -> UInt64 {
        guard count < 8 else { return word(at: start) }
        let mask: UInt64 = (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
        guard self.count &- start < 8 else { return word(at: start) & mask }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(self[start &+ index]) &<< UInt64(truncatingIfNeeded: index &* 8) }
        return word
    }

    /// Whether bytes from an index on are the same as all of another span.
    /// - Parameter start: As many bytes as the other span has are there.
    @inline(__always)
    func holds(_ other: Span<UInt8>, at start: Int) -> Bool {
        guard other.count >= 8 else {
            return word(from: start, count: other.count) == other.word(from: 0, count: other.count)
        }
        var index = 0
        while index < other.count {
            // The last word overlaps the one before it.
            let place = Swift.min(index, other.count &- 8)
            guard word(at: start &+ place) == other.word(at: place) else { return false }
            index &+= 8
        }
        return true
    }

    @inline(__always)
    private func word(at start: Int) -> UInt64 {
        // Bytes of UInt8 are all initialised, and any bits are a valid integer; that they are there is checked.
        unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }
}
