import PasteModel

extension ShardCore {
    /// Has this tick's end look for a batch.
    func markDue(_ live: LivePaste) {
        guard !live.isBatchDue else { return }
        live.isBatchDue = true
        var due: [LivePaste] = []
        swap(&due, &duePastes)
        due.append(live)
        swap(&due, &duePastes)
    }

    /// The batches of this tick go into the effects.
    func takeBatches() {
        guard !duePastes.isEmpty else { return }
        var due = duePastes
        duePastes = []
        var requests = effects.store
        effects.store = []
        requests.reserveCapacity(requests.count + due.count)
        for live in due {
            live.isBatchDue = false
            if let batch = live.paste?.takeBatch() {
                requests.append(.commit(live.id, expected: batch.expected, events: batch.events))
            }
        }
        effects.store = requests
        due.removeAll(keepingCapacity: true)
        duePastes = due
    }

    /// The store has answered.
    public func answered(_ answers: [StoreAnswer], now: Milliseconds) {
        self.now = now
        for (index, answer) in answers.enumerated() {
            if index + Lookahead.answer < answers.count { prefetchPaste(answers[index + Lookahead.answer]) }
            if index + Lookahead.viewers < answers.count { prefetchViewers(answers[index + Lookahead.viewers]) }
            switch answer {
            case .created(let id, let generation, let result): created(id, generation: generation, result)
            case .committed(let id, _, let result): committed(id, result)
            case .opened(let id, let result): opened(id, result)
            case .removed(let id, let result): removed(id, result)
            case .expiring(let result): swept(result)
            case .checkpointed, .changes: break
            }
        }
    }
}

extension Paste {
    convenience init(_ stored: StoredPaste, _ limits: Limits) throws(StoreError) {
        try self.init(
            checkpoint: stored.checkpoint, events: stored.events, history: stored.history,
            olderCursors: stored.olderCursors, limits: limits)
    }
}
