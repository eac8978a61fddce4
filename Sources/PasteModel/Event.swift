// The log's vocabulary.

/// What an edit changes.
public enum EditTarget: Hashable, Sendable {
    /// The text that everyone edits together.
    case pad
    /// The item of that number.
    case item(UInt64)
}

/// What an event did. Texts share their storage with the state that they produced.
public enum EventBody: Hashable, Sendable {
    /// A new item.
    case append(item: UInt64, text: Text)
    /// A change of the pad or an item, already transformed to apply right after the preceding event.
    case edit(target: EditTarget, ops: TextEdit)
    /// The pad became an item and is empty now.
    case keep(item: UInt64, text: Text)
    /// One item is gone.
    case remove(item: UInt64)
    /// All items up to that number are gone.
    case clear(through: UInt64)
    /// The paste ends at another time.
    case extend(expiresAt: Milliseconds)
    /// What stood here was removed since: whoever is behind it needs a snapshot.
    case erased
}

/// One entry of a paste's log.
public struct Event: Hashable, Sendable {
    /// The place in the log that this event leads to.
    public let cursor: Cursor
    /// When the server accepted it.
    public let at: Milliseconds
    /// Who asked for it.
    public let author: Author
    /// The author's number for the request.
    public let ref: UInt64
    /// What it did.
    public var body: EventBody

    /// An event from its parts.
    public init(cursor: Cursor, at: Milliseconds, author: Author, ref: UInt64, body: EventBody) {
        self.cursor = cursor
        self.at = at
        self.author = author
        self.ref = ref
        self.body = body
    }
}

/// What remains of a request that took effect: enough to answer its repeats.
public struct Receipt: Hashable, Sendable {
    /// The request's number.
    public let ref: UInt64
    /// The event that it became.
    public let seq: UInt64
    /// The item that it made, if it made one.
    public let item: UInt64?

    /// A receipt from its parts.
    public init(ref: UInt64, seq: UInt64, item: UInt64?) {
        self.ref = ref
        self.seq = seq
        self.item = item
    }
}

extension EventBody {
    /// Bytes of text in it.
    public var textBytes: Int {
        switch self {
        case .append(_, let text), .keep(_, let text): text.count
        case .edit(_, let edit): edit.insertedBytes
        case .remove, .clear, .extend, .erased: 0
        }
    }
}
