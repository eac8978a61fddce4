// Where a device meets the limits of its address and of everybody: it waits, in order and without losing
// anything, or is told when to come back. Who is connected and types is never sent away.
//
// Guessing. A look-up of a key that can be guessed is charged as a miss when it begins and given back when it finds
// something, so that many at once do not get past the count. Over the limit it waits before the key is looked up: a
// hit waits like a miss, and neither shows in the time. Free of all that are private keys, a paste that the connection
// follows already, and a `subscribe` whose tag proves that the device has been here (a waking phone, everybody after a
// restart): a tag that proves nothing is charged afterwards, and answered when its turn has come.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    // MARK: Connections

    /// Whether a connection from this address may come. To be asked before anything is spent on it; `opened` has
    /// to be told of it next.
    public func admits(_ peer: PeerAddress, now: Milliseconds) -> Bool {
        arrival = visitors.arrive(peer, now: now)
        return arrival != nil
    }

    /// How long to leave the next connection in the kernel's queue; `nil`: accept it.
    public func acceptDelay(now: Milliseconds) -> Milliseconds? {
        visitors.acceptDelay(now: now)
    }

    /// A session's account, which is that of the address it has now: a proxy may have told another one.
    func visit(of session: Session) -> Visit {
        if let visit = session.visit, visitors.has(visit), visit.network == Network(session.peer) { return visit }
        releaseInput(session)
        session.visit = nil
        let visit = visitors.enter(session.peer, now: now)
        session.visit = visit
        return visit
    }

    // MARK: Turns

    /// Has a WebSocket message wait that its address, or everybody, has too many of.
    /// - Returns: Whether it has to; it is handled when it is its turn.
    func waitsForTurn(_ session: Session, _ json: Span<UInt8>) -> Bool {
        guard !session.isRequestPaid else { return false }
        session.isRequestPaid = true
        let (verdict, limit) = visitors.request(visit(of: session), bytes: json.count, now: now)
        guard case .wait(let delay) = verdict else { return false }
        park(session, .message(copy(json)), limit, delay)
        return true
    }

    /// The same for an HTTP request, which is refused when the wait would be too long.
    func exchangeWaitsForTurn(_ session: Session) -> Bool {
        guard !session.isOperator else { return false }
        switch visitors.use(.requests, visit(of: session), patience: settings.visitors.patience, now: now) {
        case .now:
            return false
        case .wait(let delay):
            park(session, .exchange, .requests, delay)
        case .refused(let retryAfter, _, _):
            let seconds = (retryAfter + 999) / 1_000
            refuse(
                Refusal(
                    .tooManyRequests, "That is too much at once. Try again in a moment.",
                    fields: [.retryAfter: "\(seconds)"]),
                session)
        }
        return true
    }

    func park(_ session: Session, _ parked: Session.Parked, _ limit: PacedLimit, _ delay: Milliseconds) {
        counters.throttledRequests &+= 1
        session.wait = .turn(parked)
        deadlines.add(.turn(session.id, limit), at: now + delay)
    }

    /// It is the turn of what waited.
    func takeTurn(_ session: Session) {
        guard case .turn(let parked) = session.wait else { return }
        session.wait = nil
        switch parked {
        case .message(let message): handle(session, message.span)
        case .lookUp(let wish, let key): seek(wish, key, PasteID(key, hash: hash), session)
        case .exchange: open(session)
        }
        goOn(session)
    }

    /// What a session waited for has come: its held input is next, unless it has to wait for something else.
    func goOn(_ session: Session) {
        if session.wait == nil {
            unblocked.append(session)
        }
    }

    // MARK: Guessing

    /// Charges a look-up that may be a guess.
    /// - Returns: Whether it has to wait, or was refused.
    func waitsForLookUp(_ session: Session, _ wish: LivePaste.Wish, _ key: PasteKey) -> Bool {
        if key.isPrivate || session.view?.paste.key == key {
            session.lookUp = .free
        }
        guard let error = chargeLookUp(session, parking: .lookUp(wish, key), ref: wish.ref) else {
            return session.wait != nil
        }
        refuse(session, wish, error)
        return true
    }

    /// The same for a `create` with a chosen key: whether it is taken is worth as much as a look-up.
    func waitsForLookUp(_ session: Session, creating ref: UInt64, _ json: Span<UInt8>) -> Bool {
        guard
            let error = chargeLookUp(
                session, parking: session.http == nil ? .message(copy(json)) : .exchange, ref: ref)
        else {
            return session.wait != nil
        }
        refuse(session, error)
        return true
    }

    private func chargeLookUp(
        _ session: Session, parking parked: @autoclosure () -> Session.Parked, ref: UInt64?
    ) -> ErrorMessage? {
        guard session.lookUp == .unpaid else { return nil }
        switch visitors.use(.misses, visit(of: session), patience: settings.visitors.patience, now: now) {
        case .now:
            session.lookUp = .paid
        case .wait(let delay):
            session.lookUp = .paid
            park(session, parked(), .misses, delay)
        case .refused(let retryAfter, _, _):
            return ErrorMessage(code: .tooManyMisses, ref: ref, retryAfter: retryAfter)
        }
        return nil
    }

    /// The key opens something: no miss.
    func found(_ session: Session) {
        guard session.lookUp == .paid else { return }
        session.lookUp = .free
        visitors.giveBack(.misses, visit(of: session), now: now)
    }

    /// The key opens nothing.
    func miss(_ session: Session, _ wish: LivePaste.Wish, _ key: PasteKey) {
        if waitsForLookUp(session, wish, key) { return }
        counters.misses &+= 1
        refuse(session, wish, ErrorMessage(code: .noSuchPaste, ref: wish.ref))
    }

    // MARK: Storing

    /// Bytes that an event takes in the store besides its text, at most about: a row, and a page begun.
    static let eventBytes = 1_152
    /// Bytes that a paste takes in the store before its first event.
    static let pasteBytes = 1_024

    /// Charges text that a request would have kept. Never a request that was carried out before: that is only
    /// answered again.
    /// - Returns: What was charged; `nil`: the request was refused.
    func chargeStorage(_ requester: LivePaste.Requester, _ request: PasteRequest, in paste: Paste) -> Int? {
        chargeStorage(requester, bytes: request.storedBytes(in: paste), in: paste)
    }

    func chargeStorage(_ requester: LivePaste.Requester, bytes: Int, in paste: Paste) -> Int? {
        guard bytes > 0 else { return 0 }
        let session = requester.session
        var refusal: ErrorMessage?
        if !visitors.hasRoom(bytes: bytes, pastes: 0) {
            refusal = ErrorMessage(
                code: .serverFull, ref: requester.ref, retryAfter: settings.fullSweepMilliseconds)
        } else if case .refused(let retryAfter, _, let limit) = visitors.use(
            .storedBytes, visit(of: session), cost: bytes, patience: 0, now: now)
        {
            refusal = ErrorMessage(
                code: .quotaReached, ref: requester.ref, retryAfter: retryAfter, limit: Int64(limit))
        }
        guard let refusal else { return bytes }
        if !paste.receipts(of: requester.author, refs: [requester.ref]).isEmpty { return 0 }
        refuse(session, refusal)
        return nil
    }

    /// Charges a new paste.
    /// - Returns: Whether it was refused.
    func refusesToCreate(_ session: Session, ref: UInt64) -> Bool {
        guard visitors.hasRoom(bytes: Self.pasteBytes, pastes: 1) else {
            refuse(session, .serverFull, ref: ref, retryAfter: settings.fullSweepMilliseconds)
            return true
        }
        guard
            case .refused(let retryAfter, _, let limit) = visitors.use(
                .pastes, visit(of: session), patience: 0, now: now)
        else { return false }
        refuse(session, .tooManyPastes, ref: ref, retryAfter: retryAfter, limit: limit)
        return true
    }

    // MARK: Unhandled input

    /// Input of one connection that is on nobody's account: most messages are smaller. Also the step of the count.
    private static let freeInputBytes = 64 << 10

    /// Puts large messages that have begun, or wait, on the account of their address. When that, or everybody's, is
    /// full, the connection has to come back later.
    func chargeInput(_ session: Session) {
        guard !session.isClosing else { return }
        let steps = max(0, session.unhandledBytes - 1) / Self.freeInputBytes
        let bytes = steps * Self.freeInputBytes
        guard bytes != session.chargedInputBytes else { return }
        guard visitors.holdInput(visit(of: session), bytes - session.chargedInputBytes) else {
            return session.http == nil ? close(session, .busy) : refuseForLoad(session)
        }
        session.chargedInputBytes = bytes
    }

    func releaseInput(_ session: Session) {
        guard session.chargedInputBytes > 0, let visit = session.visit else { return }
        _ = visitors.holdInput(visit, -session.chargedInputBytes)
        session.chargedInputBytes = 0
    }
}

extension Session {
    /// Bytes that were received and not handled.
    fileprivate var unhandledBytes: Int {
        var count = held.count + (webSocket?.reservedBytes ?? 0) + (http?.exchange?.heldBytes ?? 0)
        switch wait {
        case .turn(.message(let message)), .permit(let message), .handOff(_, let message): count += message.count
        default: break
        }
        return count
    }
}

extension LivePaste {
    /// Whether a wish comes with a tag of this history.
    func proves(_ wish: Wish) -> Bool {
        guard let cursor = wish.cursor, let paste else { return false }
        return switch paste.next(after: cursor, maxBytes: 0) {
        case .events, .snapshot(same: true): true
        case .snapshot(same: false): false
        }
    }
}

extension PasteRequest {
    /// Bytes on the account of who asks, so that small changes cost something too.
    private static let requestBytes = 64

    /// Bytes that the request would have the store keep. What takes away, or changes no text, is free: it must be
    /// possible when nothing else is.
    func storedBytes(in paste: Paste) -> Int {
        let text =
            switch self {
            case .append(let text): text.count
            case .edit(_, _, let edit): edit.insertedBytes
            case .keep: paste.tentative.pad.count
            case .remove, .clear, .extend: 0
            }
        return text == 0 ? 0 : text &+ Self.requestBytes
    }
}

extension Outcome {
    var isAccepted: Bool {
        if case .accepted = self { return true }
        return false
    }
}
