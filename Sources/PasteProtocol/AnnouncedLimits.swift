import PasteModel

/// The limits in force that a client can act on: told in `welcome`, before anything can hit them. The last
/// word of a name is its unit.
public struct AnnouncedLimits: Hashable, Sendable {
    /// Bytes of UTF-8 in one item or the pad.
    public var textBytes: Int
    /// Bytes of UTF-8 in all items and the pad of one paste.
    public var pasteBytes: Int
    /// Items in one paste.
    public var items: Int
    /// The longest life from now.
    public var lifetimeMilliseconds: Milliseconds
    /// The life of a paste whose maker named none.
    public var defaultLifetimeMilliseconds: Milliseconds
    /// Bytes of one message; beyond it the connection is closed with 1009. JSON escapes can make six bytes of
    /// one, and the names around the text take room.
    public var messageBytes = 6 << 20 + 64 << 10
    /// Requests of one connection that wait for their answer.
    public var requestsInFlight = 32
    /// Requests of one client whose outcome is remembered, per paste.
    public var rememberedRefs: Int
    /// Appends (and other requests that are no edits) a second, with bursts of five times that.
    public var appendsPerSecond = 20
    /// Edits a second, with bursts of five times that.
    public var editsPerSecond = 200
    /// HTTP requests and WebSocket messages of one address a second; `nil`, here and below: no limit.
    public var requestsPerSecond: Int?
    /// Bytes of messages of one address a second.
    public var bytesPerSecond: Int?
    /// New pastes of one address an hour.
    public var pastesPerHour: Int?
    /// Bytes of text that one address may have kept in a day.
    public var storedBytesPerDay: Int?

    /// Refs in the `pending` of a `subscribe`: twice what may be in flight.
    public static let pendingRefs = 64
    /// Operations in one edit: splices have three; merging a long absence makes more.
    public static let editOps = TextEdit.maximumOps
    /// The largest count in an operation: more scalars than any text has.
    public static let opCount = Int64(Int32.max)
    /// Bytes of a `paste` or `key`: the longest key, with a separator behind every character.
    public static let keyBytes = 128

    /// The announcement of a paste's limits, with the defaults for the rest.
    public init(_ limits: Limits = Limits()) {
        textBytes = limits.textBytes
        pasteBytes = limits.pasteBytes
        items = limits.items
        lifetimeMilliseconds = limits.lifetime
        defaultLifetimeMilliseconds = limits.defaultLifetime
        rememberedRefs = limits.rememberedRefs
    }
}
