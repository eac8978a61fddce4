import PasteModel

extension ShardCore {
    /// Works by other settings from now on; the secret and the redirect stay. Connections that are open keep what they were
    /// greeted with: `messageBytes` and the announcement.
    public func reload(_ settings: CoreSettings) {
        var replaced = settings
        // An exchange: an assignment would let go of what is in the old ones while they are being changed, and for what
        // that might call the runtime would have to watch every look at a setting.
        swap(&self.settings, &replaced)
        for live in pastes.values {
            live.paste?.limits = settings.limits
        }
    }
}
