// Every limit, wait and name of the service core, with unit and reason.

import Digest
import PasteModel
import PasteProtocol

/// What the operator decides and the core works by. The same for all shards.
public struct CoreSettings: Sendable {
    /// The rules of one paste.
    public var limits = Limits()
    /// The server's secret: turns keys into ids and clients into authors. Changing it loses every paste.
    public var hash: KeyedHash
    /// What `welcome` and `Server` call this server.
    public var serverName = "pasted"
    /// Origins that may open `/live` besides the page's own, as `scheme://host[:port]`.
    public var allowedOrigins: [String] = []
    /// For how long browsers that were here with TLS shall come with TLS only (RFC 6797); `nil`: not said.
    public var strictTransportSeconds: Int64?
    /// Where the address without TLS leads; `nil`: there is none.
    public var redirect: Redirect?

    /// Networks whose word for a request's origin is taken (`X-Forwarded-For`, `X-Forwarded-Proto`, the PROXY protocol).
    public var proxies: [AddressRange] = []

    /// Bytes of one WebSocket message: six times a text of 1 MiB, as JSON escapes grow it, and some room.
    public var messageBytes = 6 << 20 + 64 << 10
    /// Bytes that wait for one viewer before it is only a cursor into the log.
    public var outboxHighWaterBytes = 256 << 10
    /// Bytes, as an outbox weighs them, up to which events of one commit go to each viewer as one buffer: some fifty short
    /// texts, at which the costs of a buffer are no longer seen in those of a delivery; and so little below the high
    /// water that whoever reads at all has room for it.
    public var joinedBytes = 16 << 10
    /// Bytes that one shard keeps for all its peers together: unfinished messages and heads, input that waits, output
    /// that is not read. One peer alone stays below 8 MiB; ten thousand hostile ones would not. Over it, the connections
    /// of the address that holds most are closed, with a code that says to come back.
    public var bufferBytes = 256 << 20
    /// Bytes of text in one part of a snapshot.
    public var snapshotPartBytes = 256 << 10
    /// Bytes of events that a viewer who is behind gets at a time.
    public var refillBytes = 64 << 10
    /// Requests of one connection that are not answered yet.
    public var requestsInFlight = 32
    /// Appends, removals and the like of one connection: per second, and at once after a rest.
    public var appends = Rate(perSecond: 20, burst: 100)
    /// Edits of one connection: per second, and at once after a rest.
    public var edits = Rate(perSecond: 200, burst: 1_000)

    /// What each address and everybody together may use.
    public var visitors = VisitorLimits()
    /// KiB that one connection's compressed messages may decompress to: per second, and at once after a rest. What is
    /// above waits; without compression it would wait for the network.
    public var inflated = Rate(perSecond: 4 << 10, burst: 16 << 10)

    /// From the first byte of a request (from the accept, TLS handshake included, for the first one) to its end.
    public var requestMilliseconds: Milliseconds = 10_000
    /// From the end of a request's head to the end of its content: `make | curl -T-` takes as long as the build.
    public var contentMilliseconds: Milliseconds = 3_600_000
    /// Silence within content.
    public var contentSilenceMilliseconds: Milliseconds = 300_000
    /// Silence between two requests of a kept-alive connection.
    public var keepAliveMilliseconds: Milliseconds = 60_000
    /// Silence on a WebSocket before the server asks with a ping.
    public var pingMilliseconds: Milliseconds = 30_000
    /// Silence after that ping before the connection counts as gone.
    public var pongMilliseconds: Milliseconds = 30_000
    /// Silence on an event stream before a comment is sent: well below the 30 to 60 s after which proxies end what is
    /// quiet, and what WHATWG HTML section 9.2.7 advises.
    public var signOfLifeMilliseconds: Milliseconds = 15_000
    /// What an `EventSource` is told to wait before it comes back: drawn from this range, so that not everybody is
    /// back at the same instant after a restart.
    public var streamRetryMilliseconds: Range<Milliseconds> = 1_000..<5_000
    /// Bytes that may come behind the request for an event stream, and are skipped: an empty line too many. More ends it.
    public var strayBytes: UInt16 = 1_024
    /// From the first byte of a WebSocket message to its last, fragments and all: 6 MiB at 0.5 Mbit/s.
    public var messageMilliseconds: Milliseconds = 120_000
    /// A viewer with waiting output that reads nothing at all.
    public var stalledReaderMilliseconds: Milliseconds = 60_000
    /// From the close frame to the end of the connection.
    public var closeMilliseconds: Milliseconds = 5_000
    /// A paste without devices stays in memory this long.
    public var idlePasteMilliseconds: Milliseconds = 30_000
    /// Between two sweeps for pastes that ended while nobody had them open.
    public var sweepMilliseconds: Milliseconds = 60_000
    /// The same while the store holds as much as it may.
    public var fullSweepMilliseconds: Milliseconds = 5_000
    /// Pastes that one sweep removes; a full sweep is followed by another at once.
    public var sweepLimit = 1_000
    /// Before a batch whose outcome is unknown is submitted again.
    public var retryMilliseconds: Milliseconds = 100
    /// Viewers of one paste that are worth a shard: sending to fewer costs less than waking another thread. A paste with
    /// twice as many is spread over two shards, and so on.
    public var viewersPerShard = 64
    /// Viewers of one paste that are moved away at once, so that a tick stays short.
    public var movesPerRound = 64
    /// Between two such moves.
    public var spreadMilliseconds: Milliseconds = 20
    /// The same when those who are left are at work or slow.
    public var spreadPauseMilliseconds: Milliseconds = 5_000
    /// For how long who has asked for something, or was too slow elsewhere, stays at home.
    public var restMilliseconds: Milliseconds = 60_000
    /// Bytes of events that a follower was sent and has not taken.
    public var followWindowBytes = 1 << 20
    /// Bytes of events that a follower holds for those of its viewers who are behind.
    public var followedBytes = 4 << 20
    /// Between two `devices` messages of one paste.
    public var devicesMilliseconds: Milliseconds = 1_000
    /// Live pastes above which new keys get 40 bits instead of 30.
    public var shortKeyPastes = 1_000
    /// Connections that a draining shard closes in a second: what the server that they come to next can greet.
    public var drainClosesPerSecond: Milliseconds = 1_000
    /// What a connection gets for its TLS handshake and its first request, from its accept, in a drain.
    public var drainFirstRequestMilliseconds: Milliseconds = 4_000
    /// How long the store is kept for connections that have asked nothing yet.
    public var drainLatecomerMilliseconds: Milliseconds = 1_000
    /// Keys tried for one `create` before the answer is `busy`.
    public var keyAttempts = 16

    /// The defaults, under this secret.
    public init(hash: KeyedHash) {
        self.hash = hash
    }

    /// What `welcome` says of all this.
    var announced: AnnouncedLimits {
        var announced = AnnouncedLimits(limits)
        announced.messageBytes = messageBytes
        announced.requestsInFlight = requestsInFlight
        announced.appendsPerSecond = appends.perSecond
        announced.editsPerSecond = edits.perSecond
        let address = visitors.perAddress
        announced.requestsPerSecond = address.requests.announced
        announced.bytesPerSecond = address.bytes.announced
        announced.storedBytesPerDay = address.storedBytes.announced
        announced.pastesPerHour = address.pastes.announced
        return announced
    }
}

/// A rate and the burst it allows.
public struct Rate: Hashable, Sendable {
    /// Permits that accrue in one second; at least 1.
    public var perSecond: Int
    /// The most permits that can be saved up; at least 1.
    public var burst: Int

    /// A rate from its parts.
    public init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// What is left of a rate: a bucket that fills as time goes by.
struct TokenBucket {
    /// Thousandths of a permit that were used and have not come back.
    private var used: Int64 = 0
    private var at: Milliseconds = 0

    /// Takes that many permits once the debt is paid; they may make a new one.
    /// - Returns: `nil`, or the milliseconds after which it may go on, with the permits taken.
    mutating func take(_ rate: Rate, count: Int, now: Milliseconds) -> Milliseconds? {
        let perMillisecond = Int64(max(1, rate.perSecond))
        used = max(0, used - (now - at) * perMillisecond) + Int64(count) * 1_000
        at = now
        let over = used - Int64(max(1, rate.burst)) * 1_000
        return over > 0 ? (over + perMillisecond - 1) / perMillisecond : nil
    }

    /// Takes one permit.
    /// - Returns: `nil`, or the milliseconds after which there is one.
    mutating func take(_ rate: Rate, now: Milliseconds) -> Milliseconds? {
        let perMillisecond = Int64(max(1, rate.perSecond))
        used = max(0, used - (now - at) * perMillisecond)
        at = now
        let over = used + 1_000 - Int64(max(1, rate.burst)) * 1_000
        guard over > 0 else {
            used += 1_000
            return nil
        }
        return (over + perMillisecond - 1) / perMillisecond
    }
}

extension Allowance {
    /// What `welcome` says of it; nothing when there is no limit.
    fileprivate var announced: Int? { count > 0 ? count : nil }
}
