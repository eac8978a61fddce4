// A paste's two states and the log between them. A value: whoever holds it changes it in one access, however much is done
// meanwhile.
//
// `committed` is what anybody may see; `tentative` is `committed` with the events applied that the store has not
// answered yet, and is what new requests are judged by. Law: applying `pending` to `committed` gives `tentative`.

struct Timeline {
    private(set) var committed: PasteState
    private(set) var tentative: PasteState
    private(set) var log: PasteLog
    var limits: Limits

    init(_ state: PasteState, limits: Limits) {
        committed = state
        tentative = state
        log = PasteLog(base: state.cursor)
        self.limits = limits
    }

    /// `history` leads to `checkpoint`, `events` are replayed on it.
    init(
        checkpoint: PasteState, events: [Event], history: [Event], olderCursors: [Cursor], limits: Limits
    ) throws(StoreError) {
        let head = checkpoint.cursor.seq
        guard checkpoint.padSeq <= head, checkpoint.items.allSatisfy({ $0.textSeq <= head }) else {
            throw .corrupt("the checkpoint names events that come behind it")
        }
        var state = checkpoint
        var log = try PasteLog(checkpoint: checkpoint, history: history, olderCursors: olderCursors)
        for event in events {
            let body = event.body
            let previous = state.seq(before: body)
            let removed = state.seqs(ofItemsRemovedBy: body)
            guard state.apply(event, rememberedRefs: limits.rememberedRefs) else {
                throw .corrupt("the log does not follow at event \(event.cursor.seq)")
            }
            log.append(event, previous: previous)
            for seq in removed { log.erase(from: seq) }
        }
        log.commit(events.count, limits: limits)
        committed = state
        tentative = state
        self.log = log
        self.limits = limits
    }

    /// Judges a request by the tentative state; accepted, it is a pending event.
    mutating func perform(
        _ request: PasteRequest, by author: Author, ref: UInt64, now: Milliseconds
    ) -> Outcome {
        let device = tentative.clients.place(of: author)
        if let record = tentative.clients[device] {
            if let receipt = record.receipt(of: ref) { return .repeated(receipt) }
            if record.isStale(ref) { return .refused(.staleRef) }
        } else if tentative.clients.count >= limits.clients {
            return .refused(.tooManyClients(limit: limits.clients))
        }
        switch judge(request, ref: ref, now: now) {
        case .does(let body, let edited):
            let cursor = tentative.cursor.advanced(by: author, ref: ref)
            let event = Event(cursor: cursor, at: now, author: author, ref: ref, body: body)
            let previous = tentative.seq(before: body)
            let follows = tentative.applyChained(
                event, by: device, rememberedRefs: limits.rememberedRefs, edited: edited)
            guard follows else { return .refused(.badEdit) }
            log.append(event, previous: previous)
            return .accepted(event)
        case .wasDone(let receipt): return .repeated(receipt)
        case .breaks(let rejection): return .refused(rejection)
        }
    }

    /// All pending events. Changes nothing: `mutating` spares the copies of the log's parts that a look costs else.
    mutating func pending() -> [Event] { log.pending() }

    /// The first of the pending events are durable.
    mutating func commit(_ batch: [Event]) {
        // With nothing pending behind the batch the texts are made already.
        let isLevel = log.headSeq == log.committedSeq + UInt64(batch.count)
        for event in batch {
            let body = event.body
            let removed = committed.seqs(ofItemsRemovedBy: body)
            let follows = committed.applyChained(
                event, by: committed.clients.place(of: event.author), rememberedRefs: limits.rememberedRefs,
                edited: isLevel ? tentative.text(editedBy: body) : nil)
            precondition(follows, "pending events were applied once before, to the tentative state")
            for seq in removed { log.erase(from: seq) }
        }
        log.commit(batch.count, limits: limits)
    }

    /// Drops all that is pending.
    mutating func rollback() {
        log.rollback()
        tentative = committed
    }
}
