// Everything that happens because time passes: expiry, removal, sweeps, pings, timeouts.

import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    /// When `timer` has something to do; `nil` for never.
    public var nextDeadline: Milliseconds? { deadlines.next }

    /// How many deadlines one tick meets. Thousands of connections are pinged in the same second: half a millisecond's
    /// worth at a time, and between them everybody else is served.
    static let deadlinesPerTick = 64

    /// Does what is due, the earliest first. When `nextDeadline` is not later than `now` there is more of it, for the next tick.
    public func timer(now: Milliseconds) {
        self.now = now
        for _ in 0..<Self.deadlinesPerTick {
            guard let subject = deadlines.popDue(now: now) else { break }
            switch subject {
            case .connection(let id):
                if let session = session(id), session.calledAt <= now {
                    lookAtClock(session)
                }
            case .permit(let id):
                if let session = session(id) {
                    handleThrottled(session)
                }
            case .turn(let id, let limit):
                visitors.waited(limit)
                if let session = session(id) {
                    takeTurn(session)
                }
            case .paste(let id):
                if let live = pastes[id] {
                    lookAtClock(live)
                }
            case .sweep:
                sweep()
            case .departure:
                depart()
            }
        }
    }

    // MARK: Pastes

    private func lookAtClock(_ live: LivePaste) {
        if let retryAt = live.retryAt, retryAt <= now {
            live.retryAt = nil
            retry(live)
        }
        if let devicesAt = live.devicesAt, devicesAt <= now {
            tellDevices(of: live)
        }
        spreadIfDue(live)
        if let paste = live.paste, live.ending == nil, paste.expiresAt <= now {
            end(live, LivePaste.Ending(reason: .expired, requester: nil))
        }
        if live.isUnused, live.paste != nil, live.idleSince + settings.idlePasteMilliseconds <= now {
            guard isRead(live) else { return forget(live) }
            // It stays until they have read it, to know when its time is over.
            live.idleSince = now
            scheduleUnload(live)
        }
    }

    func scheduleUnload(_ live: LivePaste) {
        if live.isUnused {
            deadlines.add(.paste(live.id), at: max(now, live.idleSince) + settings.idlePasteMilliseconds)
        }
    }

    private func retry(_ live: LivePaste) {
        if let batch = live.paste?.retryBatch() {
            effects.store.append(.commit(live.id, expected: batch.expected, events: batch.events))
        } else if live.ending != nil {
            removeStored(live)
        }
    }

    /// A device ends the paste now.
    func delete(_ live: LivePaste, _ session: Session, ref: UInt64) {
        guard live.ending == nil, let view = session.view else {
            return refuse(session, .noSuchPaste, ref: ref)
        }
        session.inFlight += 1
        end(
            live,
            LivePaste.Ending(
                reason: .deleted, requester: LivePaste.Requester(session: session, author: view.author, ref: ref)))
    }

    /// No new requests from here on. What is in flight is decided first: an `extend` may save the paste.
    func end(_ live: LivePaste, _ ending: LivePaste.Ending) {
        live.ending = ending
        if live.paste?.hasPending != true {
            removeStored(live)
        }
    }

    /// An `extend` that was in flight when the time was over saves the paste.
    func saveIfExtended(_ live: LivePaste) {
        guard live.ending?.reason == .expired, live.ending?.isRemoving == false, let paste = live.paste,
            paste.expiresAt > now
        else { return }
        live.ending = nil
    }

    /// The paste's last request is decided: erase it, unless an `extend` was among them.
    func removeStored(_ live: LivePaste) {
        saveIfExtended(live)
        guard let ending = live.ending, !ending.isRemoving else { return }
        live.ending?.isRemoving = true
        // Its time is over whatever the disk says. A deletion is shown when it can not be taken back.
        if ending.reason == .expired {
            endViews(of: live, .expired)
        }
        effects.store.append(.remove(live.id, tombstoneUntil: now + settings.limits.lifetime))
    }

    /// The store has erased a paste, or could not.
    func removed(_ id: PasteID, _ result: Result<Void, StoreError>) {
        guard let live = pastes[id], let ending = live.ending else { return }
        guard case .success = result else {
            live.ending?.isRemoving = false
            live.retryAt = now + settings.retryMilliseconds
            deadlines.add(.paste(id), at: now + settings.retryMilliseconds)
            return
        }
        counters.expiries &+= 1
        endViews(of: live, ending.reason)
        forget(live)
        for entry in live.parked {
            refuse(entry.requester.session, .noSuchPaste, ref: entry.requester.ref)
            settle(entry.requester.session)
        }
        if let requester = ending.requester {
            acknowledge(requester, seq: live.paste?.cursor.seq ?? 0, item: nil)
            settle(requester.session)
        }
    }

    // MARK: The sweep

    private func sweep() {
        guard !isSweeping, !isDraining else { return }
        isSweeping = true
        growthAtSweep = visitors.growth
        effects.store.append(.expiring(before: now, limit: settings.sweepLimit))
    }

    /// Pastes whose time is over, of all shards: each removes its own.
    func swept(_ result: Result<ExpiredPastes, StoreError>) {
        isSweeping = false
        var isFull = false
        if case .success(let found) = result {
            pasteCount = found.pasteCount
            visitors.storeHolds(
                StoreLevel(bytes: found.storedBytes, pastes: found.pasteCount), askedAt: growthAtSweep)
            isFull = found.ids.count >= settings.sweepLimit
            for id in found.ids where id.home(of: shards) == shard && pastes[id] == nil {
                effects.store.append(.remove(id, tombstoneUntil: now + settings.limits.lifetime))
            }
        }
        // While nothing more may be stored somebody waits for the room that removals make.
        let interval = visitors.isStoreFull ? settings.fullSweepMilliseconds : settings.sweepMilliseconds
        deadlines.add(.sweep, at: now + (isFull ? settings.retryMilliseconds : interval))
    }

    // MARK: Connections

    /// Whole seconds, so that thousands of idle connections share their wake-ups.
    func call(_ session: Session, at time: Milliseconds) {
        let time = (time + 999) / 1_000 * 1_000
        guard time < session.calledAt || session.calledAt <= now else { return }
        session.calledAt = time
        deadlines.add(.connection(session.id), at: time)
    }

    private func lookAtClock(_ session: Session) {
        session.calledAt = .max
        if session.isClosing {
            guard session.closesAt <= now else { return call(session, at: session.closesAt) }
            effects.aborting.append(session.id)
            return
        }
        if !session.outbox.isEmpty, session.lastOutputAt + settings.stalledReaderMilliseconds <= now {
            counters.stalledReaders &+= 1
            return close(session, .slowReader)
        }
        if session.stream != nil {
            lookAtStreamClock(session)
        } else if session.webSocket != nil {
            lookAtWebSocketClock(session)
        } else {
            lookAtHTTPClock(session)
        }
    }

    private func lookAtHTTPClock(_ session: Session) {
        if let http = session.http, session.wait != nil || !session.outbox.isEmpty {
            // It waits for us, or reads: who reads nothing is found out by that.
            http.due = max(http.due, now + settings.keepAliveMilliseconds)
        }
        guard let due = session.http?.due, due > now else {
            counters.timeouts &+= 1
            timeOut(session)
            return
        }
        let stallsAt = session.outbox.isEmpty ? due : session.lastOutputAt + settings.stalledReaderMilliseconds
        call(session, at: min(due, max(now + 1, stallsAt)))
    }

    private func lookAtWebSocketClock(_ session: Session) {
        if session.wait != nil, session.messageBegunAt != nil {
            session.messageBegunAt = now  // it is we who do not read on
        }
        if let begunAt = session.messageBegunAt, begunAt + settings.messageMilliseconds <= now {
            counters.timeouts &+= 1
            return close(session, .slowMessage)
        }
        if let pingedAt = session.pingedAt {
            if session.wait != nil || !session.outbox.isEmpty {
                // The ping may wait behind output, the pong behind input: who stalls is found out by its reading.
                session.pingedAt = now
                return callReader(session, at: now + settings.pongMilliseconds)
            }
            let due = pingedAt + settings.pongMilliseconds
            guard due > now else {
                counters.timeouts &+= 1
                return close(session, .silent)
            }
            return callReader(session, at: due)
        }
        if session.lastInputAt + settings.pingMilliseconds <= now, session.wait == nil {
            session.pingedAt = now
            send(session, ServerFrame.ping([]))
            return callReader(session, at: now + settings.pongMilliseconds)
        }
        callReader(session, at: max(now + 1_000, session.lastInputAt + settings.pingMilliseconds))
    }

    /// Calls at a time, or before it when the reader will have stalled by then or a message taken too long.
    func callReader(_ session: Session, at time: Milliseconds) {
        let stallsAt = session.outbox.isEmpty ? .max : session.lastOutputAt + settings.stalledReaderMilliseconds
        let messageEndsAt = session.messageBegunAt.map { $0 + settings.messageMilliseconds } ?? .max
        call(session, at: min(time, max(now + 1, min(stallsAt, messageEndsAt))))
    }
}
