import PasteModel

extension ShardCore {
    /// The store has answered.
    public func answered(_ answers: [StoreAnswer], now: Milliseconds) {
        self.now = now
        for answer in answers {
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
