// What the server says (PROTOCOL.md, "From server to client").

import PasteModel

/// Why a paste is no more.
public enum EndReason: String, CaseIterable, Sendable {
    /// Its time was over.
    case expired
    /// Somebody ended it.
    case deleted
}

/// `welcome`: the first message on a connection.
public struct Welcome: Hashable, Sendable {
    /// The protocol's version: 1.
    public var version: Int
    /// The server's name and version, for people.
    public var server: String
    /// What may be sent.
    public var limits: AnnouncedLimits
    /// The server's clock.
    public var now: Milliseconds

    /// The welcome of this version.
    public init(server: String, limits: AnnouncedLimits, now: Milliseconds) {
        version = 1
        self.server = server
        self.limits = limits
        self.now = now
    }
}

/// `created`: the answer to `create`.
public struct Created: Hashable, Sendable {
    /// The request's number.
    public var ref: UInt64
    /// The key: words if it was generated, else what was chosen.
    public var paste: String
    /// The key's short spelling, if it has one.
    public var code: String?
    /// The paste's address.
    public var url: String
    /// Where its log stands.
    public var cursor: Cursor
    /// When it ends.
    public var expiresAt: Milliseconds

    /// An answer from its parts.
    public init(
        ref: UInt64, paste: String, code: String?, url: String, cursor: Cursor, expiresAt: Milliseconds
    ) {
        self.ref = ref
        self.paste = paste
        self.code = code
        self.url = url
        self.cursor = cursor
        self.expiresAt = expiresAt
    }
}

/// `snapshot`: the whole state at a cursor.
public struct Snapshot: Hashable, Sendable {
    /// The key that the client used.
    public var paste: String
    /// The key's short spelling, if it has one.
    public var code: String?
    /// Where the log stands.
    public var cursor: Cursor
    /// Whether the cursor that the client asked from belongs to this history.
    public var same: Bool
    /// The server's clock.
    public var now: Milliseconds
    /// When the paste ends.
    public var expiresAt: Milliseconds
    /// The client's own `by`.
    public var you: Author
    /// What this client may do: types of its messages.
    public var can: [String]
    /// The pad.
    public var pad: Text
    /// The seq of the pad's text.
    public var padSeq: UInt64
    /// The items, ascending: all, or the first ones.
    public var items: [Item]
    /// What took effect of the client's `pending`.
    public var acked: [Receipt]
    /// How many devices are there.
    public var devices: Int
    /// Whether `items` messages with the rest follow.
    public var more: Bool

    /// A snapshot from its parts.
    public init(
        paste: String, code: String?, cursor: Cursor, same: Bool, now: Milliseconds, expiresAt: Milliseconds,
        you: Author, can: [String], pad: Text, padSeq: UInt64, items: [Item], acked: [Receipt], devices: Int,
        more: Bool
    ) {
        self.paste = paste
        self.code = code
        self.cursor = cursor
        self.same = same
        self.now = now
        self.expiresAt = expiresAt
        self.you = you
        self.can = can
        self.pad = pad
        self.padSeq = padSeq
        self.items = items
        self.acked = acked
        self.devices = devices
        self.more = more
    }
}

/// `resumed`: the events that the client missed have all been sent.
public struct Resumed: Hashable, Sendable {
    /// Where the log stood then.
    public var cursor: Cursor
    /// The server's clock.
    public var now: Milliseconds
    /// When the paste ends.
    public var expiresAt: Milliseconds
    /// The client's own `by`.
    public var you: Author
    /// What took effect of the client's `pending`.
    public var acked: [Receipt]

    /// A message from its parts.
    public init(cursor: Cursor, now: Milliseconds, expiresAt: Milliseconds, you: Author, acked: [Receipt]) {
        self.cursor = cursor
        self.now = now
        self.expiresAt = expiresAt
        self.you = you
        self.acked = acked
    }
}

/// A message from the server.
public enum ServerMessage: Hashable, Sendable {
    /// The first message: version, limits, clock.
    case welcome(Welcome)
    /// A paste was made.
    case created(Created)
    /// The whole state.
    case snapshot(Snapshot)
    /// More items of the snapshot before.
    case items([Item], more: Bool)
    /// Level again.
    case resumed(Resumed)
    /// One event of the log: the same bytes for everyone.
    case event(Event)
    /// A request's receipt.
    case ack(Receipt)
    /// The paste is no more; the last message about it.
    case expired(paste: String, EndReason)
    /// How many devices follow the paste.
    case devices(count: Int)
    /// Something was not done.
    case error(ErrorMessage)
    /// The answer to `ping`.
    case pong
}
