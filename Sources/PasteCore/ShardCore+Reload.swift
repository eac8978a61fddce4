import PasteModel

extension ShardCore {
    /// Works by other settings from now on; the secret and the redirect stay. Connections that are open keep what they were
    /// greeted with: `messageBytes` and the announcement.
    public func reload(_ settings: CoreSettings) {
        var replaced = settings
        // Old ones are let go of outside: see `Session.hold`.
        swap(&self.settings, &replaced)
        for live in pastes.values {
            live.paste?.limits = settings.limits
        }
    }
}
