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

/// One entry of a paste's log. A value whose parts are one object: it goes through many hands (two states, the log, a
/// batch, a store, an encoder), and copies for each of them cost more than the rules do.
public struct Event: Sendable {
    @usableFromInline
    final class Parts: Sendable {
        @usableFromInline let cursor: Cursor
        @usableFromInline let at: Milliseconds
        @usableFromInline let author: Author
        @usableFromInline let ref: UInt64
        @usableFromInline let body: EventBody
        /// Asked for again and again, and the body is costly to look into.
        @usableFromInline let textBytes: Int

        init(cursor: Cursor, at: Milliseconds, author: Author, ref: UInt64, body: EventBody) {
            self.cursor = cursor
            self.at = at
            self.author = author
            self.ref = ref
            self.body = body
            textBytes = body.textBytes
        }
    }

    @usableFromInline let parts: Parts

    /// An event from its parts.
    public init(cursor: Cursor, at: Milliseconds, author: Author, ref: UInt64, body: EventBody) {
        parts = Parts(cursor: cursor, at: at, author: author, ref: ref, body: body)
    }

    /// The place in the log that this event leads to.
    @inlinable public var cursor: Cursor { parts.cursor }
    /// When the server accepted it.
    @inlinable public var at: Milliseconds { parts.at }
    /// Who asked for it.
    @inlinable public var author: Author { parts.author }
    /// The author's number for the request.
    @inlinable public var ref: UInt64 { parts.ref }
    /// What it did.
    @inlinable public var body: EventBody { parts.body }
    /// Bytes of text in the body.
    @inlinable public var textBytes: Int { parts.textBytes }

    /// The event without what it did: that was removed since.
    public var erased: Event { Event(cursor: cursor, at: at, author: author, ref: ref, body: .erased) }
}

extension Event: Hashable {
    /// Whether all parts are equal.
    public static func == (a: Event, b: Event) -> Bool {
        a.cursor == b.cursor && a.at == b.at && a.author == b.author && a.ref == b.ref && a.body == b.body
    }

    /// Hashes all parts.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(cursor)
        hasher.combine(at)
        hasher.combine(author)
        hasher.combine(ref)
        hasher.combine(body)
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
    var textBytes: Int {
        switch self {
        case .append(_, let text), .keep(_, let text): text.count
        case .edit(_, let edit): edit.insertedBytes
        case .remove, .clear, .extend, .erased: 0
        }
    }
}
