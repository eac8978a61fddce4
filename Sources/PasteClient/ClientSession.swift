// A device's side of the protocol. Pure: no socket, no clock, no randomness; the time comes in as a parameter, messages
// go in and come out.
//
//     idle --opened--> greeting --level; welcome, when nothing is followed--> live
//     greeting, live --closed 4000..4399, 1001, 1006, ...--> waiting --its time--> idle, and wantsConnection
//     any --closed 4400..4499, expired--> ended (over)
//     any --closed 4500..4999 and RFC 6455 codes that blame us, a refused subscribe--> ended (failed)
//
// Exactly once: a request stays in the outbox under its ref until its own event, an `ack` or `acked` names it; after a
// reconnect it is sent again as it was. Never merged: requests of a paste that is followed wait until the server has
// said that its history is the one that they were made on.

import PasteModel
import PasteProtocol

/// One device's session over any number of connections.
public struct ClientSession: Sendable {
    /// What the caller hears, in order.
    public enum Report: Hashable, Sendable {
        /// The server's limits and clock, on every connection.
        case welcome(Welcome)
        /// A paste was made.
        case created(Created)
        /// A snapshot's head with its first items. What was shown before is replaced by it.
        case snapshot(Snapshot)
        /// The snapshot's next items, and whether others follow.
        case items([Item], more: Bool)
        /// All events or the whole snapshot up to here have come; `taken` are those of our requests that it holds.
        /// Now is the time to `amend` an edit that is not among them, when it was a snapshot.
        case level(Cursor, isSnapshot: Bool, taken: Set<UInt64>)
        /// One event of the log. `isOwn`: one of our requests became it.
        case event(Event, isOwn: Bool)
        /// A request took effect.
        case done(Receipt)
        /// A request did not take effect and is not sent again.
        case refused(ref: UInt64, Wish, ErrorMessage)
        /// The connection is lost or the server said "later": it goes on by itself.
        case trouble(ClientFailure)
        /// Nothing more will come.
        case ended(ClientFailure)
    }

    enum Phase: Hashable {
        case idle, greeting, live, waiting, ended
    }

    /// From asking for a connection to being level, in milliseconds: past it the attempt has failed.
    static let connectPatience: Milliseconds = 20_000
    /// Silence after which the server is asked for a sign of life, and the wait for it.
    static let quiet: Milliseconds = 45_000
    static let pongPatience: Milliseconds = 8_000

    private(set) var phase = Phase.idle
    /// What is followed; nil: nothing, and requests name their paste.
    private let following: String?
    private var paste: String?
    private let secret: ClientSecret?
    private var nextRef: UInt64
    var outbox = Outbox()
    private var control: [ClientMessage] = []
    private var reports: [Report] = []
    private var backOff = BackOff()
    private var later = BackOff(first: 1_000)
    private var wakeAt: Milliseconds?
    private var holdUntil: Milliseconds?
    private var subscribeAt: Milliseconds?
    private var deadline: Milliseconds?
    private var quietAt: Milliseconds?
    /// Our place in the log, while what we showed is the state at it.
    private(set) var cursor: Cursor?
    /// Whether events can't lead on from there: a whole snapshot is on its way, on this connection.
    private var startsOver = false
    /// The cursor that the last subscribe named.
    private var asked: Cursor?
    private var arriving: Snapshot?
    private var you: Author?
    /// The limits in force; the defaults before the first `welcome`.
    public private(set) var limits = AnnouncedLimits()
    /// Whether there was a `welcome` yet.
    public private(set) var isGreeted = false

    /// A session before its first connection.
    /// - Parameters:
    ///   - secret: Who this device is; nil: nobody, which will do for reading.
    ///   - paste: The key that requests are for; nil to make a paste first.
    ///   - follows: Whether to follow it. One that is not followed can be changed but not read.
    ///   - firstRef: The first request's number: above all that this device used for this paste.
    public init(secret: ClientSecret?, paste: String?, follows: Bool, firstRef: UInt64 = 1) {
        self.secret = secret
        self.paste = paste
        following = follows ? paste : nil
        nextRef = firstRef
    }

    // MARK: Asking

    /// Asks for something; it is sent when its turn comes.
    /// - Returns: Its ref.
    public mutating func ask(_ wish: Wish) -> UInt64 {
        let ref = nextRef
        nextRef += 1
        outbox.add(wish, ref: ref)
        return ref
    }

    /// Requests are for this paste from now on: the one that was just made.
    public mutating func use(_ paste: String) {
        self.paste = paste
    }

    /// Replaces an unanswered edit by the same edit made on the text of the snapshot that just came.
    public mutating func amend(_ ref: UInt64, _ request: PasteRequest) {
        outbox.amend(ref, .change(request))
    }

    /// Takes back an edit that has nothing left to do after the snapshot that just came. Its ref stays unused.
    public mutating func withdraw(_ ref: UInt64) {
        _ = outbox.remove(ref)
    }

    /// Requests without an answer.
    public var unanswered: Int { outbox.count }
    /// Bytes of their texts.
    public var unansweredBytes: Int { outbox.byteCount }
    /// Whether everything is level and flowing.
    public var isLive: Bool { phase == .live }
    /// Whether it is over.
    public var hasEnded: Bool { phase == .ended }
    /// Whether a connection should be opened now.
    public var wantsConnection: Bool { phase == .idle }

    /// When `time` has to be called next.
    public var nextDeadline: Milliseconds? {
        [wakeAt, holdUntil, subscribeAt, deadline, quietAt].compactMap(\.self).min()
    }

    /// The next message to send on the open connection; nil: none for now.
    public mutating func nextMessage() -> ClientMessage? {
        if !control.isEmpty { return control.removeFirst() }
        guard phase == .live, holdUntil == nil, let entry = outbox.next(window: limits.requestsInFlight) else {
            return nil
        }
        switch entry.wish {
        case .change(let request):
            return .request(ref: entry.ref, request, paste: following == nil ? paste : nil)
        case .delete: return .delete(ref: entry.ref)
        case .create(let key, let expiresIn, let isPrivate):
            return .create(ref: entry.ref, key: key, expiresIn: expiresIn, isPrivate: isPrivate)
        }
    }

    /// What happened since the last call, in order.
    public mutating func takeReports() -> [Report] {
        defer { reports = [] }
        return reports
    }

    // MARK: The connection

    /// A connection is open.
    public mutating func opened(now: Milliseconds) {
        guard phase == .idle else { return }
        phase = .greeting
        deadline = now + Self.connectPatience
        control = []
        if let secret { control.append(.hello(client: secret)) }
        if following != nil { subscribe() }
    }

    private mutating func subscribe() {
        guard let following else { return }
        // On a new connection the cursor is named all the same: it tells another history from ours.
        asked = startsOver ? nil : cursor
        let pending = outbox.entries.prefix(AnnouncedLimits.pendingRefs).map(\.ref)
        control.append(.subscribe(paste: following, after: asked, pending: pending))
    }

    /// Follows anew from a whole snapshot: the server's state can't be reached by events.
    private mutating func startOver(now: Milliseconds) {
        startsOver = true
        arriving = nil
        phase = .greeting
        deadline = now + Self.connectPatience
        subscribe()
    }

    /// The connection is gone, or could not be opened (code 1006).
    /// - Parameters:
    ///   - random: 0 to 1, evenly spread.
    ///   - why: What to tell about it.
    public mutating func closed(code: UInt16, now: Milliseconds, random: Double, why: ClientFailure? = nil) {
        guard phase != .ended else { return }
        (control, arriving, holdUntil, subscribeAt, deadline, quietAt) = ([], nil, nil, nil, nil, nil)
        startsOver = false
        if code == 1009, let largest = outbox.largest {
            refuse(largest.ref, ErrorMessage(code: .textTooLarge, ref: largest.ref))
        }
        outbox.interrupted()
        switch CloseRule(code: code) {
        case .pasteOver:
            end(Self.over(code == CloseReason.deleted.rawValue ? .deleted : .expired))
        case .stop:
            let reason = CloseReason(rawValue: code).map { ": " + $0.text } ?? ""
            end(ClientFailure(.failed, "The server ended the connection for good (\(code)\(reason))."))
        case .comeBack:
            phase = .waiting
            wakeAt = now + backOff.next(random: random)
            reports.append(.trouble(why ?? ClientFailure(.unreachable, "The connection is lost (\(code)).")))
        }
    }

    /// Time has passed.
    /// - Returns: False when the connection is to be given up: close it, then call `closed`.
    public mutating func time(now: Milliseconds) -> Bool {
        if let at = wakeAt, at <= now {
            wakeAt = nil
            if phase == .waiting { phase = .idle }
        }
        if let at = holdUntil, at <= now { holdUntil = nil }
        if let at = subscribeAt, at <= now {
            subscribeAt = nil
            subscribe()
        }
        if let at = deadline, at <= now { return false }
        if let at = quietAt, at <= now {
            quietAt = nil
            deadline = now + Self.pongPatience
            control.append(.ping)
        }
        return true
    }

    // MARK: Messages

    /// A message came.
    /// - Parameter random: 0 to 1, evenly spread.
    public mutating func received(_ json: [UInt8], now: Milliseconds, random: Double) {
        guard phase == .greeting || phase == .live else { return }
        if phase == .live {
            quietAt = now + Self.quiet
            deadline = nil
        }
        do throws(MessageError) {
            try take(ServerMessage(json: json.span), now, random)
        } catch {
            // A newer server's event, whatever it does, is in a snapshot; a newer message without a place in the log
            // is not for us. Quotes inside texts are escaped, so this finds only a field.
            if error.code != .unknownType {
                end(ClientFailure(.unreachable, "What answers does not speak this protocol (\(error.explanation))."))
            } else if following != nil, !startsOver, json.firstRange(of: Array("\"seq\":".utf8)) != nil {
                startOver(now: now)
            }
        }
    }

    private mutating func take(_ message: ServerMessage, _ now: Milliseconds, _ random: Double) {
        switch message {
        case .welcome(let welcome):
            (limits, isGreeted) = (welcome.limits, true)
            reports.append(.welcome(welcome))
            if following == nil { becomeLive(now) }
        case .created(let created):
            guard outbox.remove(created.ref) != nil else { return }
            reports.append(.created(created))
        case .snapshot(let snapshot): take(snapshot, now)
        case .items(let items, let more):
            guard let head = arriving else { return }
            reports.append(.items(items, more: more))
            if !more { level(head.cursor, head.acked, isSnapshot: true, now) }
        case .resumed(let resumed):
            you = resumed.you
            level(resumed.cursor, resumed.acked, isSnapshot: false, now)
        case .event(let event): take(event, now)
        case .ack(let receipt): acknowledge(receipt, now)
        case .expired(_, let reason): end(Self.over(reason))
        case .error(let error): refused(error, now, random)
        case .devices, .pong: break
        }
    }

    private mutating func take(_ snapshot: Snapshot, _ now: Milliseconds) {
        guard asked == nil || snapshot.same else {
            return end(
                ClientFailure(
                    .otherHistory,
                    "This is not the paste that was followed before: the key was used again, or the "
                        + "server was set back to a backup."))
        }
        you = snapshot.you
        var head = snapshot
        head.items = []
        arriving = head
        reports.append(.snapshot(snapshot))
        if !snapshot.more { level(snapshot.cursor, snapshot.acked, isSnapshot: true, now) }
    }

    private mutating func level(_ cursor: Cursor, _ acked: [Receipt], isSnapshot: Bool, _ now: Milliseconds) {
        self.cursor = cursor
        startsOver = false
        arriving = nil
        // A device that reads slowly is sent a snapshot unasked. It names no requests: their acks came before it.
        let noted = outbox.entries.compactMap(\.receipt).filter { $0.seq <= cursor.seq }
        for receipt in acked + noted { finish(receipt) }
        becomeLive(now)
        reports.append(.level(cursor, isSnapshot: isSnapshot, taken: Set((acked + noted).map(\.ref))))
    }

    private mutating func becomeLive(_ now: Milliseconds) {
        phase = .live
        backOff.reset()
        deadline = nil
        quietAt = now + Self.quiet
    }

    private mutating func take(_ event: Event, _ now: Milliseconds) {
        guard let known = cursor, !startsOver, arriving == nil, event.cursor.seq > known.seq else { return }
        guard event.cursor.seq == known.seq + 1, event.body != .erased else { return startOver(now: now) }
        cursor = event.cursor
        let isOwn = event.author == you && outbox[event.ref] != nil
        reports.append(.event(event, isOwn: isOwn))
        if isOwn { finish(Receipt(ref: event.ref, seq: event.cursor.seq, item: event.body.madeItem)) }
    }

    /// An `ack`: of a request for a paste that is not followed, or of a repeat.
    private mutating func acknowledge(_ receipt: Receipt, _ now: Milliseconds) {
        if following != nil, case .change(.edit) = outbox[receipt.ref]?.wish {
            // The text needs the event itself: it is still to come, or it came before we knew the request as ours.
            if let cursor, !startsOver, receipt.seq <= cursor.seq { startOver(now: now) } else { outbox.note(receipt) }
            return
        }
        finish(receipt)
    }

    private mutating func finish(_ receipt: Receipt) {
        guard outbox.remove(receipt.ref) != nil else { return }
        later.reset()
        reports.append(.done(receipt))
    }

    // MARK: Refusals

    private mutating func refused(_ error: ErrorMessage, _ now: Milliseconds, _ random: Double) {
        guard let ref = error.ref else { return connectionRefused(error, now, random) }
        guard outbox[ref] != nil else { return }
        switch error.retry {
        case .never: refuse(ref, error)
        case .now where following != nil:
            outbox.postpone(ref, isHeld: true)
            startOver(now: now)
        case .now, .later:
            outbox.postpone(ref)
            holdUntil = now + (error.retryAfter ?? later.next(random: random))
            reports.append(.trouble(ClientFailure(error)))
        }
    }

    private mutating func refuse(_ ref: UInt64, _ error: ErrorMessage) {
        guard let entry = outbox.remove(ref) else { return }
        reports.append(.refused(ref: ref, entry.wish, error))
    }

    /// An error without a ref answers the subscribe, or a message of ours that should not have been.
    private mutating func connectionRefused(_ error: ErrorMessage, _ now: Milliseconds, _ random: Double) {
        guard phase == .greeting, following != nil, error.retry != .never else {
            let wasThere = cursor != nil && error.known == .noSuchPaste
            return end(wasThere ? Self.over(.expired) : ClientFailure(error))
        }
        let wait = error.retryAfter ?? later.next(random: random)
        subscribeAt = now + wait
        deadline = now + wait + Self.connectPatience
        reports.append(.trouble(ClientFailure(error)))
    }

    private mutating func end(_ failure: ClientFailure) {
        phase = .ended
        (wakeAt, holdUntil, subscribeAt, deadline, quietAt) = (nil, nil, nil, nil, nil)
        control = []
        reports.append(.ended(failure))
    }

    private static func over(_ reason: EndReason) -> ClientFailure {
        ClientFailure(.over, reason == .deleted ? "The paste was deleted." : "The paste has expired.")
    }
}

extension EventBody {
    /// The item that it made.
    public var madeItem: UInt64? {
        switch self {
        case .append(let item, _), .keep(let item, _): item
        default: nil
        }
    }
}
