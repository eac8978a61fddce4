// What waits to be sent to one connection: buffers in order, and how much of the first has gone.
//
// A class and not a part of `Session`: what a delivery changes here are single fields then, each for an instant, which the
// compiler can prove; of a struct within another object it would have the runtime watch every change. And the one that a
// session is built on, not an object beside it: with thousands of devices each object is one more place that is not in the
// cache.

import DequeModule
import PasteProtocol

class Outbox {
    /// A buffer, by who pays for it.
    enum Buffer {
        /// This connection alone.
        case own([UInt8])
        /// Everyone who was sent the same, through the buffer itself.
        case shared(SharedBuffer)
        /// Nobody: it is in memory anyway.
        case site([UInt8])

        var bytes: [UInt8] {
            switch self {
            case .own(let bytes), .site(let bytes): bytes
            case .shared(let buffer): buffer.bytes
            }
        }

        /// Bytes that are kept for this connection alone.
        fileprivate var ownBytes: Int {
            if case .own(let bytes) = self { bytes.count &+ Outbox.entryBytes } else { Outbox.entryBytes }
        }
    }

    /// Nearly always the only one.
    private final var first: Buffer?
    private final var firstOffset = 0
    /// Without storage while it is empty: idle connections stay small.
    private final var rest: Deque<Buffer> = []
    private final var bufferCount = 0
    /// Bytes that have not been sent.
    final private(set) var byteCount = 0
    /// Bytes of memory that are kept for this connection alone.
    final private(set) var ownBytes = 0

    final var isEmpty: Bool { byteCount == 0 }

    /// Bytes as memory counts them: 10,000 small frames take more room than their bytes.
    final var weight: Int { byteCount &+ bufferCount &* Self.entryBytes }

    /// What a buffer takes beside its bytes: its place here, its header, the allocator's own.
    static let entryBytes = 64

    final func push(_ buffer: Buffer) {
        let count = buffer.bytes.count
        guard count > 0 else { return }
        byteCount += count
        ownBytes += buffer.ownBytes
        bufferCount += 1
        if first == nil {
            first = buffer
        } else {
            rest.append(buffer)
        }
    }

    /// Copies the first bytes, as many as fit, behind what `output` holds already.
    final func copy(into output: inout OutputSpan<UInt8>) {
        guard let first else { return }
        copyBytes(of: first.bytes, from: firstOffset, into: &output)
        guard bufferCount > 1 else { return }
        for buffer in rest {
            guard output.freeCapacity > 0 else { return }
            copyBytes(of: buffer.bytes, from: 0, into: &output)
        }
    }

    /// Forgets the first `count` bytes: they were sent.
    final func consume(_ count: Int) {
        precondition(count >= 0 && count <= byteCount, "no more can be sent than waited")
        guard count < byteCount else { return clear() }
        byteCount -= count
        firstOffset += count
        while let buffer = first, firstOffset >= buffer.bytes.count {
            firstOffset -= buffer.bytes.count
            ownBytes -= buffer.ownBytes
            bufferCount -= 1
            first = rest.popFirst()
            if rest.isEmpty { rest = [] }
        }
    }

    /// Forgets everything.
    final func clear() {
        first = nil
        firstOffset = 0
        if bufferCount > 1 { rest = [] }
        bufferCount = 0
        byteCount = 0
        ownBytes = 0
    }
}

/// What fits of a buffer, from `start` on.
private func copyBytes(of buffer: [UInt8], from start: Int, into output: inout OutputSpan<UInt8>) {
    output.append(copying: buffer.span.extracting(droppingFirst: start).extracting(first: output.freeCapacity))
}
