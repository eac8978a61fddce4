/// Gathers the payload of a message that is not whole in the caller's buffer.
///
/// Linear in the bytes of the message, whatever its fragments: memory grows by doubling, never past the limit, and only
/// with bytes that came; an announced length reserves nothing that a peer did not pay for.
struct MessageAssembler: Sendable {
    private(set) var bytes: [UInt8] = []

    /// Bytes of memory that are held.
    var reservedBytes: Int { bytes.capacity }

    /// Bytes that are reserved with the first piece of a message.
    private static let firstBytes = 256

    /// Keeps a piece.
    ///
    /// - Parameters:
    ///   - expected: bytes that the message will have at least, as far as headers announced.
    ///   - limit: bytes that the message may have; the header check has seen to it that this fits.
    mutating func append(_ piece: borrowing Span<UInt8>, _ range: Range<Int>, expected: Int, limit: Int) {
        let needed = bytes.count &+ range.count
        if needed > bytes.capacity {
            // The expected size at once if that at most doubles what came, else twice what came.
            let doubled = max(needed &* 2, MessageAssembler.firstBytes)
            bytes.reserveCapacity(max(needed, min(doubled, limit, max(expected, needed &+ needed / 2))))
        }
        bytes.append(copying: piece, range)
    }

    /// The message, handed over with its memory; nothing is kept.
    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}

extension [UInt8] {
    /// Appends a part of a span as one block: byte by byte costs ten times as much.
    mutating func append(copying source: borrowing Span<UInt8>, _ range: Range<Int>) {
        // Safe: the pointer does not leave the closure, which reads exactly the buffer it is given.
        unsafe source.extracting(range).withUnsafeBufferPointer { buffer in
            unsafe append(contentsOf: buffer)
        }
    }
}
