import PasteModel

/// One connection of a device.
final class Call {
    let link: Link
    var wire: ClientWire
    /// The server said `welcome`.
    var isOpen = false
    /// What was asked to be followed.
    var following: File?
    /// What was followed before on this connection: until the new one's snapshot comes, events are its.
    var earlier: File?
    /// What it shows has to be asked for (again); what was under way may still come.
    var mustSubscribe = false
    /// The cursor of that `subscribe`.
    var askedFrom: Cursor?
    /// A paste ended while a `subscribe` to it was under way: the error that may answer that does not say so.
    var mayHearOldError = false
    /// What was followed up to its head, without a break since.
    var leveled: File?
    /// How often `subscribe` was said.
    var subscriptions = 0
    /// Snapshot or `resumed` have come.
    var isLevel = false
    /// The device has a newer connection: what comes is checked and has no effect.
    var isGhost = false
    /// Something was done to it for which the server may close it.
    var isHarmed = false
    var heardAt: Milliseconds

    init(link: Link, wire: ClientWire, now: Milliseconds) {
        self.link = link
        self.wire = wire
        heardAt = now
    }
}
