import PasteModel
import PasteProtocol

/// What one shard counted since its start. Plain numbers, added up by whoever shows them.
public struct Counters: Sendable {
    /// Connections accepted or taken over from another shard.
    public internal(set) var connectionsOpened: UInt64 = 0
    /// Connections closed or handed over to another shard.
    public internal(set) var connectionsClosed: UInt64 = 0
    /// Connections handed over to another shard.
    public internal(set) var connectionsHandedOver: UInt64 = 0
    /// Viewers moved to a shard that follows their paste.
    public internal(set) var viewersMoved: UInt64 = 0
    /// Viewers that came back from there.
    public internal(set) var viewersReturned: UInt64 = 0
    /// HTTP requests whose head was read.
    public internal(set) var requests: UInt64 = 0
    /// HTTP requests that were refused or broken.
    public internal(set) var badRequests: UInt64 = 0
    /// WebSockets opened.
    public internal(set) var upgrades: UInt64 = 0
    /// Event streams begun.
    public internal(set) var streams: UInt64 = 0
    /// WebSocket messages received.
    public internal(set) var messages: UInt64 = 0
    /// WebSocket messages that were no message of the protocol.
    public internal(set) var badMessages: UInt64 = 0
    /// Connections failed for a broken WebSocket rule.
    public internal(set) var badFrames: UInt64 = 0
    /// Error messages sent.
    public internal(set) var errors: UInt64 = 0
    /// Requests that had to wait since their connection asked too fast.
    public internal(set) var throttledRequests: UInt64 = 0
    /// Keys asked for that open nothing.
    public internal(set) var misses: UInt64 = 0
    /// Events made durable.
    public internal(set) var events: UInt64 = 0
    /// Batches made durable.
    public internal(set) var commits: UInt64 = 0
    /// Batches that the store refused or did not decide.
    public internal(set) var failedCommits: UInt64 = 0
    /// Events sent to devices.
    public internal(set) var deliveries: UInt64 = 0
    /// Snapshots sent.
    public internal(set) var snapshots: UInt64 = 0
    /// Pastes expired or deleted while a device had them open.
    public internal(set) var expiries: UInt64 = 0
    /// Connections closed because nothing was read.
    public internal(set) var stalledReaders: UInt64 = 0
    /// Connections closed because nothing came.
    public internal(set) var timeouts: UInt64 = 0
    /// Connections closed since all together held more bytes than the budget.
    public internal(set) var relievedConnections: UInt64 = 0
    /// Connections closed because their device came anew.
    public internal(set) var replacedConnections: UInt64 = 0
    /// Bytes received, after decryption.
    public internal(set) var receivedBytes: UInt64 = 0
    /// Bytes sent, before encryption.
    public internal(set) var sentBytes: UInt64 = 0

    /// Bytes that are kept for peers now: no counter, goes up and down.
    public internal(set) var bufferedBytes: UInt64 = 0
    /// From a request to its event being in every level device's outbox, in microseconds; known to a millisecond.
    public internal(set) var shown = Histogram(.microseconds)
    /// Refusals by `ErrorCode`, at its place in `allCases`.
    /// One place is enough for each code, which a test holds.
    private var refusals = InlineArray<64, UInt64>(repeating: 0)
    static let refusalPlaces = 64

    /// Zeros.
    public init() {}

    /// How often requests were refused with which code.
    public var refusalsByCode: [(code: String, count: UInt64)] {
        ErrorCode.allCases.enumerated().map { ($1.rawValue, refusals[$0]) }
    }

    /// Counts an error.
    /// - Parameter place: Its code's, in `allCases`.
    mutating func refused(_ place: Int?) {
        errors &+= 1
        if let place { refusals[place] &+= 1 }
    }

    /// One counter's name in metrics, what it counts, and where it is.
    public typealias Row = (name: String, help: String, value: any KeyPath<Counters, UInt64> & Sendable)

    /// All counters.
    public static let rows: [Row] = [
        ("connections_opened", "Connections accepted or taken over from another shard.", \.connectionsOpened),
        ("connections_closed", "Connections closed or handed over to another shard.", \.connectionsClosed),
        ("connections_handed_over", "Connections handed over to another shard.", \.connectionsHandedOver),
        ("viewers_moved", "Viewers moved to a shard that follows their paste.", \.viewersMoved),
        ("viewers_returned", "Viewers that came back to their paste's home shard.", \.viewersReturned),
        ("requests", "HTTP requests whose head was read.", \.requests),
        ("bad_requests", "HTTP requests that were refused or broken.", \.badRequests),
        ("upgrades", "WebSockets opened.", \.upgrades),
        ("event_streams", "Event streams begun.", \.streams),
        ("messages", "WebSocket messages received.", \.messages),
        ("bad_messages", "WebSocket messages that were no message of the protocol.", \.badMessages),
        ("bad_frames", "Connections failed for a broken WebSocket rule.", \.badFrames),
        ("errors", "Error messages sent.", \.errors),
        ("throttled_requests", "Requests that had to wait since their connection asked too fast.", \.throttledRequests),
        ("misses", "Keys asked for that open nothing.", \.misses),
        ("events", "Events made durable.", \.events),
        ("commits", "Batches made durable.", \.commits),
        ("failed_commits", "Batches that the store refused or did not decide.", \.failedCommits),
        ("deliveries", "Events sent to devices.", \.deliveries),
        ("snapshots", "Snapshots sent.", \.snapshots),
        ("expiries", "Pastes expired or deleted while a device had them open.", \.expiries),
        ("stalled_readers", "Connections closed because nothing was read.", \.stalledReaders),
        ("timeouts", "Connections closed because nothing came.", \.timeouts),
        (
            "relieved_connections", "Connections closed since all together held more bytes than the budget.",
            \.relievedConnections
        ),
        ("replaced_connections", "Connections closed because their device came anew.", \.replacedConnections),
        ("received_bytes", "Bytes received, after decryption.", \.receivedBytes),
        ("sent_bytes", "Bytes sent, before encryption.", \.sentBytes),
    ]
}
