extension [UInt8] {
    /// The bytes of a span.
    init(copying bytes: Span<UInt8>) {
        // Safe: the pointer does not leave the closure, which reads exactly the buffer it is given.
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Appends the bytes of a span as one block: OutputSpan has no bulk append yet, and byte by byte costs ten
    /// times as much, on what is most of every message.
    mutating func append(copying bytes: Span<UInt8>) {
        append(addingCapacity: bytes.count) { $0.append(copying: bytes) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends the bytes of a span, for which there must be room, as one block.
    @inlinable
    public mutating func append(copying bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "the room was asked for")
        unsafe withUnsafeMutableBufferPointer { target, initializedCount in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                // In bounds, as was just checked; the pointers do not leave the closures.
                unsafe (to + initializedCount).update(from: from, count: source.count)
            }
            initializedCount += bytes.count
        }
    }
}
