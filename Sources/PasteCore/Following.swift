// A paste with very many viewers: its fan-out is spread over the shards, so that one hot paste uses the machine.
//
// The paste's home shard alone reads, judges, writes and answers, as ever. A shard that *follows* the paste sends its
// events on to those of the viewers that were moved there, and nothing else. To the home a follower is what a viewer is
// to a shard: a cursor into the log, fed with each committed batch; with a window of bytes that it has not taken yet,
// above which it is only a cursor until it has. So the mail between shards is bounded, however far one lags.
//
// A viewer (the transitions are in ShardCore+Spreading and ShardCore+Followed):
//
//     subscribe ──> at home ──level, drained, nothing asked──> away
//                      ^                                        │
//                      ├── a request, with its message ─────────┤   rests at home for a while: no ping-pong
//                      ├── its cursor is not covered there ─────┤   rests, too
//                      ├── the follower is recalled ────────────┤
//                      │             left (closed, unsubscribed) ──> gone
//
// A follower, as its home sees it:
//
//                follow                 the window is full, or the log is read anew
//     none ────────────────> level ──────────────────────────────────────────────────> lagging
//      ^                       ^ └──── taken: what comes after its cursor is sent <──────┘  │
//      │                       └──────────────── it has all of it <─────────────────────────┤
//      ├── unfollow: its last viewer left or came home <── recalled <── the log has not ────┘
//      └── over: the paste ended; kept in mind until the follower has said that it told everybody
//
// Everything rests on one promise of the I/O side: what goes from one shard to another, notes and connections alike,
// arrives in the order of sending. So a viewer that arrives is never behind its follower's copy nor ahead of it, and
// when a follower has no viewers left there is none under way to it.
//
// Who is away has a *ticket*, known at home by author. A connection that comes home with a ticket that is not there any
// more was replaced while it was away, by a newer connection of the same device.

import PasteModel
import PasteProtocol
import WebSocket

/// What one shard tells another about a paste. To be delivered in order, before the connections that the same tick moves.
public struct ShardNote: Sendable {
    let paste: PasteID
    let matter: Matter

    enum Matter: Sendable {
        // From the paste's home.

        /// Viewers will come who are level at this cursor. The number tells this time of following from others.
        case follow(PasteKey, from: Cursor, devices: Int, number: UInt64)
        /// Durable events, to be shown.
        case events([ShownEvent])
        /// How many devices follow the paste, on all shards.
        case devices(Int)
        /// This viewer's device has come anew.
        case replaced(ticket: UInt64)
        /// The log does not continue from where you are: everybody has to come home.
        case recall
        /// Nobody is left: forget the paste.
        case unfollow
        /// The paste is no more, or can not be read: tell everybody.
        case over(HowOver)

        // From a follower.

        /// So many bytes of events were passed on, since the `follow` of that number.
        case taken(Int, number: UInt64)
        /// A viewer is gone.
        case left(Author, ticket: UInt64)
        /// Everybody was told, and who was on the way home before is there.
        case overTold
    }
}

/// A durable event on its way to viewers, here and elsewhere.
struct ShownEvent: Sendable {
    let cursor: Cursor
    var message: OutgoingMessage
    /// Whether it takes texts away that earlier events hold.
    let erases: Bool

    init(_ event: Event) {
        cursor = event.cursor
        var bytes: [UInt8] = []
        event.encode(into: &bytes, headroom: OutgoingMessage.headroom)
        message = OutgoingMessage(.text, behindHeadroom: bytes)
        erases =
            switch event.body {
            case .remove, .clear: true
            case .append, .edit, .keep, .extend, .erased: false
            }
    }

    /// About what it takes to hold: both sides of a window count alike.
    var byteCount: Int { message.plain.count + 128 }

    /// What it weighs in an outbox.
    var weight: Int { message.plain.count + Outbox.entryBytes }

    /// The same in memory of its own, for another thread.
    func copied() -> ShownEvent {
        var copy = self
        copy.message = message.copied()
        return copy
    }
}

/// How a paste that was followed is over.
enum HowOver: Sendable {
    case ended(EndReason)
    /// It could not be read again: devices come back by themselves.
    case unreadable
}

/// A viewer's place in a paste, as it moves with its connection.
struct MovedView: Sendable {
    let paste: PasteID
    let author: Author
    /// The key as the device wrote it.
    let key: String
    let cursor: Cursor
    let missedDevices: Bool
    let ticket: UInt64
    /// On the way home: whether it shall stay there for a while.
    let rests: Bool
}

/// What the home knows of the paste's viewers elsewhere.
struct Spread {
    /// By author, of whom there is one connection.
    var away: [Author: Away] = [:]
    /// When to look whom to move next.
    var dueAt: Milliseconds?
    /// Whether the end of this tick looks.
    var isDue = false

    struct Away {
        let ticket: UInt64
        let shard: Int
    }
}

/// What the home knows of a shard that follows a paste.
final class Follower {
    let shard: Int
    let number: UInt64
    var viewers = 0
    /// The last event that it was sent.
    var cursor: Cursor
    /// Bytes of events that it was sent and has not taken.
    var untakenBytes = 0
    var mode = Mode.level
    /// The number of devices changed while it was not level.
    var missedDevices = false

    init(shard: Int, number: UInt64, cursor: Cursor) {
        self.shard = shard
        self.number = number
        self.cursor = cursor
    }

    enum Mode {
        /// It was sent everything.
        case level
        /// It is only a cursor, until it has taken what it was sent.
        case lagging
        /// Its viewers come home.
        case recalled
    }
}

/// A paste that ended while it was followed.
struct Over {
    let name: String
    let how: HowOver
    /// Followers that have not told everybody yet.
    var pending: Int
}
