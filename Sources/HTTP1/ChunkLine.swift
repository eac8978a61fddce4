/// The line before a chunk's data (RFC 9112 section 7.1): a size in hexadecimal, then perhaps extensions.
struct ChunkLine: Equatable {
    /// Bytes of data; 0 ends the content.
    let size: Int
    /// Bytes of the extensions, which mean nothing to us.
    let extensionBytes: Int

    /// Bytes of a whole line; more than a size, and enough for extensions that are sent in earnest.
    static let limitBytes = 256

    /// - Parameter room: how many bytes the content may still hold.
    init(_ line: Span<UInt8>, room: Int, limits: HTTPLimits) throws(HTTPFailure) {
        var size = 0
        var index = 0
        while index < line.count, let digit = line[index].hexValue {
            size = size &<< 4 | Int(digit)
            guard size <= room else { throw .contentTooLarge(limits) }
            index &+= 1
        }
        // Whitespace may stand only before the ";" of an extension (section 7.1.1).
        let rest = line.trimmed(from: index, to: line.count)
        guard index > 0, index == line.count || (!rest.isEmpty && line[rest.lowerBound] == UInt8(ascii: ";")) else {
            throw .badRequest("A chunk must begin with its size in hexadecimal.")
        }
        guard ChunkLine.closesQuotes(rest, in: line) else {
            throw .badRequest("A chunk extension has a quoted text without an end.")
        }
        self.size = size
        extensionBytes = line.count &- index
    }

    /// A reader that takes a line end within quotes for text would find the chunk's data elsewhere than we do.
    private static func closesQuotes(_ range: Range<Int>, in line: Span<UInt8>) -> Bool {
        var isQuoted = false
        var index = range.lowerBound
        while index < range.upperBound {
            if line[index] == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if isQuoted, line[index] == UInt8(ascii: "\\") {
                index &+= 1
            }
            index &+= 1
        }
        return !isQuoted
    }
}
