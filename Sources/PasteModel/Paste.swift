// One live paste: what is asked of it, and what goes to the store and comes back. Its states and its log are in
// Timeline.swift, the rules in PasteRules.swift. Shard-confined; no clock, no randomness, no store.

/// A change that a device asks for.
public enum PasteRequest: Hashable, Sendable {
    /// Keep a new item.
    case append(Text)
    /// Change the pad or an item; `base` is the seq of the target's text that `ops` were made on.
    case edit(EditTarget, base: UInt64, TextEdit)
    /// The pad becomes an item and is emptied; `base` is the seq of the pad that the person saw.
    case keep(base: UInt64)
    /// Take one item away.
    case remove(item: UInt64)
    /// Take all items away up to that number.
    case clear(through: UInt64)
    /// End at `now` plus this.
    case extend(expiresIn: Milliseconds)
}

/// What became of a request.
public enum Outcome: Hashable, Sendable {
    /// It is an event now, tentative until the store has it.
    case accepted(Event)
    /// It took effect before (or, for a `keep`, somebody else's took its place): this is the receipt.
    case repeated(Receipt)
    /// It changed nothing.
    case refused(Rejection)
}

/// What a device that stands at a cursor needs next.
public enum Continuation: Hashable, Sendable {
    /// These committed events, in order; empty when it is level.
    case events(ArraySlice<Event>)
    /// A snapshot. `same` when the cursor belongs to this history.
    case snapshot(same: Bool)
}

/// A live paste. Shard-confined. The caller hands each batch to the store and says what became of it:
///
///     perform* -> takeBatch -> store -> commit | rollback | (outcome unknown) retryBatch -> store -> ...
///
/// While there are pending events, a refusal or a repeat may rest on one that is rolled back later: the caller
/// performs such a request again when the batch is decided.
public final class Paste {
    private var timeline: Timeline
    /// The first of the pending events, which the store is writing.
    private var inFlight: [Event] = []
    private var checkpointSeq: UInt64
    /// Bytes of text that came since.
    private var bytesSinceCheckpoint: Int

    /// A new paste.
    public init(new state: PasteState, limits: Limits) {
        timeline = Timeline(state, limits: limits)
        checkpointSeq = state.cursor.seq
        bytesSinceCheckpoint = 0
    }

    /// A paste from a store: `history` leads to `checkpoint`, `events` are replayed on it. `corrupt` when they
    /// do not follow each other.
    public init(
        checkpoint: PasteState, events: [Event], history: [Event], olderCursors: [Cursor], limits: Limits
    ) throws(StoreError) {
        timeline = try Timeline(
            checkpoint: checkpoint, events: events, history: history, olderCursors: olderCursors, limits: limits)
        checkpointSeq = checkpoint.cursor.seq
        bytesSinceCheckpoint = events.reduce(0) { $0 + $1.textBytes }
    }

    /// What is durable: the only state that is ever shown.
    public var committed: PasteState { timeline.committed }
    /// `committed` with the pending events applied: what requests are judged by.
    public var tentative: PasteState { timeline.tentative }
    /// How far the durable log has come.
    public var cursor: Cursor { timeline.committed.cursor }
    /// When the paste ends, by what is durable.
    public var expiresAt: Milliseconds { timeline.committed.expiresAt }
    /// The seq up to which requests are judged, pending events included.
    public var tentativeSeq: UInt64 { timeline.tentative.cursor.seq }
    /// When it ends with the pending events applied.
    public var tentativeExpiresAt: Milliseconds { timeline.tentative.expiresAt }

    /// The rules in force, for what is asked from now on.
    public var limits: Limits {
        get { timeline.limits }
        set { timeline.limits = newValue }
    }

    /// Whether accepted events wait for the store.
    public var hasPending: Bool { timeline.log.hasPending }

    /// Bytes of text in memory, of the state and of the held events; a text that is in both counts twice.
    public var heldBytes: Int { timeline.committed.byteCount + timeline.log.textBytes }

    // MARK: Requests

    /// Judges a request by the tentative state; accepted, it is a pending event.
    /// - Parameters:
    ///   - author: Who asks.
    ///   - ref: The author's number for it; the same again is answered by the first one's receipt.
    ///   - now: The time that the event gets.
    public func perform(
        _ request: PasteRequest, by author: Author, ref: UInt64, now: Milliseconds
    ) -> Outcome {
        timeline.perform(request, by: author, ref: ref, now: now)
    }

    // MARK: The store's side

    /// The pending events, to be committed behind `expected`; nil when there are none or a batch is in flight.
    public func takeBatch() -> (expected: Cursor, events: [Event])? {
        guard inFlight.isEmpty else { return nil }
        inFlight = timeline.pending()
        return retryBatch()
    }

    /// The batch in flight once more, unaltered, for when its outcome is unknown; nil when there is none.
    public func retryBatch() -> (expected: Cursor, events: [Event])? {
        inFlight.isEmpty ? nil : (cursor, inFlight)
    }

    /// The batch in flight is durable: shows it. Answers its events, with their bodies, to be sent to everyone.
    public func commit() -> [Event] {
        let batch = inFlight
        inFlight = []
        timeline.commit(batch)
        for event in batch { bytesSinceCheckpoint += event.textBytes }
        return batch
    }

    /// The batch in flight changed nothing: all that is pending is dropped, for it was judged by it.
    public func rollback() {
        inFlight = []
        timeline.rollback()
    }

    /// Whether enough happened since the last checkpoint for the next: call `takeCheckpoint`.
    public var checkpointDue: Bool {
        timeline.committed.cursor.seq - checkpointSeq >= UInt64(timeline.limits.checkpointEvents)
            || bytesSinceCheckpoint >= timeline.limits.checkpointBytes
    }

    /// The state to store as a checkpoint; the next is due after as many events again.
    public func takeCheckpoint() -> PasteState {
        let state = committed
        checkpointSeq = state.cursor.seq
        bytesSinceCheckpoint = 0
        return state
    }

    // MARK: Reading

    /// What a device that stands at `cursor` needs next: committed events of about `maxBytes`, at least one.
    public func next(after cursor: Cursor, maxBytes: Int) -> Continuation {
        timeline.log.next(after: cursor, maxBytes: maxBytes)
    }

    /// The cursor at a committed seq; nil when its tag is no longer held.
    public func cursor(at seq: UInt64) -> Cursor? { timeline.log.cursor(at: seq) }

    /// The receipts of those requests that took effect and are durable.
    public func receipts(of author: Author, refs: some Sequence<UInt64>) -> [Receipt] {
        guard let record = timeline.committed.clients[author] else { return [] }
        return refs.compactMap { record.receipt(of: $0) }
    }
}
