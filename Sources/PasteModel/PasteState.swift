// A paste's state at one cursor, as a plain value: what a snapshot shows and a checkpoint stores.

/// One kept text.
public struct Item: Hashable, Sendable {
    /// Its number: 1, 2, 3, ... in the order of making, never reused.
    public let number: UInt64
    /// When it was made.
    public let at: Milliseconds
    /// Who made it.
    public let author: Author
    /// Its exact bytes.
    public var text: Text
    /// The seq of the event that last changed its text.
    public var textSeq: UInt64

    /// An item from its parts.
    public init(number: UInt64, at: Milliseconds, author: Author, text: Text, textSeq: UInt64) {
        self.number = number
        self.at = at
        self.author = author
        self.text = text
        self.textSeq = textSeq
    }
}

/// A paste's state at one cursor.
public struct PasteState: Hashable, Sendable {
    /// How far the log has come.
    public var cursor: Cursor
    /// When the paste was made.
    public var createdAt: Milliseconds
    /// When the paste ends.
    public var expiresAt: Milliseconds
    /// The shared live text.
    public var pad = Text.empty
    /// The seq of the event that last changed the pad; 0 before any.
    public var padSeq: UInt64 = 0
    /// The kept texts, ascending by number.
    public var items = ItemList()
    /// The number that the next item gets.
    public var nextItem: UInt64 = 1
    /// Bytes of all items and the pad.
    public var byteCount = 0
    /// What is remembered of each device's requests.
    public var clients = ClientTable()

    /// The state of a new paste: nothing in it yet.
    public init(generation: UInt64, createdAt: Milliseconds, expiresAt: Milliseconds) {
        cursor = Cursor(seq: 0, tag: generation)
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
