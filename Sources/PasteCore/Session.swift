import PasteModel
import PasteProtocol
import WebSocket

/// One connection's state above the socket: an HTTP connection until it is upgraded, a device's WebSocket
/// from then on. Shard-confined; it does not know the shard.
///
///     http --upgrade--> webSocket --subscribe--> viewer of a paste --unsubscribe, end--> webSocket
///       \__________________\_____________________\_____ finish -----> closing (flushed, then closed)
final class Session {
    let id: ConnectionID
    let peer: PeerAddress
    let isSecure: Bool
    /// Whether it came in at the operator's address.
    let isOperator: Bool

    /// The HTTP connection; `nil` once it was upgraded.
    var http: HTTPConnection?
    /// The WebSocket; `nil` before the upgrade.
    var webSocket: WebSocketSession?
    /// The WebSocket's, at hand for the fan-out.
    var deflateWindow = DeflateWindow.none
    /// The authority of the upgrade's `Host`, for the URLs in `created`.
    var host = ""

    var outbox = Outbox()
    /// Bytes that were read and not looked at yet, because `wait` says so.
    var held: [UInt8] = []
    /// Why input is not looked at now.
    var wait: Wait?
    /// Whether the connection is on its way out: input is dropped, output is flushed.
    var isClosing = false
    /// Whether this tick's effects name it as dirty.
    var isDirty = false
    /// Whether the I/O side stopped reading on `wantsInput`'s word.
    var isPaused = false

    /// The device's secret: from `hello`, or drawn at the first need.
    var client: ClientSecret?
    /// Requests that are not answered yet.
    var inFlight = 0
    var appends = TokenBucket()
    var edits = TokenBucket()
    /// What its messages took to decompress.
    var inflated = TokenBucket()

    /// What it follows.
    var view: View?

    var lastInputAt: Milliseconds
    var lastOutputAt: Milliseconds
    var pingedAt: Milliseconds?
    /// When a connection on its way out is cut off.
    var closesAt: Milliseconds = .max
    /// When `Deadlines` calls next.
    var calledAt: Milliseconds = .max

    init(id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool = false, now: Milliseconds) {
        self.id = id
        self.peer = peer
        self.isSecure = isSecure
        self.isOperator = isOperator
        lastInputAt = now
        lastOutputAt = now
    }

    /// Why a session's input waits.
    enum Wait {
        /// A paste is being read from the store.
        case load
        /// The store decides on a new paste.
        case create
        /// The connection moves to another shard, once its requests are answered and its outbox is sent.
        case handOff(shard: Int, message: [UInt8])
        /// It asks faster than it may; this message is next.
        case permit(message: [UInt8])
        /// The peer takes no output: nothing more is answered until it does.
        case outbox
    }

    /// One device's place in one paste.
    struct View {
        let paste: LivePaste
        let author: Author
        /// The key as the device wrote it.
        let key: String
        /// Where in `paste.viewers` the session stands.
        var index: Int
        /// The last event that is in the outbox or was sent.
        var cursor: Cursor
        var mode: Mode
        /// The number of devices changed while this one was not level.
        var missedDevices = false
        /// Refs to be named in `resumed` once the device is level.
        var pending: [UInt64]?
    }

    /// How a viewer gets what comes next.
    enum Mode {
        /// It has everything: new events go straight into the outbox.
        case level
        /// It is only a cursor: the outbox is refilled from the log as it empties.
        case behind
        /// It gets a snapshot, part by part.
        case snapshot(SnapshotParts)
    }
}

/// A snapshot on its way: the state as it was when it began, and how far it has been sent.
struct SnapshotParts {
    let state: PasteState
    let same: Bool
    /// The receipts of the device's pending requests, as they were then.
    let acked: [Receipt]
    /// The index in `state.items` of the next item; `nil` before the first part.
    var next: Int?
}

/// All that moves with a connection when its paste lives on another shard. The I/O side carries it, and adds
/// socket, TLS session and unread bytes of its own.
public struct SessionTransfer: Sendable {
    let peer: PeerAddress
    let isSecure: Bool
    let webSocket: WebSocketSession
    let host: String
    let client: ClientSecret?
    let appends: TokenBucket
    let edits: TokenBucket
    let inflated: TokenBucket
    let message: [UInt8]
    let held: [UInt8]
}
