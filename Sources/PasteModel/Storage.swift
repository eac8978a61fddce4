// The vocabulary of the storage contract: what a shard asks of a store and what it is told. The promises
// behind these words are `PasteStore`'s.

/// What can be asked of a store. The largest is kept apart, so that the others stay small: they are copied on their way.
public enum StoreRequest: Sendable {
    /// Makes a paste. `generation` seeds its tags: the cursor of a new paste is `(0, generation)`. The same
    /// generation again is answered like the first time. Answered by `created`.
    case create(PasteID, generation: UInt64, at: Milliseconds, expiresAt: Milliseconds)
    /// Adds events behind the cursor that they expect. Answered by `committed`.
    case commit(PasteID, expected: Cursor, events: [Event])
    /// Reads a paste whole, consistently. Answered by `opened`.
    case open(PasteID)
    /// Reads at most `limit` events behind a cursor. Answered by `changes`.
    case changes(PasteID, after: Cursor, limit: Int)
    /// Materialises the state at a cursor so that older events may be trimmed. Losing it is harmless.
    /// Answered by `checkpointed`.
    indirect case checkpoint(PasteID, state: PasteState)
    /// Erases a paste; a tombstone holds its id until `tombstoneUntil`. Answered by `removed`.
    case remove(PasteID, tombstoneUntil: Milliseconds)
    /// Lists at most `limit` pastes whose time is over, and forgets tombstones whose time is over.
    /// Answered by `expiring`.
    case expiring(before: Milliseconds, limit: Int)
}

extension StoreRequest {
    /// The answer to this request that it failed.
    public func failed(_ error: StoreError) -> StoreAnswer {
        switch self {
        case .create(let id, let generation, _, _): .created(id, generation: generation, .failure(error))
        case .commit(let id, let expected, _): .committed(id, expected: expected, .failure(error))
        case .open(let id): .opened(id, .failure(error))
        case .changes(let id, let after, _): .changes(id, after: after, .failure(error))
        case .checkpoint(let id, _): .checkpointed(id, .failure(error))
        case .remove(let id, _): .removed(id, .failure(error))
        case .expiring: .expiring(.failure(error))
        }
    }
}

/// What a store answers. The id says to whom, the request's kind is the answer's kind. The largest is kept apart.
public enum StoreAnswer: Sendable {
    /// To `create`: the paste, or `exists` for a live paste of another generation or a tombstone.
    case created(PasteID, generation: UInt64, Result<CreatedPaste, StoreError>)
    /// To `commit`: the new head.
    case committed(PasteID, expected: Cursor, Result<Cursor, StoreError>)
    /// To `open`.
    indirect case opened(PasteID, Result<StoredPaste, StoreError>)
    /// To `changes`.
    case changes(PasteID, after: Cursor, Result<StoredChanges, StoreError>)
    /// To `checkpoint`: whether the checkpoint was taken; false when it is stale.
    case checkpointed(PasteID, Result<Bool, StoreError>)
    /// To `remove`. Removing what is not there succeeds.
    case removed(PasteID, Result<Void, StoreError>)
    /// To `expiring`.
    case expiring(Result<ExpiredPastes, StoreError>)
}

/// A paste that was made, now or by an earlier `create` of the same generation.
public struct CreatedPaste: Hashable, Sendable {
    /// The cursor of a new paste: `(0, generation)`.
    public let cursor: Cursor
    /// When the paste ends: for a repeat what holds now, not what was asked for.
    public let expiresAt: Milliseconds

    /// A paste from its parts.
    public init(cursor: Cursor, expiresAt: Milliseconds) {
        self.cursor = cursor
        self.expiresAt = expiresAt
    }
}

/// What a sweep finds.
public struct ExpiredPastes: Hashable, Sendable {
    /// Pastes whose time is over, the longest over first, at most as many as were asked for.
    public let ids: [PasteID]
    /// How many pastes are stored, those whose time is over included.
    public let pasteCount: Int
    /// Bytes that all pastes and tombstones take where they are stored.
    public let storedBytes: Int

    /// Findings from their parts.
    public init(ids: [PasteID], pasteCount: Int, storedBytes: Int = 0) {
        self.ids = ids
        self.pasteCount = pasteCount
        self.storedBytes = storedBytes
    }
}

/// A paste as the store holds it: a checkpoint of its state and the events since.
public struct StoredPaste: Hashable, Sendable {
    /// The state at the last checkpoint. Its `expiresAt`, dedupe table and items are those of its cursor.
    public let checkpoint: PasteState
    /// The events behind the checkpoint, dense and in order.
    public let events: [Event]
    /// Events at or before the checkpoint that are still held with their bodies, dense, in order and
    /// directly preceding `events`; what devices that were away resume from.
    public let history: [Event]
    /// Cursors from before `history` whose tags are still held, dense, ascending, directly preceding it; with
    /// `(0, generation)` at the front while they reach back that far. Never empty when `history` is not.
    public let olderCursors: [Cursor]

    /// A stored paste from its parts.
    public init(checkpoint: PasteState, events: [Event], history: [Event], olderCursors: [Cursor]) {
        self.checkpoint = checkpoint
        self.events = events
        self.history = history
        self.olderCursors = olderCursors
    }
}

/// An answer to `changes`.
public enum StoredChanges: Hashable, Sendable {
    /// The events behind the cursor, dense; `more` when the limit cut them.
    case events([Event], more: Bool)
    /// The log can't be continued from there. `same` when the cursor belongs to this history and only the
    /// bodies behind it are gone.
    case reset(same: Bool)
}

/// Why a store did not do what was asked. Each answer says what the caller may do.
public enum StoreError: Error, Hashable, Sendable {
    /// No live paste of that id: absent, removed or a tombstone, which look alike.
    case gone
    /// `create` only: the id is taken by another generation or a tombstone.
    case exists
    /// `commit` only: the head is elsewhere; nothing changed.
    case conflict(head: Cursor)
    /// Disk or memory is full: nothing changed, reads go on, trying again later can help.
    case full
    /// A named limit of queued work is reached: nothing changed, try again.
    case busy
    /// The outcome is unknown: submit the same again.
    case unavailable(String)
    /// This paste's stored bytes are damaged; the others are served. Names the file.
    case corrupt(String)
}
