// What many devices are told: encoded once, compressed once for each window, made an event once for all streams, and
// once in the memory budget in each of these forms, until the last outbox has sent it.

import PasteModel
import PasteProtocol
import WebSocket

/// How a device is told: by a frame as it is or compressed for its window, or by an event of its stream.
enum Form: Int {
    case plain, narrow, wide, event, chunk

    fileprivate var window: DeflateWindow? {
        switch self {
        case .plain: DeflateWindow.none
        case .narrow: .narrow
        case .wide: .wide
        case .event, .chunk: nil
        }
    }
}

extension Session {
    var form: Form {
        if let stream { return stream.isChunked ? .chunk : .event }
        return switch deflateWindow {
        case .none: .plain
        case .narrow: .narrow
        case .wide: .wide
        }
    }
}

/// A message on its way to many devices.
struct SharedMessage {
    private var message: OutgoingMessage
    private var buffers = SharedBuffers()

    init(_ message: OutgoingMessage) {
        self.message = message
    }

    /// The form that a device understands.
    mutating func buffer(_ form: Form, by codec: DeflateCodec, on budget: BufferBudget) -> SharedBuffer {
        buffers.get(form, plainBytes: message.plain.count, on: budget) {
            guard let window = form.window else {
                return EventStream.content(isChunked: form == .chunk) { $0.append(event: message.payload) }
            }
            return message.frame(for: window, by: codec)
        }
    }
}

/// Consecutive events of one commit, on their way to many devices as one buffer: what a delivery costs is nearly the same
/// however many they are.
struct SharedEvents {
    /// Where in the batch they stand.
    let range: Range<Int>
    /// What they would weigh in an outbox, each by itself, without the last: a device that has room for so much below its
    /// high water may get all of them, and is at most one event above it, as with single ones.
    let leadingBytes: Int
    private let plainBytes: Int
    private var buffers = SharedBuffers()

    /// As many as weigh `limit` bytes, from `start` on; one at least.
    init(_ batch: [ShownEvent], from start: Int, limit: Int) {
        var end = start
        var (leadingBytes, weight) = (0, 0)
        repeat {
            leadingBytes = weight
            weight += batch[end].weight
            end += 1
        } while end < batch.count && weight + batch[end].weight <= limit
        range = start..<end
        self.leadingBytes = leadingBytes
        plainBytes = weight - range.count * Outbox.entryBytes
    }

    /// The form that a device understands.
    /// - Parameter batch: The one of which they are a part: it keeps what was compressed, for other shards.
    mutating func buffer(
        _ form: Form, of batch: inout [ShownEvent], by codec: DeflateCodec, on budget: BufferBudget
    ) -> SharedBuffer {
        buffers.get(form, plainBytes: plainBytes, on: budget) {
            guard let window = form.window else {
                return EventStream.content(isChunked: form == .chunk) { content in
                    for event in batch[range] { content.append(event: event.message.payload, position: event.cursor) }
                }
            }
            guard range.count > 1 else { return batch[range.lowerBound].message.frame(for: window, by: codec) }
            var frames: [UInt8] = []
            frames.reserveCapacity(plainBytes)
            for index in range { frames += batch[index].message.frame(for: window, by: codec) }
            return frames
        }
    }
}

/// The forms of one thing, each made when somebody needs it.
private struct SharedBuffers {
    private var made = InlineArray<5, SharedBuffer?>(repeating: nil)

    /// - Parameter plainBytes: Bytes of the plain form.
    mutating func get(_ form: Form, plainBytes: Int, on budget: BufferBudget, make: () -> [UInt8]) -> SharedBuffer {
        if let buffer = made[form.rawValue] { return buffer }
        let bytes = make()
        // Compressed is shorter, or it is not used: as many bytes are the same bytes.
        let known = form.window != nil && bytes.count == plainBytes ? Form.plain : form
        let buffer = made[known.rawValue] ?? SharedBuffer(bytes, on: budget)
        made[known.rawValue] = buffer
        if known != form { made[form.rawValue] = buffer }
        return buffer
    }
}

extension ShardCore {
    /// Encodes a message once, for whoever it is sent to.
    func shared(_ message: ServerMessage) -> SharedMessage {
        SharedMessage(outgoing(message))
    }

    /// Queues a message for one of its devices, and marks that as dirty.
    func send(_ session: Session, _ message: inout SharedMessage) {
        queue(session, &message)
        markDirty(session)
    }

    /// Queues a message for one of its devices that is being flushed.
    func queue(_ session: Session, _ message: inout SharedMessage) {
        queue(session, .shared(message.buffer(session.form, by: codec, on: budget)))
    }
}
