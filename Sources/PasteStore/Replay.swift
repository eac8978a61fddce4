import PasteModel

extension PasteState {
    /// The state after these events, which follow its cursor.
    /// - Throws: `corrupt` when an event does not follow its rules.
    public func replaying(_ events: some Sequence<Event>, limits: Limits) throws(StoreError) -> PasteState {
        var state = self
        for event in events {
            guard state.apply(event, rememberedRefs: limits.rememberedRefs) else {
                throw .corrupt("Event \(event.cursor.seq) does not follow from the state before it.")
            }
        }
        return state
    }
}
