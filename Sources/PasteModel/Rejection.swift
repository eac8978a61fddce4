/// A rule said no: the request changed nothing, the connection stays, the person keeps the text.
///
/// Each case is one row of `Protocol/errors.json`, which gives its stable code, its sentence and whether
/// trying again can help.
public enum Rejection: Error, Hashable, Sendable {
    /// Nothing to keep.
    case emptyText
    /// One item or the pad would pass `Limits.textBytes`.
    case textTooLarge(limit: Int)
    /// All texts of the paste together would pass `Limits.pasteBytes`.
    case pasteFull(limit: Int)
    /// The paste would hold more items than `Limits.items`.
    case tooManyItems(limit: Int)
    /// No item of that number now.
    case noSuchItem
    /// The expiry asked for is not in `1...Limits.lifetime` milliseconds.
    case badExpiry(limit: Milliseconds)
    /// A `ref` older than the remembered ones: it can't be told whether it took effect.
    case staleRef
    /// The paste remembers as many devices as it may.
    case tooManyClients(limit: Int)
    /// Text edits that don't fit the text they name.
    case badEdit
    /// The edit's base is older than the log that is held; the client needs a snapshot.
    case staleBase
}
