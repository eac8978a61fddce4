/// What waits to be sent to one connection: shared buffers, in order, and how much of the first has gone.
struct Outbox {
    /// Sent buffers, then waiting ones. The sent ones go when they are as many as the others.
    private var buffers: [[UInt8]] = []
    private var front = 0
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
        for index in buffers.indices.dropFirst(front) where output.freeCapacity > 0 {
            let count = min(buffers[index].count - start, output.freeCapacity)
            copyBytes(of: buffers[index], start..<start + count, into: &output)
            start = 0
        }
    }

    /// Forgets the first `count` bytes: they were sent.
    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= byteCount, "no more can be sent than waited")
        byteCount -= count
        guard byteCount > 0 else {
            buffers.removeAll(keepingCapacity: buffers.count <= Self.keptBuffers)
            front = 0
            frontOffset = 0
            return
        }
        var end = frontOffset + count
        while end >= buffers[front].count {
            end -= buffers[front].count
            buffers[front] = []
            front += 1
        }
        frontOffset = end
        if front > Self.keptBuffers, front * 2 > buffers.count {
            buffers.removeFirst(front)
            front = 0
        }
    }

    /// Places for buffers that an empty outbox may keep, so that idle connections stay small.
    private static let keptBuffers = 16
}

/// One `memcpy`: the loop that a safe copy would be is the largest part of a delivery's user time.
private func copyBytes(of buffer: [UInt8], _ range: Range<Int>, into output: inout OutputSpan<UInt8>) {
    unsafe output.withUnsafeMutableBufferPointer { target, initializedCount in
        unsafe buffer[range].withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let to = target.baseAddress else { return }
            // In bounds: the caller cut `range` to the free capacity.
            unsafe (to + initializedCount).update(from: from, count: source.count)
        }
        initializedCount += range.count
    }
}
