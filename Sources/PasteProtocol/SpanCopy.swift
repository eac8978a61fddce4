extension [UInt8] {
    /// The bytes of a span.
    init(copying bytes: Span<UInt8>) {
        // Safe: the pointer does not leave the closure, which reads exactly the buffer it is given.
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Appends the bytes of a span as one block: OutputSpan has no bulk append yet, and byte by byte costs ten
    /// times as much, on what is most of every message.
    mutating func append(copying bytes: Span<UInt8>) {
        // Safe: the pointer does not leave the closure, which reads exactly the buffer it is given.
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe append(contentsOf: buffer)
        }
    }
}
