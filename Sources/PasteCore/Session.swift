import HTTP1
import PasteModel
import PasteProtocol
import WebSocket

/// One connection's state above the socket: an HTTP connection until it is upgraded, a device's WebSocket
/// or its event stream from then on. Shard-confined; it does not know the shard.
///
///     http --upgrade--> webSocket --subscribe--> viewer of a paste --unsubscribe, end--> webSocket
///       \---GET /KEY/events--> stream, a viewer of that paste --end-------\
///        \________________________\_________________________\_ finish --> closing (flushed, then closed)
final class Session: Outbox {
    let id: ConnectionID

    // What every delivery looks at stands together: with thousands of devices it is not in the cache.

    /// The last tick whose effects name it as dirty.
    var dirtyTick: UInt64 = 0
    /// Whether the connection is on its way out: input is dropped, output is flushed.
    var isClosing = false
    /// Whether a drain has told it to go when what it asked is answered.
    var isLeaving = false
    /// Whether the I/O side stopped reading on `wantsInput`'s word.
    var isPaused = false
    /// The WebSocket's, at hand for the fan-out.
    var deflateWindow = DeflateWindow.none
    /// What it follows.
    var view: View?
    /// Itself, see there.
    var outbox: Outbox { self }
    /// The HTTP connection; `nil` once it was upgraded.
    var http: HTTPConnection?
    /// The event stream that answers the connection's last request; then there is neither of the two others.
    var stream: EventStream?
    /// Why input is not looked at now.
    var wait: Wait?
    /// What of the shard's budget it has used up, as `account` found.
    var accountedBytes = 0
    var lastOutputAt: Milliseconds

    // What every message looks at.

    var lastInputAt: Milliseconds
    var pingedAt: Milliseconds?
    /// The WebSocket; `nil` before the upgrade.
    var webSocket: WebSocketSession?
    /// When the message under way began.
    var messageBegunAt: Milliseconds?
    /// Bytes that were read and not looked at yet, because `wait` says so.
    var held: [UInt8] = []
    /// Whether the message at hand was charged as a request: once, however often it waits.
    var isRequestPaid = false
    var lookUp = LookUp.unpaid
    /// Bytes of unhandled input that are on the account of its address.
    var chargedInputBytes = 0
    /// The connection on the account of its address; `nil` until it is first needed, and once it is gone.
    var visit: Visit?
    /// Whose the latest request is, and whether its way was encrypted: the transport's, or what a trusted proxy says.
    var peer: PeerAddress
    var isSecure: Bool
    /// Requests that are not answered yet.
    var inFlight = 0
    var appends = TokenBucket()
    var edits = TokenBucket()

    // The rest.

    /// Who connected, and whether by TLS.
    let transport: (peer: PeerAddress, isSecure: Bool)
    /// Whether it came in at the operator's address.
    let isOperator: Bool
    /// Whether it came in at the address without TLS that leads to the one with it.
    var isRedirect = false
    /// The authority of the upgrade's `Host`, for the URLs in `created`.
    var host = ""
    /// The device's secret: from `hello`, or drawn at the first need.
    var client: ClientSecret?
    /// The paste that its latest request named, and did not follow.
    var named: Named?
    /// What its messages took to decompress.
    var inflated = TokenBucket()
    /// When a connection on its way out is cut off.
    var closesAt: Milliseconds = .max
    /// When `Deadlines` calls next.
    var calledAt: Milliseconds = .max

    init(
        id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool = false, now: Milliseconds
    ) {
        self.id = id
        transport = (peer, isSecure)
        self.peer = peer
        self.isSecure = isSecure
        self.isOperator = isOperator
        lastInputAt = now
        lastOutputAt = now
    }

    // Moved out, changed and moved in: where a part is changed in its place by what the compiler can't see into, every look
    // at that part, wherever it is, is checked at run time for overlapping with a change.

    /// Keeps bytes behind those that are held.
    func hold(_ bytes: Span<UInt8>) {
        var all = held
        held = []
        all.append(bytes)
        held = all
    }

    /// The next thing that the frames in `bytes` say; `nil` when they are used up.
    func nextEvent(_ bytes: inout MutableSpan<UInt8>, at offset: inout Int, codec: DeflateCodec) -> WebSocketEvent? {
        guard var frames = webSocket.take() else { return nil }
        defer { webSocket = frames }
        return frames.next(&bytes, at: &offset, codec: codec)
    }

    /// A close frame, if none went out or came in.
    func closeFrame(_ code: CloseCode, reason: String) -> [UInt8]? {
        guard var frames = webSocket.take() else { return nil }
        defer { webSocket = frames }
        return frames.close(code, reason: reason)
    }

    /// Bytes that the shard keeps for it alone. Frames that others get too are counted where they were made.
    var heldBytes: Int {
        held.count + (wait?.byteCount ?? 0) + (http?.heldBytes ?? 0) + (webSocket?.reservedBytes ?? 0)
            + outbox.ownBytes
    }

    /// Why a session's input waits. What waits is kept elsewhere, so that connections that wait for nothing stay small.
    indirect enum Wait {
        /// A paste is being read from the store.
        case load
        /// The store decides on a new paste.
        case create
        /// The connection moves to another shard, once its requests are answered and its outbox is sent.
        case handOff(shard: Int, message: [UInt8])
        /// It asks faster than it may; this message is next.
        case permit(message: [UInt8])
        /// The HTTP request in hand is not answered yet.
        case answer
        /// The peer takes no output: nothing more is answered until it does.
        case outbox
        /// Its address, or everybody together, asks for more than may be: this is next.
        case turn(Parked)

        /// Bytes of the message that waits.
        var byteCount: Int {
            switch self {
            case .handOff(_, let message), .permit(let message), .turn(.message(let message)): message.count
            case .load, .create, .answer, .outbox, .turn: 0
            }
        }
    }

    /// Whether the look-up of the message at hand was charged as a miss: once, too.
    enum LookUp: Sendable {
        case unpaid, paid
        /// It is no guess.
        case free
    }

    /// What waits for its turn.
    enum Parked {
        case message([UInt8])
        case lookUp(LivePaste.Wish, PasteKey)
        /// The HTTP request in hand.
        case exchange
    }

    /// One device's place in one paste: an object of its own, so that a connection that follows nothing stays small.
    final class View {
        // What every delivery looks at stands first, as in a session.

        /// The last event that is in the outbox or was sent.
        var cursor: Cursor
        var mode: Mode
        let paste: LivePaste
        let author: Author
        /// The key as the device wrote it.
        let key: String
        /// Where in `paste.viewers` the session stands.
        var index = 0
        /// The number of devices changed while this one was not level.
        var missedDevices = false
        /// Refs to be named in `resumed` once the device is level.
        var pending: [UInt64]?
        /// What stands for it at home while it is away; 0 at home.
        var ticket: UInt64 = 0
        /// Whether it shall stay at home for a while once it is there.
        var rests = false
        /// At home: until when it is not moved away.
        var restsUntil: Milliseconds = 0

        init(of paste: LivePaste, author: Author, key: String, cursor: Cursor, mode: Mode, pending: [UInt64]? = nil) {
            self.paste = paste
            self.author = author
            self.key = key
            self.cursor = cursor
            self.mode = mode
            self.pending = pending
        }

        /// Whether new events go straight into the outbox.
        var isLevel: Bool {
            if case .level = mode { true } else { false }
        }
    }

    /// A key as a device wrote it, and what it means. An object of its own: most devices follow the paste that they name.
    final class Named {
        let text: String
        let key: PasteKey
        let id: PasteID
        /// The device there, once that was asked for.
        var author: Author?

        init(text: String, key: PasteKey, id: PasteID) {
            self.text = text
            self.key = key
            self.id = id
        }
    }

    /// How a viewer gets what comes next.
    indirect enum Mode {
        /// It has everything: new events go straight into the outbox.
        case level
        /// It is only a cursor: the outbox is refilled from the log as it empties.
        case behind
        /// It gets a snapshot, part by part.
        case snapshot(SnapshotParts)
        /// It goes home from a follower, where it gets the rest.
        case returning
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
    /// The connection's, which a proxy may say otherwise of for each request.
    let transport: (peer: PeerAddress, isSecure: Bool)
    let peer: PeerAddress
    let isSecure: Bool
    /// Where an HTTP connection stands; nil for a WebSocket.
    let http: HTTP?
    let webSocket: WebSocketSession?
    let host: String
    let client: ClientSecret?
    let appends: TokenBucket
    let edits: TokenBucket
    let inflated: TokenBucket
    let visit: Visit?
    /// The WebSocket's message that made it go.
    let message: [UInt8]
    let held: [UInt8]
    /// What it follows, when it goes on following it.
    let view: MovedView?

    /// An HTTP connection with the request in hand.
    struct HTTP: Sendable {
        let parser: RequestParser
        let exchange: Exchange?
        let hasBegun: Bool
        let due: Milliseconds
        let isLast: Bool
        let lookUp: Session.LookUp
    }
}
