/// Finds lines that end in CRLF, byte by byte in order, so that the answer never depends on how the bytes were cut.
///
/// A line that is whole in the caller's buffer is not copied; only the beginning of an incomplete one is kept.
struct LineReader: Sendable {
    enum Step: Equatable {
        /// All bytes are eaten; feed more.
        case incomplete
        /// The line without its CRLF is this range of the caller's buffer.
        case inBuffer(Range<Int>)
        /// The line began in an earlier buffer: ``LineReader/takeKept()`` has it.
        case kept
        /// More bytes than the limit came without a line end.
        case tooLong
        /// A byte that no line may hold.
        case malformed(String)
    }

    /// The beginning of an incomplete line; at most limit + 1 bytes; its last byte may be a CR.
    private var kept: [UInt8] = []

    /// Whether no byte of a line is kept.
    var isEmpty: Bool { kept.isEmpty }

    /// Bytes of a line that are kept.
    var count: Int { kept.count }

    /// - Parameter limit: the most bytes of the line without its CRLF.
    mutating func next(_ bytes: Span<UInt8>, at offset: inout Int, limit: Int) -> Step {
        let start = offset
        let end = min(bytes.count, start &+ (limit &+ 2 &- kept.count))
        var afterReturn = kept.last == Byte.carriageReturn
        var index = start
        while index < end {
            let byte = bytes[index]
            index &+= 1
            if afterReturn {
                guard byte == Byte.lineFeed else { return .malformed("A CR must be followed by LF.") }
                offset = index
                return finish(bytes, start..<index)
            }
            if (byte >= Byte.space && byte != 0x7F) || byte == Byte.tab { continue }
            guard byte == Byte.carriageReturn else {
                return .malformed(
                    byte == Byte.lineFeed
                        ? "A line must end in CRLF, not in LF alone." : "A head must not hold control characters.")
            }
            afterReturn = true
        }
        guard kept.count &+ (end &- start) < limit &+ 2 else { return .tooLong }
        keep(bytes, start..<end)
        offset = end
        return .incomplete
    }

    /// The line that ``Step/kept`` announced; afterwards nothing is kept, nor its memory.
    mutating func takeKept() -> [UInt8] {
        defer { kept = [] }
        return kept
    }

    private mutating func finish(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Step {
        if kept.isEmpty {
            return .inBuffer(range.lowerBound..<range.upperBound &- 2)
        }
        keep(bytes, range)
        kept.removeLast(2)
        return .kept
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        for index in range {
            kept.append(bytes[index])
        }
    }
}
