// From a device's wish to a durable event to every screen.

import DequeModule
import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    // MARK: Finding the paste

    /// Brings a session and a paste together: here or on the paste's home shard, now or when it is read.
    func want(_ wish: LivePaste.Wish, of keyText: String, _ session: Session, _ json: Span<UInt8>) {
        guard let (key, id) = read(keyText, session, isRequest: wish.isRequest) else {
            counters.misses &+= 1
            return refuse(session, wish, ErrorMessage(code: .noSuchPaste, ref: wish.ref))
        }
        if goHome(session, to: id, json) { return }
        if case .request(_, let request) = wish, waitsForPermit(session, isEdit: request.isEdit, json) { return }
        seek(wish, key, id, session)
    }

    /// Reads a key and hashes it, which costs as much as three appends: of who names a paste in each request, once.
    private func read(_ text: String, _ session: Session, isRequest: Bool) -> (PasteKey, PasteID)? {
        if let named = session.named, named.text == text { return (named.key, named.id) }
        guard let key = PasteKey(parsing: text) else { return nil }
        let id = PasteID(key, hash: hash)
        if isRequest { session.named = Session.Named(text: text, key: key, id: id) }
        return (key, id)
    }

    /// Looks a key up. Who guesses waits for it, see `ShardCore+Limits`.
    func seek(_ wish: LivePaste.Wish, _ key: PasteKey, _ id: PasteID, _ session: Session) {
        if wish.cursor == nil, waitsForLookUp(session, wish, key) { return }
        if case .subscribe = wish {
            leave(session)
        }
        guard let live = pastes[id] ?? load(id, key) else {
            // Said before it is known whether there is such a paste.
            found(session)
            return refuse(session, wish, busy(wish.ref))
        }
        if waits(for: live, wish, session) { return }
        fulfil(wish, session, live)
    }

    /// Has a session wait while the store alone knows how a paste is.
    /// - Returns: Whether it has to; the wish is fulfilled then.
    func waits(for live: LivePaste, _ wish: LivePaste.Wish, _ session: Session) -> Bool {
        guard live.paste == nil || live.mayBeSaved else { return false }
        live.wait(session, for: wish)
        session.wait = .load
        return true
    }

    /// Says no to a wish: a request is known by its `ref`, a `subscribe` by the key as it was written.
    func refuse(_ session: Session, _ wish: LivePaste.Wish, _ error: ErrorMessage) {
        var error = error
        if case .subscribe(let key, _, _) = wish {
            error.paste = key
        }
        refuse(session, error)
    }

    /// - Returns: `nil` while open pastes take all the memory that they may.
    private func load(_ id: PasteID, _ key: PasteKey) -> LivePaste? {
        guard hasMemory() else { return nil }
        let live = LivePaste(id: id, key: key, now: now)
        put(live, as: id)
        effects.store.append(.open(id))
        return live
    }

    func author(of session: Session, in live: LivePaste) -> Author {
        if let named = session.named, named.id == live.id, let author = named.author { return author }
        let author = Author(of: client(of: session).bytes, in: live.id, hash: hash)
        if session.named?.id == live.id { session.named?.author = author }
        return author
    }

    private func fulfil(_ wish: LivePaste.Wish, _ session: Session, _ live: LivePaste) {
        guard live.ending == nil else {
            return miss(session, wish, live.key)
        }
        // Whoever names a tag of this history has been here: no guess.
        guard live.proves(wish) || !waitsForLookUp(session, wish, live.key) else { return }
        found(session)
        switch wish {
        case .subscribe(let key, let after, let pending):
            subscribe(session, live, key: key, after: after, pending: pending)
        case .request(let ref, let request):
            let author = author(of: session, in: live)
            perform(LivePaste.Requester(session: session, author: author, ref: ref), request, on: live)
        case .delete(let ref):
            delete(live, session, ref: ref)
        case .http:
            reached(live, session)
        }
    }

    /// The store has read a paste.
    func opened(_ id: PasteID, _ result: Result<StoredPaste, StoreError>) {
        guard let live = pastes[id], live.paste == nil else { return }
        switch result.flatMap({ stored in Result { () throws(StoreError) in try Paste(stored, settings.limits) } }) {
        case .success where live.deviceCount == 0 && live.requesters.isEmpty && live.ending == nil && !hasMemory():
            // Others that were read meanwhile took the room.
            forget(live)
            refuseWaiters(of: live)
        case .success(let paste):
            live.paste = paste
            count(live)
            deadlines.add(.paste(id), at: paste.expiresAt)
            if paste.expiresAt <= now {
                end(live, LivePaste.Ending(reason: .expired, requester: nil))
            }
            admitWaiters(of: live)
            resumeViewers(of: live)
            removeStored(live)
            scheduleUnload(live)
        case .failure(let error):
            forget(live)
            if error == .gone {
                endViews(of: live, .expired)
            }
            for (session, wish) in live.waiters where !session.isClosing {
                session.wait = nil
                if error == .gone {
                    miss(session, wish, live.key)
                } else {
                    found(session)
                    refuse(session, wish, ErrorMessage(error, ref: wish.ref))
                }
                goOn(session)
            }
            closeViews(of: live)
        }
    }

    private func admitWaiters(of live: LivePaste) {
        guard !live.waiters.isEmpty else { return }
        for (session, wish) in live.takeWaiters() where !session.isClosing {
            session.wait = nil
            fulfil(wish, session, live)
            goOn(session)
        }
    }

    // MARK: Requests

    /// Judges a request by the paste's rules; an accepted one is on its way to the store when the tick ends.
    func perform(_ requester: LivePaste.Requester, _ request: PasteRequest, on live: LivePaste) {
        let session = requester.session
        guard session.inFlight < settings.requestsInFlight else {
            return refuse(session, .tooManyInFlight, ref: requester.ref, limit: settings.requestsInFlight)
        }
        decide(requester, request, on: live)
    }

    /// - Parameter isPaid: Whether what it stores was charged together with others'.
    func decide(
        _ requester: LivePaste.Requester, _ request: PasteRequest, on live: LivePaste, isPaid: Bool = false
    ) {
        let session = requester.session
        guard let paste = live.paste else {
            return refuse(session, .unavailable, ref: requester.ref)
        }
        guard live.ending == nil, now < paste.expiresAt || paste.hasPending else {
            return refuse(session, .noSuchPaste, ref: requester.ref)
        }
        // An `extend` that brought the end nearer, or saved the paste, may yet be dropped.
        guard now < paste.tentativeExpiresAt else {
            return park(requester, request, nil, premiseSeq: paste.tentativeSeq, on: live)
        }
        guard let charge = isPaid ? 0 : chargeStorage(requester, request, in: paste) else { return }
        let outcome = paste.perform(request, by: requester.author, ref: requester.ref, now: now)
        if charge > 0, !outcome.isAccepted {
            visitors.giveBack(.storedBytes, visit(of: session), cost: charge, now: now)
        }
        switch outcome {
        case .accepted:
            session.inFlight += 1
            var requester = requester
            requester.since = now
            live.accepted(requester)
            markDue(live)
        case .repeated(let receipt):
            park(requester, request, outcome, premiseSeq: receipt.seq, on: live)
        case .refused:
            park(requester, request, outcome, premiseSeq: paste.tentativeSeq, on: live)
        }
    }

    /// Answers as soon as the premise is durable: now, or when its batch is decided.
    private func park(
        _ requester: LivePaste.Requester, _ request: PasteRequest, _ outcome: Outcome?, premiseSeq: UInt64,
        on live: LivePaste
    ) {
        if let outcome, let paste = live.paste, premiseSeq <= paste.cursor.seq {
            return answer(requester, outcome)
        }
        requester.session.inFlight += 1
        live.park(LivePaste.Parked(requester: requester, request: request, outcome: outcome, premiseSeq: premiseSeq))
    }

    private func answer(_ requester: LivePaste.Requester, _ outcome: Outcome) {
        switch outcome {
        case .accepted: break
        case .repeated(let receipt): acknowledge(requester, seq: receipt.seq, item: receipt.item)
        case .refused(let rejection): refuse(requester.session, ErrorMessage(rejection, ref: requester.ref))
        }
    }

    func acknowledge(_ requester: LivePaste.Requester, seq: UInt64, item: UInt64?) {
        guard !requester.session.isClosing else { return }
        if requester.session.http != nil {
            return acknowledgeExchange(Receipt(ref: requester.ref, seq: seq, item: item), requester.session)
        }
        send(requester.session, .ack(Receipt(ref: requester.ref, seq: seq, item: item)))
    }

    // MARK: The store's word

    /// The store has decided on a batch.
    func committed(_ id: PasteID, _ result: Result<Cursor, StoreError>) {
        guard let live = pastes[id], let paste = live.paste else { return }
        switch result {
        case .success:
            live.isOutcomeUnknown = false
            let events = paste.commit()
            snapshotItems.forget(id)
            count(live)
            counters.commits &+= 1
            counters.events &+= UInt64(events.count)
            visitors.stored(bytes: events.reduce(0) { $0 &+ $1.textBytes &+ Self.eventBytes }, pastes: 0)
            show(events, of: live)
            batchDecided(live, isRolledBack: false)
        case .failure(.unavailable):
            live.isOutcomeUnknown = true
            retryLater(live)
        case .failure(.busy) where live.isOutcomeUnknown, .failure(.full) where live.isOutcomeUnknown:
            // Said of this try: an earlier one may have been carried out.
            retryLater(live)
        case .failure(let error):
            counters.failedCommits &+= 1
            live.isOutcomeUnknown = false
            paste.rollback()
            for requester in live.takeRequesters() {
                refuse(requester.session, ErrorMessage(error, ref: requester.ref))
                settle(requester.session)
            }
            switch error {
            case .gone: end(live, LivePaste.Ending(reason: .deleted, requester: nil))
            case .conflict: reload(live)
            default: break
            }
            batchDecided(live, isRolledBack: true)
        }
    }

    private func retryLater(_ live: LivePaste) {
        counters.failedCommits &+= 1
        live.retryAt = now + settings.retryMilliseconds
        deadlines.add(.paste(live.id), at: now + settings.retryMilliseconds)
    }

    /// What waited for a batch goes on: parked requests, a pending end, the next batch.
    private func batchDecided(_ live: LivePaste, isRolledBack: Bool) {
        saveIfExtended(live)
        // Whether there still is a paste depends on the next batch, too.
        guard !live.mayBeSaved else { return markDue(live) }
        answerParked(of: live, isRolledBack: isRolledBack)
        guard let paste = live.paste else { return }
        admitWaiters(of: live)
        if paste.hasPending {
            markDue(live)
        } else if live.ending != nil {
            return removeStored(live)
        }
        if paste.checkpointDue {
            effects.store.append(.checkpoint(live.id, state: paste.takeCheckpoint()))
        }
        scheduleUnload(live)
    }

    private func answerParked(of live: LivePaste, isRolledBack: Bool) {
        guard !live.parked.isEmpty else { return }
        for entry in live.takeParked() {
            let session = entry.requester.session
            if session.isClosing {
                settle(session)
            } else if !isRolledBack, let paste = live.paste, entry.premiseSeq > paste.cursor.seq {
                live.park(entry)
            } else {
                if let outcome = entry.outcome, !isRolledBack {
                    answer(entry.requester, outcome)
                } else {
                    decide(entry.requester, entry.request, on: live)
                }
                settle(session)
            }
        }
    }

    /// Another owner wrote, or a lost answer was a yes: the store's log is read again, devices catch up from it.
    private func reload(_ live: LivePaste) {
        live.paste = nil
        for viewer in live.viewers where viewer.isLevel {
            // A snapshot that has begun is of committed state: it goes on.
            viewer.view?.mode = .behind
        }
        holdFollowers(of: live)
        effects.store.append(.open(live.id))
    }

    /// Events for which room is kept from one batch to the next.
    private static let spareEvents = 256

    /// Durable events go to every device that is level, encoded once; authors learn that theirs are safe.
    private func show(_ events: [Event], of live: LivePaste) {
        if live.viewers.contains(where: { $0.isLevel }) || !live.followers.isEmpty {
            var batch: [ShownEvent] = []
            swap(&batch, &spareBatch)
            for event in events { batch.append(ShownEvent(event)) }
            _ = fanOut(&batch, of: live)
            if !live.followers.isEmpty { feed(batch, of: live) }
            if batch.capacity <= Self.spareEvents {
                for _ in events { batch.removeLast() }
                spareBatch = batch
            }
        }
        // After the fan-out: an author that is level has its event, and may be sent away now.
        var delays = shown
        defer { shown = delays }
        for event in events {
            guard let requester = live.nextRequester() else { break }
            delays.add(UInt64(clamping: now - requester.since) &* 1_000)
            if !requester.session.wasSent(event, of: live) {
                acknowledge(requester, seq: event.cursor.seq, item: event.body.newItem)
            }
            settle(requester.session)
        }
        if events.contains(where: { $0.isExtension }), let expiresAt = live.paste?.committed.expiresAt {
            deadlines.add(.paste(live.id), at: expiresAt)
        }
    }
}

extension LivePaste.Wish {
    /// The cursor, with its tag, from which somebody wants to follow the paste.
    var cursor: Cursor? {
        switch self {
        case .subscribe(_, let cursor, _), .http(let cursor): cursor
        case .request, .delete: nil
        }
    }

    var isRequest: Bool {
        if case .request = self { true } else { false }
    }

    /// The request's number, if the wish is one.
    var ref: UInt64? {
        switch self {
        case .subscribe, .http: nil
        case .request(let ref, _), .delete(let ref): ref
        }
    }
}

extension Session {
    var isLevel: Bool { view?.isLevel == true }

    /// Whether the event is in the outbox or beyond.
    func wasSent(_ event: Event, of live: LivePaste) -> Bool {
        guard let view, view.paste === live else { return false }
        return view.cursor.seq >= event.cursor.seq
    }
}

extension PasteRequest {
    var isEdit: Bool {
        if case .edit = self { return true }
        return false
    }
}

extension EventBody {
    /// The item that the event made.
    var newItem: UInt64? {
        switch self {
        case .append(let item, _), .keep(let item, _): item
        case .edit, .remove, .clear, .extend, .erased: nil
        }
    }
}

extension Event {
    var isExtension: Bool {
        if case .extend = body { return true }
        return false
    }
}
