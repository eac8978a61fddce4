/// What waits to be sent to one connection: buffers in order, and how much of the first has gone.
struct Outbox {
    /// Who pays for a buffer.
    enum Owner {
        /// This connection alone.
        case this
        /// Everyone who was sent the same frame, through the charge that was made with it.
        case many(BufferCharge)
        /// Nobody: it is in memory anyway.
        case site
    }

    private struct Entry {
        var bytes: [UInt8]
        var owner: Owner
    }

    /// Sent buffers, then waiting ones. The sent ones go when they are as many as the others.
    private var entries: [Entry] = []
    private var front = 0
    private var frontOffset = 0
    /// Bytes that have not been sent.
    private(set) var byteCount = 0
    /// Bytes of memory that are kept for this connection alone.
    private(set) var ownBytes = 0

    var isEmpty: Bool { byteCount == 0 }

    /// Bytes as memory counts them: 10,000 small frames take more room than their bytes.
    var weight: Int { byteCount + (entries.count - front) * Self.entryBytes }

    /// What a buffer takes beside its bytes: its place here, its header, the allocator's own.
    private static let entryBytes = 64

    mutating func push(_ buffer: [UInt8], owner: Owner = .this) {
        guard !buffer.isEmpty else { return }
        let entry = Entry(bytes: buffer, owner: owner)
        entries.append(entry)
        byteCount += buffer.count
        ownBytes += Self.own(entry)
    }

    /// Copies the first bytes, as many as fit, behind what `output` holds already. Changes nothing: `mutating` lets it
    /// look at the buffers where they are, without counting references to them.
    mutating func copy(into output: inout OutputSpan<UInt8>) {
        var start = frontOffset
        let waiting = entries.span.extracting(droppingFirst: front)
        var index = 0
        while index < waiting.count, output.freeCapacity > 0 {
            copyBytes(of: waiting[index].bytes, from: start, into: &output)
            start = 0
            index += 1
        }
    }

    /// Forgets the first `count` bytes: they were sent.
    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= byteCount, "no more can be sent than waited")
        byteCount -= count
        guard byteCount > 0 else {
            if entries.count <= Self.keptBuffers {
                // One or two nearly always.
                while entries.popLast() != nil {}
            } else {
                entries = []
            }
            front = 0
            frontOffset = 0
            ownBytes = 0
            return
        }
        var end = frontOffset + count
        while end >= entries[front].bytes.count {
            end -= entries[front].bytes.count
            ownBytes -= Self.own(entries[front])
            entries[front] = Entry(bytes: [], owner: .site)
            front += 1
        }
        frontOffset = end
        if front > Self.keptBuffers, front * 2 > entries.count {
            entries.removeFirst(front)
            front = 0
        }
    }

    private static func own(_ entry: Entry) -> Int {
        if case .this = entry.owner { entry.bytes.count + entryBytes } else { entryBytes }
    }

    /// Places for buffers that an empty outbox may keep, so that idle connections stay small.
    private static let keptBuffers = 16
}

/// One `memcpy` of what fits: the loop that a safe copy would be is the largest part of a delivery's user time.
private func copyBytes(of buffer: [UInt8], from start: Int, into output: inout OutputSpan<UInt8>) {
    let bytes = buffer.span.extracting(droppingFirst: start).extracting(first: output.freeCapacity)
    unsafe output.withUnsafeMutableBufferPointer { target, initializedCount in
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress, let to = target.baseAddress else { return }
            // In bounds: `bytes` was cut to the free capacity.
            unsafe (to + initializedCount).update(from: from, count: source.count)
        }
        initializedCount += bytes.count
    }
}
