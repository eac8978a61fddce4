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

import PasteModel
import PasteProtocol
import WebSocket

/// The service of one shard.
public final class ShardCore {
    let settings: CoreSettings
    let site: Site
    let operatorView: any OperatorView
    let shard: Int
    let shards: Int
    var random: any RandomNumberGenerator
    /// Compresses and decompresses for all connections.
    let codec = DeflateCodec()

    /// What happened since the start.
    public internal(set) var counters = Counters()

    var sessions: [Session?] = []
    var pastes: [PasteID: LivePaste] = [:]
    /// Sessions whose `create` the store decides on, by the id that was tried.
    var creations: [PasteID: [Creation]] = [:]
    var effects = Effects()
    var deadlines = Deadlines()
    /// Pastes that may have a batch for the store.
    var duePastes: [LivePaste] = []
    /// Sessions whose held input can be looked at.
    var unblocked: [Session] = []
    /// Sessions that move to another shard when the tick ends.
    var departing: [Session] = []
    /// The time that the latest call told.
    var now: Milliseconds
    /// How many pastes the server stores, as the last sweep found: decides how long new keys are.
    var pasteCount = 0
    var isDraining = false
    var isSweeping = false

    /// A core without connections.
    /// - Parameters:
    ///   - shard: Its number in `0..<shards`.
    ///   - random: For the secrets of devices that name none; from the system's secure generator in service.
    ///   - now: The present; the first sweep is due at once.
    public init(
        settings: CoreSettings, shard: Int, shards: Int, site: Site, operatorView: any OperatorView,
        random: any RandomNumberGenerator, now: Milliseconds
    ) {
        self.settings = settings
        self.shard = shard
        self.shards = shards
        self.site = site
        self.operatorView = operatorView
        self.random = random
        self.now = now
        deadlines.add(.sweep, at: now)
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
        enter(session)
    }

    /// A connection comes from another shard, in the middle of its work.
    public func adopt(_ id: ConnectionID, _ transfer: SessionTransfer, now: Milliseconds) {
        self.now = now
        let session = Session(id: id, transfer, now: now)
        enter(session)
        if isDraining {
            finishForDrain(session)
        } else {
            handle(session, transfer.message.span)
        }
        if session.wait == nil {
            unblocked.append(session)
        }
    }

    /// Bytes came in, all of which are taken. Ask `wantsInput` before reading more.
    public func received(_ id: ConnectionID, _ bytes: inout MutableSpan<UInt8>, now: Milliseconds) {
        self.now = now
        guard let session = session(id) else { return }
        session.lastInputAt = now
        session.pingedAt = nil
        counters.receivedBytes &+= UInt64(bytes.count)
        guard session.wait == nil, session.held.isEmpty else {
            session.held.append(bytes.span)
            return
        }
        lookAt(&bytes, of: session)
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
        guard let session = session(id) else { return }
        finish(session)
    }

    /// The socket is gone.
    public func closed(_ id: ConnectionID, now: Milliseconds) {
        self.now = now
        guard let session = session(id) else { return }
        leave(session)
        session.isClosing = true
        sessions[Int(id.slot)] = nil
        counters.connectionsClosed &+= 1
    }

    /// Closes every connection when its requests have been answered: WebSockets with 1001. New connections
    /// are closed after their first answer.
    public func drain(now: Milliseconds) {
        self.now = now
        isDraining = true
        for session in sessions {
            guard let session, session.inFlight == 0 else { continue }
            finishForDrain(session)
        }
    }

    // MARK: Output

    /// Copies the next bytes for a connection behind what `output` holds, as many as fit.
    public func peek(_ id: ConnectionID, into output: inout OutputSpan<UInt8>, now: Milliseconds) {
        self.now = now
        guard let session = session(id) else { return }
        refill(session)
        session.outbox.copy(into: &output)
    }

    /// The first `count` bytes of what `peek` gave have left.
    public func sent(_ id: ConnectionID, _ count: Int, now: Milliseconds) {
        self.now = now
        guard let session = session(id), count > 0 else { return }
        session.outbox.consume(count)
        session.lastOutputAt = now
        counters.sentBytes &+= UInt64(count)
        switch session.wait {
        case .outbox where session.outbox.byteCount <= settings.outboxHighWaterBytes / 2: unblock(session)
        case .handOff: handOffIfReady(session)
        default: break
        }
    }

    /// What the tick asks for. To be called after all of the tick's events, and again after `sent` when
    /// `hasEffects`.
    public func endOfTick(now: Milliseconds) -> Effects {
        self.now = now
        codec.beginTick()
        while let session = unblocked.popLast() {
            lookAtHeld(session)
        }
        for session in departing {
            handOff(session)
        }
        departing.removeAll(keepingCapacity: true)
        for live in duePastes {
            live.isBatchDue = false
            if let batch = live.paste?.takeBatch() {
                effects.store.append(.commit(live.id, expected: batch.expected, events: batch.events))
            }
        }
        duePastes.removeAll(keepingCapacity: true)
        for id in effects.dirty {
            session(id)?.isDirty = false
        }
        let result = effects
        effects = Effects()
        return result
    }

    /// Whether `endOfTick` would have something to say.
    public var hasEffects: Bool { !effects.isEmpty || !unblocked.isEmpty || !departing.isEmpty || !duePastes.isEmpty }

    // MARK: Sessions

    func session(_ id: ConnectionID) -> Session? {
        let slot = Int(id.slot)
        guard slot < sessions.count, let session = sessions[slot], session.id == id else { return nil }
        return session
    }

    private func enter(_ session: Session) {
        let slot = Int(session.id.slot)
        while sessions.count <= slot {
            sessions.append(nil)
        }
        sessions[slot] = session
        counters.connectionsOpened &+= 1
        call(session, at: session.http == nil ? now + settings.pingMilliseconds : now + settings.requestMilliseconds)
    }

    /// Queues bytes for a session and marks it as dirty.
    func send(_ session: Session, _ bytes: [UInt8]) {
        queue(session, bytes)
        markDirty(session)
    }

    /// Queues bytes for a session that is being flushed.
    func queue(_ session: Session, _ bytes: [UInt8]) {
        if session.outbox.isEmpty {
            // From now on there is something to read: a minute from now it is a minute that nothing was read.
            session.lastOutputAt = now
        }
        session.outbox.push(bytes)
    }

    /// Queues a message for a session, compressed if that was agreed on and pays.
    func queue(_ session: Session, _ message: inout OutgoingMessage) {
        queue(session, message.frame(for: session.deflateWindow, by: codec))
    }

    /// Queues a message for a session and marks it as dirty.
    func send(_ session: Session, _ message: inout OutgoingMessage) {
        queue(session, &message)
        markDirty(session)
    }

    func markDirty(_ session: Session) {
        guard !session.isDirty else { return }
        session.isDirty = true
        effects.dirty.append(session.id)
    }

    /// Flush, then close: nothing more is read, what was read and waits is dropped.
    func finish(_ session: Session) {
        guard !session.isClosing else { return }
        leave(session)
        session.isClosing = true
        session.wait = nil
        session.held = []
        effects.closing.append(session.id)
        session.closesAt = now + settings.closeMilliseconds
        call(session, at: session.closesAt)
    }

    /// Says goodbye by a close frame, then finishes.
    func close(_ session: Session, _ code: CloseCode, _ reason: String) {
        if !session.isClosing, let frame = session.webSocket?.close(code, reason: reason) {
            send(session, frame)
        }
        finish(session)
    }

    /// Says goodbye for a reason of the protocol's own.
    func close(_ session: Session, _ reason: CloseReason) {
        close(session, CloseCode(rawValue: reason.rawValue), reason.text)
    }

    func finishForDrain(_ session: Session) {
        if session.webSocket != nil {
            close(session, .goingAway, "the server is restarting")
        } else {
            finish(session)
        }
    }

    /// One of a session's requests has been answered.
    func settle(_ session: Session) {
        session.inFlight -= 1
        guard session.inFlight == 0, !session.isClosing else { return }
        handOffIfReady(session)
        if isDraining {
            finishForDrain(session)
        }
    }

    // MARK: Input

    /// Looks at bytes until they are used up or the session has to wait; what is left then is held.
    private func lookAt(_ bytes: inout MutableSpan<UInt8>, of session: Session) {
        var offset = 0
        // A drain answers what was asked before it; more would keep it from its end.
        while session.wait == nil, !session.isClosing, !(isDraining && session.inFlight > 0) {
            let hasMore =
                session.webSocket == nil
                ? lookAtRequest(bytes.span, at: &offset, of: session) : lookAtFrames(&bytes, at: &offset, of: session)
            guard hasMore else { break }
            if session.wait == nil, session.outbox.byteCount > settings.outboxHighWaterBytes {
                session.wait = .outbox
            }
        }
        if offset < bytes.count, !session.isClosing {
            session.held.append(bytes.span.extracting(offset..<bytes.count))
        }
    }

    private func lookAtHeld(_ session: Session) {
        guard session.wait == nil, !session.isClosing else { return }
        var bytes = session.held
        session.held = []
        var span = bytes.mutableSpan
        lookAt(&span, of: session)
        if session.wait == nil, !session.isClosing, session.isPaused {
            session.isPaused = false
            effects.resumed.append(session.id)
        }
    }

    /// The reason to wait is gone: held input is looked at before the tick ends.
    func unblock(_ session: Session) {
        guard session.wait != nil else { return }
        session.wait = nil
        unblocked.append(session)
    }

    // MARK: Hand-off

    /// Moves a session to a paste's home shard, with the message that made it go.
    /// - Returns: Whether it has to go; the message is answered there.
    func goHome(_ session: Session, to id: PasteID, _ message: Span<UInt8>) -> Bool {
        let home = id.home(of: shards)
        guard home != shard else { return false }
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
        guard case .handOff(let home, let message) = session.wait, !session.isClosing, session.outbox.isEmpty,
            let transfer = SessionTransfer(session, message: message)
        else { return }
        session.isClosing = true
        sessions[Int(session.id.slot)] = nil
        counters.connectionsClosed &+= 1
        counters.connectionsHandedOver &+= 1
        effects.handOffs.append((session.id, shard: home, transfer))
    }
}

extension Array<UInt8> {
    /// Appends the bytes of a span.
    mutating func append(_ bytes: Span<UInt8>) {
        append(addingCapacity: bytes.count) { output in
            for index in bytes.indices {
                output.append(bytes[index])
            }
        }
    }
}

extension SessionTransfer {
    init?(_ session: Session, message: [UInt8]) {
        guard let webSocket = session.webSocket else { return nil }
        self.init(
            peer: session.peer, isSecure: session.isSecure, webSocket: webSocket, host: session.host,
            client: session.client, appends: session.appends, edits: session.edits, inflated: session.inflated,
            message: message, held: session.held)
    }
}

extension Session {
    convenience init(id: ConnectionID, _ transfer: SessionTransfer, now: Milliseconds) {
        self.init(id: id, peer: transfer.peer, isSecure: transfer.isSecure, now: now)
        webSocket = transfer.webSocket
        deflateWindow = transfer.webSocket.deflateWindow
        host = transfer.host
        client = transfer.client
        appends = transfer.appends
        edits = transfer.edits
        inflated = transfer.inflated
        held = transfer.held
        // Bytes that are held, and the adoption itself, end in a look at the input.
        isPaused = true
    }
}
