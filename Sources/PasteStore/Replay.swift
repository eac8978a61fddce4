import PasteModel

extension PasteState {
    /// The state after these events, which follow its cursor.
    /// - Throws: `corrupt` when an event does not follow its rules.
    public func replaying(_ events: some Sequence<Event>, limits: Limits) throws(StoreError) -> PasteState {
        var state = self
        for event in events { state.apply(event, limits: limits) }
        return state
    }
}
