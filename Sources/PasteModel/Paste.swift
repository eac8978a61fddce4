// One live paste: its two states, its log and its batches. The rules are in PasteRules.swift. Shard-confined; no
// clock, no randomness, no store.
//
// Two states: `committed` is what anybody may see; `tentative` is `committed` with the events applied that
// the store has not answered yet, and is what new requests are judged by. Law: applying `pending` to
// `committed` gives `tentative`.

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
    /// What is durable: the only state that is ever shown.
    public private(set) var committed: PasteState
    /// `committed` with the pending events applied: what requests are judged by.
    public private(set) var tentative: PasteState

    /// The rules in force, for what is asked from now on.
    public var limits: Limits
    private(set) var log: PasteLog
    /// The first of the pending events, which the store is writing.
    private var inFlight: [Event] = []
    private var checkpointSeq: UInt64
    /// Bytes of text that came since.
    private var bytesSinceCheckpoint = 0

    /// A new paste.
    public init(new state: PasteState, limits: Limits) {
        committed = state
        tentative = state
        self.limits = limits
        log = PasteLog(base: state.cursor)
        checkpointSeq = state.cursor.seq
    }

    /// A paste from a store: `history` leads to `checkpoint`, `events` are replayed on it. `corrupt` when they
    /// do not follow each other.
    public init(
        checkpoint: PasteState, events: [Event], history: [Event], olderCursors: [Cursor], limits: Limits
    ) throws(StoreError) {
        var state = checkpoint
        var log = try PasteLog(checkpoint: checkpoint.cursor, history: history, olderCursors: olderCursors)
        for event in events {
            guard state.apply(event, rememberedRefs: limits.rememberedRefs) else {
                throw .corrupt("the log does not follow at event \(event.cursor.seq)")
            }
        }
        for event in events { log.append(event) }
        for event in history + events { log.erase(removedBy: event) }
        log.commit(events.count, limits: limits)
        committed = state
        tentative = state
        self.limits = limits
        self.log = log
        checkpointSeq = checkpoint.cursor.seq
        bytesSinceCheckpoint = events.reduce(0) { $0 + $1.body.textBytes }
    }

    /// Whether accepted events wait for the store.
    public var hasPending: Bool { log.headSeq > log.committedSeq }

    /// Bytes of text in memory, of the state and of the held events; a text that is in both counts twice.
    public var heldBytes: Int { committed.byteCount + log.textBytes }

    /// Whether enough happened since the last checkpoint for the next: call `takeCheckpoint`.
    public var checkpointDue: Bool {
        committed.cursor.seq - checkpointSeq >= UInt64(limits.checkpointEvents)
            || bytesSinceCheckpoint >= limits.checkpointBytes
    }

    /// The state to store as a checkpoint; the next is due after as many events again.
    public func takeCheckpoint() -> PasteState {
        checkpointSeq = committed.cursor.seq
        bytesSinceCheckpoint = 0
        return committed
    }

    // MARK: Requests

    /// Judges a request by the tentative state; accepted, it is a pending event.
    /// - Parameters:
    ///   - author: Who asks.
    ///   - ref: The author's number for it; the same again is answered by the first one's receipt.
    ///   - now: The time that the event gets.
    public func perform(
        _ request: PasteRequest, by author: Author, ref: UInt64, now: Milliseconds
    ) -> Outcome {
        if let record = tentative.clients[author] {
            if let receipt = record.receipt(of: ref) { return .repeated(receipt) }
            if record.isStale(ref) { return .refused(.staleRef) }
        } else if tentative.clients.count >= limits.clients {
            return .refused(.tooManyClients(limit: limits.clients))
        }
        switch judge(request, ref: ref, now: now) {
        case .does(let body):
            let cursor = tentative.cursor.advanced(by: author, ref: ref)
            let event = Event(cursor: cursor, at: now, author: author, ref: ref, body: body)
            let follows = tentative.applyChained(event, rememberedRefs: limits.rememberedRefs) { _ in nil }
            guard follows else { return .refused(.badEdit) }
            log.append(event)
            return .accepted(event)
        case .wasDone(let receipt): return .repeated(receipt)
        case .breaks(let rejection): return .refused(rejection)
        }
    }

    private func judge(_ request: PasteRequest, ref: UInt64, now: Milliseconds) -> Judgement {
        let rules = PasteRules(paste: self)
        return switch request {
        case .append(let text): rules.append(text)
        case .edit(let target, let base, let ops): rules.edit(target, base: base, ops)
        case .keep(let base): rules.keep(base: base, ref: ref)
        case .remove(let item): rules.remove(item)
        case .clear(let last): rules.clear(through: last)
        case .extend(let duration): rules.extend(by: duration, now: now)
        }
    }

    // MARK: The store's side

    /// The pending events, to be committed behind `expected`; nil when there are none or a batch is in flight.
    public func takeBatch() -> (expected: Cursor, events: [Event])? {
        guard inFlight.isEmpty, hasPending else { return nil }
        inFlight = log.pending()
        return retryBatch()
    }

    /// The batch in flight once more, unaltered, for when its outcome is unknown; nil when there is none.
    public func retryBatch() -> (expected: Cursor, events: [Event])? {
        inFlight.isEmpty ? nil : (committed.cursor, inFlight)
    }

    /// The batch in flight is durable: shows it. Answers its events, with their bodies, to be sent to everyone.
    public func commit() -> [Event] {
        let batch = inFlight
        inFlight = []
        // With nothing pending behind the batch the texts are made already.
        let isLevel = log.headSeq == log.committedSeq + UInt64(batch.count)
        for event in batch {
            let follows = committed.applyChained(event, rememberedRefs: limits.rememberedRefs) { target in
                isLevel ? tentative.text(of: target) : nil
            }
            precondition(follows, "pending events were applied once before, to the tentative state")
        }
        for event in batch { log.erase(removedBy: event) }
        log.commit(batch.count, limits: limits)
        bytesSinceCheckpoint += batch.reduce(0) { $0 + $1.body.textBytes }
        return batch
    }

    /// The batch in flight changed nothing: all that is pending is dropped, for it was judged by it.
    public func rollback() {
        log.rollback()
        inFlight = []
        tentative = committed
    }

    // MARK: Reading

    /// What a device that stands at `cursor` needs next: committed events of about `maxBytes`, at least one.
    public func next(after cursor: Cursor, maxBytes: Int) -> Continuation {
        guard log.holds(cursor) else { return .snapshot(same: false) }
        guard let events = log.next(after: cursor, maxBytes: maxBytes) else { return .snapshot(same: true) }
        return .events(events)
    }

    /// The cursor at a committed seq; nil when its tag is no longer held.
    public func cursor(at seq: UInt64) -> Cursor? { log.cursor(at: seq) }

    /// The receipts of those requests that took effect and are durable.
    public func receipts(of author: Author, refs: some Sequence<UInt64>) -> [Receipt] {
        guard let record = committed.clients[author] else { return [] }
        return refs.compactMap { record.receipt(of: $0) }
    }
}
