import DequeModule

/// What waits to be sent to one connection: shared buffers, in order, and how much of the first has gone.
struct Outbox {
    private var buffers: Deque<[UInt8]> = []
    private var frontOffset = 0
    /// Bytes that have not been sent.
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    mutating func push(_ buffer: [UInt8]) {
        guard !buffer.isEmpty else { return }
        buffers.append(buffer)
        byteCount += buffer.count
    }

    /// Copies the first bytes, as many as fit, behind what `output` holds already.
    func copy(into output: inout OutputSpan<UInt8>) {
        var start = frontOffset
        for buffer in buffers where output.freeCapacity > 0 {
            let count = min(buffer.count - start, output.freeCapacity)
            copyBytes(buffer.span.extracting(start..<start + count), into: &output)
            start = 0
        }
    }

    /// Forgets the first `count` bytes: they were sent.
    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= byteCount, "no more can be sent than waited")
        byteCount -= count
        var end = frontOffset + count
        while let front = buffers.first, end >= front.count {
            end -= front.count
            buffers.removeFirst()
        }
        frontOffset = end
        if byteCount == 0, buffers.capacity > Self.keptCapacity {
            buffers = []
        }
    }

    /// Slots that an empty outbox may keep for the next output, so that idle connections stay small.
    private static let keptCapacity = 16
}

/// One `memcpy`: the loop that a safe copy would be is the largest part of a delivery's user time.
private func copyBytes(_ source: Span<UInt8>, into output: inout OutputSpan<UInt8>) {
    unsafe output.withUnsafeMutableBufferPointer { target, initializedCount in
        unsafe source.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let to = target.baseAddress else { return }
            // In bounds: the caller cut `source` to the free capacity.
            unsafe (to + initializedCount).update(from: from, count: source.count)
        }
        initializedCount += source.count
    }
}
