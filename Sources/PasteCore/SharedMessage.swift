// What many devices are told: encoded once, compressed once for each window, made an event once for all streams, and
// once in the memory budget in each of these forms, until the last outbox has sent it.

import PasteModel
import PasteProtocol
import WebSocket

/// A message on its way to many devices.
struct SharedMessage {
    private var message: OutgoingMessage
    /// The cursor that its reader has with it, if that moves.
    private let position: Cursor?
    /// As an event of a stream, whole and as a chunk.
    private var event: [UInt8]?
    private var chunk: [UInt8]?
    /// By the form that they are for: a frame for each window, an event whole and as a chunk.
    private var charges = InlineArray<5, BufferCharge?>(repeating: nil)

    init(_ message: OutgoingMessage, position: Cursor? = nil) {
        self.message = message
        self.position = position
    }

    /// The message with the forms that were made of it, for other shards.
    var outgoing: OutgoingMessage { message }

    /// The form that a device understands, and who pays for it.
    mutating func bytes(
        for session: Session, by codec: DeflateCodec, on budget: BufferBudget
    ) -> (bytes: [UInt8], owner: Outbox.Owner) {
        let bytes: [UInt8]
        let place: Int
        if let stream = session.stream {
            bytes = event(in: stream)
            place = Int(DeflateWindow.wide.rawValue) + (stream.isChunked ? 1 : 2)
        } else {
            bytes = message.frame(for: session.deflateWindow, by: codec)
            place = Int(session.deflateWindow.rawValue)
        }
        let charge = charges[place] ?? BufferCharge(bytes.count, to: budget)
        charges[place] = charge
        return (bytes, .many(charge))
    }

    private mutating func event(in stream: EventStream) -> [UInt8] {
        if let made = stream.isChunked ? chunk : event { return made }
        let made = stream.wrapped(EventStream.event(message.payload, position: position))
        if stream.isChunked { chunk = made } else { event = made }
        return made
    }
}

extension ShardCore {
    /// Encodes a message once, for whoever it is sent to.
    func shared(_ message: ServerMessage) -> SharedMessage {
        SharedMessage(outgoing(message), position: message.position)
    }

    /// Queues a message for one of its devices, and marks that as dirty.
    func send(_ session: Session, _ message: inout SharedMessage) {
        let form = message.bytes(for: session, by: codec, on: budget)
        send(session, form.bytes, owner: form.owner)
    }
}
