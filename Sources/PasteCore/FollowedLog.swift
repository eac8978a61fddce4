// What a shard holds of a paste that is at home elsewhere: the end of its log, as frames, and only while a viewer here
// needs it. While all are level that is nothing.

import DequeModule
import PasteModel
import WebSocket

struct FollowedLog {
    /// Which time of following this is, in its home's words.
    let number: UInt64
    /// The last event that was passed on.
    private(set) var head: Cursor
    /// How many devices follow the paste, on all shards.
    var devices: Int
    /// Bytes of events that were passed on and that the home has not been told of.
    var untoldBytes = 0
    /// Bytes that the held events take.
    private(set) var heldBytes = 0
    /// The cursor before the first held event.
    private var base: Cursor
    private var held: Deque<Entry> = []

    private struct Entry {
        let cursor: Cursor
        let message: OutgoingMessage
        let byteCount: Int
        /// What outboxes hold of it, by form: it counts as theirs, and only while they do.
        var lent = InlineArray<5, Lent>(repeating: Lent())

        struct Lent {
            weak var buffer: SharedBuffer?
        }
    }

    init(from cursor: Cursor, devices: Int, number: UInt64) {
        self.number = number
        head = cursor
        base = cursor
        self.devices = devices
    }

    /// Notes events that were passed on.
    /// - Parameter limit: Bytes that may be held for those who could not take them; 0: nobody is behind, or there is
    ///   no memory.
    mutating func add(_ events: [ShownEvent], limit: Int) {
        guard limit > 0 else {
            head = events.last?.cursor ?? head
            return release()
        }
        for event in events {
            // Its text is gone: so are the frames that hold it.
            if event.erases { release() }
            head = event.cursor
            held.append(Entry(cursor: event.cursor, message: event.message, byteCount: event.byteCount))
            heldBytes += event.byteCount
        }
        while heldBytes > limit, let first = held.popFirst() {
            heldBytes -= first.byteCount
            base = first.cursor
        }
    }

    /// Holds nothing any more: nobody is behind.
    mutating func release() {
        held.removeAll()
        heldBytes = 0
        base = head
    }

    /// Whether what comes after a cursor is held, or nothing does.
    func covers(_ cursor: Cursor) -> Bool { cursor.seq >= base.seq && cursor.seq <= head.seq }

    /// The event after a covered cursor in a device's form, and the cursor behind it; `nil` when there is none.
    mutating func next(
        after cursor: Cursor, _ form: Form, by codec: DeflateCodec, on budget: BufferBudget
    ) -> (SharedBuffer, Cursor)? {
        let index = Int(cursor.seq - base.seq)
        guard index < held.count else { return nil }
        if let buffer = held[index].lent[form.rawValue].buffer { return (buffer, held[index].cursor) }
        var message = SharedMessage(held[index].message)
        let buffer = message.buffer(form, by: codec, on: budget)
        held[index].lent[form.rawValue].buffer = buffer
        return (buffer, held[index].cursor)
    }
}
