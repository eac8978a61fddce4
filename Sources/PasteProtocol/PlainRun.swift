// The bulk scan that reading and writing strings share.

/// The first index at or after `start` of a byte that a JSON string can not hold as it is (a quote, a
/// backslash, a control character) or, with `asciiOnly`, that is no ASCII; the end if there is none.
///
/// Looks at eight bytes at a time: texts are most of what a message is.
func plainEnd(of bytes: Span<UInt8>, from start: Int, asciiOnly: Bool) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    let foreign = asciiOnly ? highs : 0
    // Bytes of UInt8 are all initialised: it has no padding.
    let raw = unsafe bytes.bytes
    var at = start
    while bytes.count &- at >= 8 {
        // The loop's condition proves that eight bytes are there; any bits are a valid integer.
        let loaded = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
        let word = UInt64(littleEndian: loaded)
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        // "Which byte is zero" and "which is below 0x20", by borrow. A borrow runs upwards only, so that the
        // lowest hit is always a true one, and the lowest is the one that counts.
        let quotes = (quote &- ones) & ~quote
        let backslashes = (backslash &- ones) & ~backslash
        let controls = (word &- ones &* 0x20) & ~word
        let hits = ((quotes | backslashes | controls) & highs) | (word & foreign)
        if hits != 0 {
            return at &+ hits.trailingZeroBitCount / 8
        }
        at &+= 8
    }
    while at < bytes.count {
        let byte = bytes[at]
        if byte < 0x20 || byte == 0x22 || byte == 0x5C || (asciiOnly && byte >= 0x80) { return at }
        at &+= 1
    }
    return at
}
