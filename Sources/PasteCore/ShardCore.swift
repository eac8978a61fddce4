// The service, sans-I/O: bytes and the time go in, effects and bytes come out.
//
// One `ShardCore` holds the connections of one shard and the pastes that are at home there. It has no
// socket, clock, store or log; whoever drives it calls, in a tick,
//
//     answered, timer, adopt, opened, received, ended, closed ...     what has happened
//     endOfTick                                                       what is to be done
//     peek, sent, peek, sent ...                                      for each dirty connection
//
// and tells the same time to all of them. Not Sendable: a shard's actor owns it, so does a simulator.

import Digest
import PasteModel
import PasteProtocol
import WebSocket

/// The service of one shard.
public final class ShardCore {
    var settings: CoreSettings
    // Of the settings it began with: these stay.
    let hash: KeyedHash
    let redirection: Redirect?
    let site: Site
    let operatorView: any OperatorView
    let visitors: Visitors
    let shard: Int
    let shards: Int
    var random: any RandomNumberGenerator
    /// Tells this run of the server from others, in entity tags.
    let runNonce: UInt64
    /// The visit of the connection that `admits` let in and `opened` names next.
    var arrival: Visit?
    /// Compresses and decompresses for all connections.
    let codec = DeflateCodec()
    /// What the snapshots of this moment show.
    let snapshotItems = SnapshotItems()

    var counters = Counters()
    /// Their histogram, apart: counting in it looks at all of what holds it.
    var shown = Histogram(.microseconds)
    var sessions: [Session?] = []
    let budget = BufferBudget()
    private(set) var pastes: [PasteID: LivePaste] = [:]
    /// Sessions whose `create` the store decides on, by the id that was tried.
    var creations: [PasteID: [Creation]] = [:]
    var effects = Effects()
    /// Connections that have output, for the effects, and which tick's those are.
    var dirty: [ConnectionID] = []
    var tick: UInt64 = 1
    var deadlines = Deadlines()
    /// Pastes that may have a batch for the store.
    var duePastes: [LivePaste] = []
    /// Room for the next batch that is shown; empty.
    var spareBatch: [ShownEvent] = []
    /// Sessions whose held input can be looked at.
    var unblocked: [Session] = []
    /// Sessions that move to another shard when the tick ends.
    var departing: [Session] = []
    /// Pastes whose viewers may be moved when the tick ends.
    var spreading: [LivePaste] = []
    /// Pastes that are at home elsewhere and have viewers here.
    var followed: [PasteID: LivePaste] = [:]
    /// Pastes that ended while they were followed.
    var overs: [PasteID: Over] = [:]
    /// Of viewers that were moved away, and of times that another shard followed.
    var lastTicket: UInt64 = 0
    /// The time that the latest call told.
    var now: Milliseconds
    /// How many pastes the server stores, as the last sweep found: decides how long new keys are.
    var pasteCount = 0
    var isDraining = false
    var departures = Departures()
    var drainsSince: Milliseconds = 0
    /// Devices that follow a paste.
    var viewers = 0
    /// Upgraded connections.
    var webSockets = 0
    /// Event streams.
    var streams = 0
    /// Bytes in all outboxes.
    var outboxBytes = 0
    /// Sessions that are not on their way out.
    var openSessions = 0
    var isSweeping = false
    /// When pastes that nobody uses were last put away for want of memory.
    var tidiedAt: Milliseconds = .min
    /// What had been stored when the sweep began.
    var growthAtSweep = StoreLevel()

    /// A core without connections.
    /// - Parameters:
    ///   - shard: Its number in `0..<shards`.
    ///   - visitors: One for all shards; `nil`: this shard's own.
    ///   - random: For the secrets of devices that name none; from the system's secure generator in service.
    ///   - now: The present; the first sweep is due at once.
    public init(
        settings: CoreSettings, shard: Int, shards: Int, site: Site, operatorView: any OperatorView,
        visitors: Visitors? = nil, random: any RandomNumberGenerator, now: Milliseconds
    ) {
        self.settings = settings
        hash = settings.hash
        redirection = settings.redirect
        self.visitors = visitors ?? Visitors(settings.visitors)
        self.shard = shard
        self.shards = shards
        self.site = site
        self.operatorView = operatorView
        self.random = random
        runNonce = self.random.next()
        self.now = now
        deadlines.add(.sweep, at: now)
    }

    /// What happened since the start.
    public var counted: Counters {
        var counted = counters
        counted.shown = shown
        return counted
    }

    /// How many connections there are.
    public var connectionCount: Int { Int(counters.connectionsOpened &- counters.connectionsClosed) }

    // MARK: What has happened

    /// A connection was accepted. The time until its first request is complete is bounded from now on.
    ///
    /// - Parameter isOperator: Whether it came in at the operator's address, which shows metrics and nothing else.
    public func opened(
        _ id: ConnectionID, peer: PeerAddress, isSecure: Bool, isOperator: Bool = false, now: Milliseconds
    ) {
        self.now = now
        let session = Session(id: id, peer: peer, isSecure: isSecure, isOperator: isOperator, now: now)
        session.http = HTTPConnection(due: now + settings.requestMilliseconds)
        session.visit = arrival.take()
        enter(session)
        if isDraining {
            hurryFirstRequest(session)
        }
    }

    /// A connection comes from another shard, in the middle of its work.
    public func adopt(_ id: ConnectionID, _ transfer: SessionTransfer, now: Milliseconds) {
        self.now = now
        let session = Session(id: id, transfer, now: now)
        enter(session)
        // It was charged where it came in.
        session.isRequestPaid = true
        if let view = transfer.view {
            arrive(session, view)
        }
        if session.http != nil {
            resume(session)
        } else if isDraining {
            finishForDrain(session)
        } else if !transfer.message.isEmpty, !session.isClosing {
            handle(session, transfer.message.span)
        }
        if session.wait == nil {
            unblocked.append(session)
        }
        account(session)
        chargeInput(session)
    }

    /// Bytes came in, all of which are taken. Ask `wantsInput` before reading more.
    public func received(_ id: ConnectionID, _ bytes: inout MutableSpan<UInt8>, now: Milliseconds) {
        self.now = now
        guard let session = session(id) else { return }
        session.lastInputAt = now
        session.pingedAt = nil
        counters.receivedBytes &+= UInt64(bytes.count)
        if session.wait == nil, session.held.isEmpty {
            lookAt(&bytes, of: session)
        } else {
            session.hold(bytes.span)
            account(session)
        }
        if budget.usedBytes > settings.bufferBytes {
            relieve()
        }
    }

    /// Whether to go on reading. After a no, `Effects.resumed` names the connection when to read again.
    public func wantsInput(_ id: ConnectionID) -> Bool {
        guard let session = session(id) else { return false }
        session.isPaused = session.wait != nil || !session.held.isEmpty
        return !session.isPaused
    }

    /// The peer has ended its side: nothing more will come in. What waits for it is still sent.
    public func ended(_ id: ConnectionID, now: Milliseconds) {
        self.now = now
        guard let session = session(id), !endsAfterAnswer(session) else { return }
        finish(session)
    }

    /// The socket is gone.
    public func closed(_ id: ConnectionID, now: Milliseconds) {
        self.now = now
        guard let session = session(id) else { return }
        leave(session)
        markClosing(session)
        discharge(session)
        forget(session)
    }

    // MARK: What is to be done

    /// What the tick asks for. To be called after all of the tick's events, and again after `sent` when
    /// `hasEffects`.
    public func endOfTick(now: Milliseconds) -> Effects {
        self.now = now
        codec.beginTick()
        while let session = unblocked.popLast() {
            lookAtHeld(session)
        }
        if budget.usedBytes > settings.bufferBytes {
            relieve()
        }
        for session in departing {
            handOff(session)
        }
        departing.removeAll(keepingCapacity: true)
        if !spreading.isEmpty {
            spreadViewers()
        }
        takeBatches()
        takeDirty()
        counters.bufferedBytes = UInt64(max(0, budget.usedBytes))
        let result = effects
        effects = Effects()
        return result
    }

    /// Whether `endOfTick` would have something to say.
    public var hasEffects: Bool {
        !dirty.isEmpty || !effects.isEmpty || !unblocked.isEmpty || !departing.isEmpty || !duePastes.isEmpty
            || !spreading.isEmpty
    }

    // MARK: Pastes and sessions

    /// Out and back, as in `Session.hold`: pastes are looked up for each commit.
    func put(_ live: LivePaste?, as id: PasteID) {
        var all = pastes
        pastes = [:]
        all[id] = live
        pastes = all
    }

    func session(_ id: ConnectionID) -> Session? {
        let slot = Int(id.slot)
        guard slot < sessions.count, let session = sessions[slot], session.id == id else { return nil }
        return session
    }

    /// Out and back, as in `Session.hold`: sessions are looked up for each delivery.
    private func put(_ session: Session?, in slot: Int) {
        var all = sessions
        sessions = []
        while all.count <= slot {
            all.append(nil)
        }
        all[slot] = session
        sessions = all
    }

    private func enter(_ session: Session) {
        put(session, in: Int(session.id.slot))
        account(session)
        counters.connectionsOpened &+= 1
        openSessions += 1
        webSockets += session.webSocket == nil ? 0 : 1
        call(session, at: session.http == nil ? now + settings.pingMilliseconds : now + settings.requestMilliseconds)
    }

    private func markClosing(_ session: Session) {
        openSessions -= session.isClosing ? 0 : 1
        session.isClosing = true
    }

    /// The session's slot is free for another one.
    private func forget(_ session: Session) {
        put(nil, in: Int(session.id.slot))
        webSockets -= session.webSocket == nil ? 0 : 1
        streams -= session.stream == nil ? 0 : 1
        counters.connectionsClosed &+= 1
    }

    /// Flush, then close: nothing more is read, what was read and waits is dropped.
    func finish(_ session: Session) {
        guard !session.isClosing else { return }
        leave(session)
        markClosing(session)
        session.wait = nil
        session.held = []
        account(session)
        effects.closing.append(session.id)
        session.closesAt = now + settings.closeMilliseconds
        call(session, at: session.closesAt)
    }

    /// Says goodbye by a close frame, or a stream's last event, then finishes.
    func close(_ session: Session, _ code: CloseCode, _ reason: String) {
        if !session.isClosing {
            if let frame = session.closeFrame(code, reason: reason) {
                send(session, frame)
            } else if let stream = session.stream, !stream.isOver {
                send(session, stream.wrapped(EventStream.farewell(code: code.rawValue, reason: reason)) + stream.end)
            }
        }
        finish(session)
    }

    /// Says goodbye for a reason of the protocol's own.
    func close(_ session: Session, _ reason: CloseReason) {
        close(session, CloseCode(rawValue: reason.rawValue), reason.text)
    }

    /// One of a session's requests has been answered.
    func settle(_ session: Session) {
        session.inFlight -= 1
        guard session.inFlight == 0, !session.isClosing else { return }
        handOffIfReady(session)
        if session.isLeaving {
            finishForDrain(session)
        } else if case .answer = session.wait, session.http?.exchange == nil {
            unblock(session)
        }
    }

    // MARK: Hand-off

    /// Moves a session to a paste's home shard, with the message that made it go.
    /// - Returns: Whether it has to go; the message is answered there.
    func goHome(_ session: Session, to id: PasteID, _ message: Span<UInt8>) -> Bool {
        let home = id.home(of: shards)
        guard home != shard else { return false }
        if session.view?.paste.id == id, takesHome(session, message) { return true }
        // What it followed here is over: its events would fill an outbox that has to be empty to move.
        leave(session)
        var copy: [UInt8] = []
        copy.append(message)
        session.wait = .handOff(shard: home, message: copy)
        handOffIfReady(session)
        return true
    }

    /// A connection moves when nothing on this shard can want it any more: at the end of the tick, so that
    /// all that was read of it is in `held`.
    func handOffIfReady(_ session: Session) {
        guard case .handOff = session.wait, session.inFlight == 0, session.outbox.isEmpty, !session.isClosing else {
            return
        }
        departing.append(session)
    }

    private func handOff(_ session: Session) {
        guard case .handOff(let shard, let message) = session.wait, !session.isClosing, session.outbox.isEmpty else {
            return
        }
        move(session, to: shard, message: message)
    }

    /// Moves a session to another shard, with what it goes on following.
    func move(_ session: Session, to shard: Int, message: [UInt8]) {
        let transfer = SessionTransfer(session, message: message)
        if let live = session.view?.paste {
            live.remove(session, now: now)
            viewers -= 1
        }
        markClosing(session)
        discharge(session)
        forget(session)
        counters.connectionsHandedOver &+= 1
        effects.handOffs.append((session.id, shard: shard, transfer))
    }
}
