// What a shard holds of a paste that is at home elsewhere: the end of its log, as frames, and only while a viewer here
// needs it. While all are level that is nothing.

import DequeModule
import PasteModel

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
        var message: SharedMessage
        let byteCount: Int
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
            return dropHeld()
        }
        for event in events {
            // Its text is gone: so are the frames that hold it.
            if event.erases { dropHeld() }
            head = event.cursor
            held.append(
                Entry(cursor: event.cursor, message: SharedMessage(event.message), byteCount: event.byteCount))
            heldBytes += event.byteCount
        }
        while heldBytes > limit, let first = held.popFirst() {
            heldBytes -= first.byteCount
            base = first.cursor
        }
    }

    private mutating func dropHeld() {
        held.removeAll()
        heldBytes = 0
        base = head
    }

    /// Whether what comes after a cursor is held, or nothing does.
    func covers(_ cursor: Cursor) -> Bool { cursor.seq >= base.seq && cursor.seq <= head.seq }

    /// Hands the event after a covered cursor to `body`, to be sent.
    /// - Returns: The cursor behind it; `nil` when there is none.
    mutating func withNext(after cursor: Cursor, _ body: (inout SharedMessage) -> Void) -> Cursor? {
        let index = Int(cursor.seq - base.seq)
        guard index < held.count else { return nil }
        body(&held[index].message)
        return held[index].cursor
    }
}
