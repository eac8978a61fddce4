/// The limits of one paste: named, configurable, announced in `welcome`.
public struct Limits: Hashable, Sendable {
    /// Bytes of UTF-8 in one item or the pad.
    public var textBytes = 1 << 20
    /// Bytes of UTF-8 in all items and the pad of one paste.
    public var pasteBytes = 16 << 20
    /// Items in one paste.
    public var items = 10_000
    /// The longest life from now, in milliseconds: 30 days.
    public var lifetime: Milliseconds = 30 * 86_400_000
    /// The life of a paste whose maker named none, in milliseconds: 24 hours.
    public var defaultLifetime: Milliseconds = 86_400_000
    /// Requests of one device whose outcome is remembered, per paste.
    public var rememberedRefs = 64
    /// Devices whose requests are remembered, per paste.
    public var clients = 4_096
    /// Events whose bodies are held for those who were away, per paste.
    public var heldEvents = 4_096
    /// Bytes of text in those events, per paste: a pad that is replaced again and again stays in bounds.
    public var heldBytes = 16 << 20
    /// Events whose tags are held after their bodies went, per paste.
    public var heldTags = 65_536
    /// Events after which the state is stored whole again, so that opening a paste replays no more.
    public var checkpointEvents = 512
    /// Bytes of text after which it is, so that large changes can be trimmed as soon.
    public var checkpointBytes = 8 << 20

    /// The defaults.
    public init() {}
}
