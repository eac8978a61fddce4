// A follower's side of a paste that is at home elsewhere: events are passed on, whoever wants more is sent home.

import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    /// Another shard has told something. In the order of telling, connections that moved from there included.
    public func heard(_ note: ShardNote, now: Milliseconds) {
        self.now = now
        switch (note.matter, followed[note.paste]) {
        case (.left(let author, let ticket), _):
            hasLeft(note.paste, author, ticket: ticket)
        case (.overTold, _):
            overTold(note.paste)
        case (.taken(let bytes, let number), _):
            if let live = pastes[note.paste] { taken(bytes, number: number, of: live) }
        case (.follow(let key, let cursor, let devices, let number), _):
            let live = LivePaste(id: note.paste, key: key, now: now)
            live.copy = FollowedLog(from: cursor, devices: devices, number: number)
            followed[note.paste] = live
        case (.events(let events), let live?):
            passOn(events, of: live)
        case (.devices(let count), let live?):
            live.copy?.devices = count
            tellDevices(of: live)
        case (.replaced(let ticket), let live?):
            for viewer in live.viewers where viewer.view?.ticket == ticket {
                counters.replacedConnections &+= 1
                close(viewer, .replaced)
            }
        case (.recall, let live?):
            for viewer in live.viewers {
                sendHome(viewer, rests: false)
            }
        case (.unfollow, let live?):
            drop(live)
        case (.over(let how), let live?):
            drop(live)
            end(live, how)
        case (.events, nil), (.devices, nil), (.replaced, nil), (.recall, nil), (.unfollow, nil), (.over, nil):
            break
        }
    }

    /// A connection that was on its way to or from a follower did not arrive.
    public func lost(_ transfer: SessionTransfer, now: Milliseconds) {
        self.now = now
        guard let view = transfer.view else { return }
        let home = view.paste.home(of: shards)
        if home == shard {
            hasLeft(view.paste, view.author, ticket: view.ticket)
        } else {
            let matter = ShardNote.Matter.left(view.author, ticket: view.ticket)
            effects.notes.append((shard: home, ShardNote(paste: view.paste, matter: matter)))
        }
    }

    // MARK: Coming and going

    /// A viewer arrives in the middle of what it follows.
    func arrive(_ session: Session, _ moved: MovedView) {
        guard moved.paste.home(of: shards) != shard else { return comeHome(session, moved) }
        guard let live = followed[moved.paste], let copy = live.copy else {
            // Not as long as order is kept. If it ever was not: the device comes back, and home counts right.
            tellHome(moved.paste, .left(moved.author, ticket: moved.ticket))
            return close(session, .busy)
        }
        let view = Session.View(
            of: live, author: moved.author, key: moved.key, cursor: moved.cursor,
            mode: moved.cursor == copy.head ? .level : .behind)
        view.missedDevices = moved.missedDevices
        view.ticket = moved.ticket
        live.add(session, view)
        viewers += 1
        markDirty(session)
    }

    /// Has a viewer of a followed paste asked for something: home has the answer, and gets the message with it.
    /// - Returns: Whether it goes there.
    func takesHome(_ session: Session, _ message: Span<UInt8>) -> Bool {
        guard session.view?.paste.copy != nil else { return false }
        sendHome(session, message: copy(message), rests: true)
        return true
    }

    /// Sends a viewer home, as soon as what it waits for has come and its outbox is sent.
    func sendHome(_ session: Session, message: [UInt8] = [], rests: Bool) {
        guard let view = session.view, view.paste.copy != nil, !session.isClosing else { return }
        session.view?.mode = .returning
        session.view?.rests = view.rests || rests
        releaseCopy(of: view.paste)
        switch session.wait {
        case nil, .outbox: break
        // Their end looks again, see `lookAtHeld`.
        case .load, .create, .handOff, .permit, .turn, .answer: return
        }
        session.wait = .handOff(shard: view.paste.id.home(of: shards), message: message)
        handOffIfReady(session)
    }

    // MARK: Passing on

    /// Durable events go to every viewer here that is level, and are held for those who are behind.
    private func passOn(_ events: [ShownEvent], of live: LivePaste) {
        // Bytes of this shard's own: the reference counts of shared ones would travel between the cores with every
        // delivery.
        var events = events.map { $0.copied() }
        let isHeld = fanOut(&events, of: live) && visitors.mayOpen()
        live.copy?.add(events, limit: isHeld ? settings.followedBytes : 0)
        countCopy(live)
        confirm(events, of: live)
    }

    /// Tells the home what was passed on, before the window is full.
    private func confirm(_ events: [ShownEvent], of live: LivePaste) {
        guard let copy = live.copy else { return }
        let bytes = events.reduce(copy.untoldBytes) { $0 + $1.byteCount }
        let isTold = bytes >= settings.followWindowBytes / 2
        live.copy?.untoldBytes = isTold ? 0 : bytes
        if isTold { tellHome(live.id, .taken(bytes, number: copy.number)) }
    }

    /// Fills an outbox that has room from the copy; who is not covered by it goes home.
    func refillFromCopy(_ session: Session) {
        while !session.isClosing, session.outbox.weight < settings.refillBytes, let view = session.view,
            case .behind = view.mode, let log = view.paste.copy
        {
            guard log.covers(view.cursor) else {
                return sendHome(session, rests: true)
            }
            if let (buffer, cursor) = view.paste.copy?.next(after: view.cursor, session.form, by: codec, on: budget) {
                queue(session, .shared(buffer))
                session.view?.cursor = cursor
                counters.deliveries &+= 1
            } else {
                session.view?.mode = .level
                releaseCopy(of: view.paste)
                guard view.missedDevices else { return }
                session.view?.missedDevices = false
                var message = shared(.devices(count: log.devices))
                queue(session, &message)
            }
        }
    }

    // MARK: The end

    private func end(_ live: LivePaste, _ how: HowOver) {
        switch how {
        case .ended(let reason): endViews(of: live, reason)
        case .unreadable: closeViews(of: live)
        }
        tellHome(live.id, .overTold)
    }

    private func drop(_ live: LivePaste) {
        followed[live.id] = nil
        visitors.holdOpen(-live.countedBytes)
        live.countedBytes = 0
    }

    /// Lets go of what is held for those who are behind, when nobody is any more.
    func releaseCopy(of live: LivePaste) {
        guard live.countedBytes > 0, live.copy != nil, !live.viewers.contains(where: { $0.isBehind }) else { return }
        live.copy?.release()
        countCopy(live)
    }

    private func countCopy(_ live: LivePaste) {
        let bytes = live.copy?.heldBytes ?? 0
        guard bytes != live.countedBytes else { return }
        visitors.holdOpen(bytes - live.countedBytes)
        live.countedBytes = bytes
    }

    func tellHome(_ id: PasteID, _ matter: ShardNote.Matter) {
        effects.notes.append((shard: id.home(of: shards), ShardNote(paste: id, matter: matter)))
    }
}

extension Session {
    var isBehind: Bool {
        if case .behind = view?.mode { return true }
        return false
    }

    /// Whether it is on its way home from a follower.
    var isReturning: Bool {
        if case .returning = view?.mode { return true }
        return false
    }
}
