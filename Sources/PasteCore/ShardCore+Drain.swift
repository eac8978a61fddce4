// The end in order: who waits for an answer gets it, and not everybody is sent away at the same instant.
//
//     WebSockets      work on until their turn; then what they asked is answered, and 1001 closes them
//     HTTP            a request that has begun is answered, an idle connection is closed at once, and one that
//                     was only just accepted gets a moment for its request
//
// Whoever is sent away comes back within seconds, here or to the server that took over. So the turns are spread
// evenly over a time that grows with the number of connections.

import HTTP1
import PasteModel
import WebSocket

/// Who is to be sent away, and when.
struct Departures {
    private var ids: [ConnectionID] = []
    private var gone = 0
    private var start: Milliseconds = 0
    private var spread: Milliseconds = 0

    init() {}

    /// Everybody's turns, evenly spread from `now` on.
    init(_ ids: [ConnectionID], now: Milliseconds, spread: Milliseconds) {
        self.ids = ids
        start = now
        self.spread = spread
    }

    /// When the next turn is; `nil` when all had theirs.
    var next: Milliseconds? {
        gone < ids.count ? start + spread * Milliseconds(gone) / Milliseconds(ids.count) : nil
    }

    /// The next one whose turn has come.
    mutating func pop(now: Milliseconds) -> ConnectionID? {
        guard let next, next <= now else { return nil }
        gone += 1
        return ids[gone - 1]
    }
}

extension ShardCore {
    /// Ends every connection in order; WebSockets are closed with 1001. New connections are closed after their
    /// first answer.
    /// - Parameter spread: The longest time over which the closes are spread.
    public func drain(now: Milliseconds, within spread: Milliseconds = 0) {
        self.now = now
        guard !isDraining else { return }
        isDraining = true
        drainsSince = now
        deadlines.add(.departure, at: now + settings.drainLatecomerMilliseconds)
        var devices: [ConnectionID] = []
        for session in sessions {
            guard let session, !session.isClosing else { continue }
            if session.webSocket != nil || session.view != nil {
                devices.append(session.id)
            } else {
                endAfterRequest(session)
            }
        }
        let pace = Milliseconds(devices.count) * 1_000 / settings.drainClosesPerSecond
        departures = Departures(devices, now: now, spread: min(max(0, spread), pace))
        depart()
    }

    /// Whether a drain has come so far that the store can go. Who was only just accepted and has asked nothing
    /// is not waited for longer than a moment: the page needs no store, and a device is sent on at once.
    public var isQuiet: Bool {
        guard isDraining, openSessions > 0 else { return isDraining }
        guard departures.next == nil, now >= drainsSince + settings.drainLatecomerMilliseconds else { return false }
        return sessions.allSatisfy { $0.map { $0.isClosing || isSilent($0) } ?? true }
    }

    /// Whether an HTTP connection is between two requests, or before the first one.
    private func isSilent(_ session: Session) -> Bool {
        guard let http = session.http, http.exchange == nil, http.parser.isIdle else { return false }
        return session.held.isEmpty && session.wait == nil && session.inFlight == 0
    }

    /// Sends away those whose turn has come.
    func depart() {
        while let id = departures.pop(now: now) {
            if let session = session(id) { leaveInOrder(session) }
        }
        if let next = departures.next {
            deadlines.add(.departure, at: next)
        }
    }

    /// Closes a connection when what it asked is answered.
    private func leaveInOrder(_ session: Session) {
        session.isLeaving = true
        switch session.wait {
        case .load, .create: return
        // Their device asks again where it comes next.
        case .handOff, .permit, .answer, .outbox, .turn, nil: break
        }
        if session.inFlight == 0 {
            finishForDrain(session)
        }
    }

    private func endAfterRequest(_ session: Session) {
        guard let http = session.http else { return finishForDrain(session) }
        guard isSilent(session) else { return }
        if http.hasBegun {
            hurryFirstRequest(session)
        } else {
            finish(session)
        }
    }

    /// A connection that came just before the end, or during it: its request is under way.
    func hurryFirstRequest(_ session: Session) {
        guard let http = session.http else { return }
        http.due = min(http.due, max(now, session.lastInputAt + settings.drainFirstRequestMilliseconds))
        call(session, at: http.due)
    }

    func finishForDrain(_ session: Session) {
        if session.webSocket != nil || session.stream != nil {
            close(session, .goingAway, "the server is restarting")
        } else {
            finish(session)
        }
    }
}
