// The home's side of a followed paste: who moves away and who comes back, and how followers are fed.

import PasteModel
import PasteProtocol

extension ShardCore {
    // MARK: Moving away

    /// Looks soon whether viewers are to be moved. Called when their number may have grown.
    func considerSpreading(_ live: LivePaste) {
        guard shards > 1, live.spread.dueAt == nil, !live.spread.isDue,
            live.deviceCount >= 2 * settings.viewersPerShard
        else { return }
        look(at: live, on: now + settings.spreadMilliseconds)
    }

    private func look(at live: LivePaste, on time: Milliseconds) {
        live.spread.dueAt = time
        deadlines.add(.paste(live.id), at: time)
    }

    /// The time has come: the end of a tick looks, when all outboxes have been flushed.
    func spreadIfDue(_ live: LivePaste) {
        guard let dueAt = live.spread.dueAt, dueAt <= now else { return }
        live.spread.dueAt = nil
        live.spread.isDue = true
        spreading.append(live)
    }

    /// Moves viewers to where there are fewer.
    func spreadViewers() {
        guard dirty.isEmpty else { return }
        let due = spreading
        spreading = []
        for live in due {
            live.spread.isDue = false
            spread(live)
        }
    }

    private func spread(_ live: LivePaste) {
        guard !isDraining, live.ending == nil, let paste = live.paste else { return }
        var movedCount = 0
        var isWaiting = false
        var index = live.viewers.count
        // From the end: the place of one that goes is taken by one that was looked at.
        while index > 0, let target = target(for: live) {
            guard movedCount < settings.movesPerRound else {
                return look(at: live, on: now + settings.spreadMilliseconds)
            }
            index -= 1
            let viewer = live.viewers[index]
            guard viewer.webSocket != nil, let view = viewer.view else { continue }
            guard mayMove(viewer, view) else {
                isWaiting = true
                continue
            }
            moveAway(viewer, view, to: target, from: paste.cursor)
            movedCount += 1
        }
        if isWaiting, target(for: live) != nil {
            look(at: live, on: now + settings.spreadPauseMilliseconds)
        }
    }

    /// The shard whose turn it is to get a viewer; `nil` when the viewers are even, or too few for one more shard.
    private func target(for live: LivePaste) -> Int? {
        let followers = live.followers
        let shares = min(shards, live.deviceCount / max(1, settings.viewersPerShard))
        var target: (shard: Int, viewers: Int)?
        if followers.count + 1 < shares {
            // Pastes have their homes everywhere: so do the neighbours of those.
            let free = (1..<shards).lazy.map { (self.shard + $0) % self.shards }.first { candidate in
                !followers.contains { $0.shard == candidate }
            }
            target = free.map { ($0, 0) }
        }
        for follower in followers where follower.mode == .level && follower.viewers < target?.viewers ?? .max {
            target = (follower.shard, follower.viewers)
        }
        guard let target, live.viewers.count > target.viewers + 1 else { return nil }
        return target.shard
    }

    /// Whether nothing here can want the session any more, and its device does nothing but look on.
    private func mayMove(_ session: Session, _ view: Session.View) -> Bool {
        guard case .level = view.mode, view.restsUntil <= now, !session.isClosing, !session.isLeaving else {
            return false
        }
        return session.outbox.isEmpty && session.inFlight == 0 && session.wait == nil && session.held.isEmpty
            && session.messageBegunAt == nil && session.pingedAt == nil
    }

    private func moveAway(_ session: Session, _ view: Session.View, to shard: Int, from cursor: Cursor) {
        let live = view.paste
        if !live.followers.contains(where: { $0.shard == shard }) {
            let number = takeTicket()
            live.add(Follower(shard: shard, number: number, cursor: cursor))
            tell(shard, live, .follow(live.key, from: cursor, devices: live.deviceCount, number: number))
        }
        let ticket = takeTicket()
        session.view?.ticket = ticket
        move(session, to: shard, message: [])
        live.spread.away[view.author] = Spread.Away(ticket: ticket, shard: shard)
        live.followers.first { $0.shard == shard }?.viewers += 1
        counters.viewersMoved &+= 1
    }

    private func takeTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    // MARK: Coming back

    /// A viewer comes home from a follower.
    func comeHome(_ session: Session, _ moved: MovedView) {
        // A good ticket first: the paste may have been unreadable, and be there again.
        guard let live = pastes[moved.paste], takeBack(moved.author, ticket: moved.ticket, of: live) else {
            let over = overs[moved.paste]
            switch over?.how {
            case .ended(let reason): return send(session, .expired(paste: over?.name ?? moved.key, reason))
            case .unreadable: return close(session, .busy)
            case nil:
                counters.replacedConnections &+= 1
                return close(session, .replaced)
            }
        }
        counters.viewersReturned &+= 1
        let view = Session.View(
            of: live, author: moved.author, key: moved.key, cursor: moved.cursor, mode: .behind)
        view.missedDevices = moved.missedDevices
        view.restsUntil = moved.rests ? now + settings.restMilliseconds : 0
        live.add(session, view)
        viewers += 1
        markDirty(session)
        considerSpreading(live)
    }

    /// A viewer that was away is gone.
    func hasLeft(_ id: PasteID, _ author: Author, ticket: UInt64) {
        guard let live = pastes[id], takeBack(author, ticket: ticket, of: live) else { return }
        deviceCountChanged(live)
        scheduleUnload(live)
    }

    /// The device comes anew: where it was away it is closed.
    func replaceAway(_ author: Author, of live: LivePaste) {
        guard let away = live.spread.away[author] else { return }
        tell(away.shard, live, .replaced(ticket: away.ticket))
        _ = takeBack(author, ticket: away.ticket, of: live)
    }

    /// - Returns: Whether the ticket was good.
    private func takeBack(_ author: Author, ticket: UInt64, of live: LivePaste) -> Bool {
        guard let away = live.spread.away[author], away.ticket == ticket else { return false }
        live.spread.away[author] = nil
        guard let follower = live.followers.first(where: { $0.shard == away.shard }) else { return true }
        follower.viewers -= 1
        if follower.viewers == 0 {
            live.remove(follower)
            tell(away.shard, live, .unfollow)
            if live.viewers.isEmpty { live.idleSince = now }
        }
        return true
    }

    // MARK: Feeding

    /// Durable events go to every follower that is level, and whose window has room.
    func feed(_ events: [ShownEvent], of live: LivePaste) {
        for follower in live.followers where follower.mode == .level {
            var batch: [ShownEvent] = []
            for event in events {
                guard follower.untakenBytes < settings.followWindowBytes else {
                    follower.mode = .lagging
                    break
                }
                follower.untakenBytes += event.byteCount
                follower.cursor = event.cursor
                batch.append(event)
            }
            if !batch.isEmpty { tell(follower.shard, live, .events(batch)) }
        }
    }

    /// A follower has taken what it was sent. Not one of an earlier time that the same shard followed.
    func taken(_ bytes: Int, number: UInt64, of live: LivePaste) {
        guard let follower = live.followers.first(where: { $0.number == number }) else { return }
        follower.untakenBytes -= bytes
        catchUp(follower, of: live)
    }

    /// The log is read anew: until then followers wait.
    func holdFollowers(of live: LivePaste) {
        for follower in live.followers where follower.mode == .level {
            follower.mode = .lagging
        }
    }

    /// The log was read anew: followers go on from their cursors, if it goes on from there.
    func resumeFollowers(of live: LivePaste) {
        for follower in live.followers {
            catchUp(follower, of: live)
        }
    }

    /// What comes after a follower's cursor, as far as its window has room.
    private func catchUp(_ follower: Follower, of live: LivePaste) {
        guard let paste = live.paste else { return }
        while follower.mode == .lagging, follower.untakenBytes < settings.followWindowBytes {
            switch paste.next(after: follower.cursor, maxBytes: settings.refillBytes) {
            case .snapshot:
                follower.mode = .recalled
                tell(follower.shard, live, .recall)
            case .events(let events) where events.isEmpty:
                follower.mode = .level
                if follower.missedDevices {
                    follower.missedDevices = false
                    tell(follower.shard, live, .devices(live.deviceCount))
                }
            case .events(let events):
                let batch = events.map { ShownEvent($0) }
                follower.untakenBytes += batch.reduce(0) { $0 + $1.byteCount }
                follower.cursor = events.last?.cursor ?? follower.cursor
                tell(follower.shard, live, .events(batch))
            }
        }
    }

    /// The number of devices goes to the followers, too.
    func tellFollowersDevices(of live: LivePaste) {
        for follower in live.followers {
            if follower.mode == .level {
                tell(follower.shard, live, .devices(live.deviceCount))
            } else {
                follower.missedDevices = true
            }
        }
    }

    // MARK: The end

    /// Followers tell their viewers that it is over.
    func endFollowers(of live: LivePaste, _ how: HowOver) {
        guard !live.followers.isEmpty else { return }
        for follower in live.followers {
            tell(follower.shard, live, .over(how))
        }
        let pending = live.followers.count + (overs[live.id]?.pending ?? 0)
        overs[live.id] = Over(name: live.key.name, how: how, pending: pending)
        live.removeFollowers()
        live.spread.away = [:]
    }

    /// A follower has told everybody; nobody comes home from there any more.
    func overTold(_ id: PasteID) {
        overs[id]?.pending -= 1
        if overs[id]?.pending == 0 { overs[id] = nil }
    }

    func tell(_ shard: Int, _ live: LivePaste, _ matter: ShardNote.Matter) {
        effects.notes.append((shard: shard, ShardNote(paste: live.id, matter: matter)))
    }
}

extension LivePaste {
    /// Devices that follow it, on all shards.
    var deviceCount: Int { viewers.count + spread.away.count }
}
