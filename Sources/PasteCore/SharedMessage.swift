// What many devices are told: encoded once, compressed once for each window, and once in the memory budget in each of
// these forms, until the last outbox has sent it.

import PasteProtocol
import WebSocket

/// A message on its way to many devices.
struct SharedMessage {
    private var message: OutgoingMessage
    /// By the window of the form that they are for.
    private var charges: [BufferCharge?] = []

    init(_ message: OutgoingMessage) {
        self.message = message
    }

    /// The message with the forms that were made of it, for other shards.
    var outgoing: OutgoingMessage { message }

    /// The form that a device understands, and who pays for it.
    mutating func frame(
        for window: DeflateWindow, by codec: DeflateCodec, on budget: BufferBudget
    ) -> (bytes: [UInt8], owner: Outbox.Owner) {
        let bytes = message.frame(for: window, by: codec)
        let place = Int(window.rawValue)
        while charges.count <= place { charges.append(nil) }
        let charge = charges[place] ?? BufferCharge(bytes.count, to: budget)
        charges[place] = charge
        return (bytes, .many(charge))
    }
}

extension ShardCore {
    /// Encodes a message once, for whoever it is sent to.
    func shared(_ message: ServerMessage) -> SharedMessage { SharedMessage(outgoing(message)) }

    /// Queues a message for one of its devices, and marks that as dirty.
    func send(_ session: Session, _ message: inout SharedMessage) {
        let frame = message.frame(for: session.deflateWindow, by: codec, on: budget)
        send(session, frame.bytes, owner: frame.owner)
    }
}
