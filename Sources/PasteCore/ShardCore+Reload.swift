import PasteModel

extension ShardCore {
    /// Works by other settings from now on; the secret and the redirect stay. Connections that are open keep what they were
    /// greeted with: `messageBytes` and the announcement.
    public func reload(_ settings: CoreSettings) {
        let (hash, redirect) = (self.settings.hash, self.settings.redirect)
        self.settings = settings
        self.settings.hash = hash
        self.settings.redirect = redirect
        for live in pastes.values {
            live.paste?.limits = settings.limits
        }
    }
}
