// How a device gets and stays level: late join, resume, slow reader and snapshot are one question, "what
// comes after this cursor", asked when the outbox has room.

import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    // MARK: Coming and going

    func subscribe(_ session: Session, _ live: LivePaste, key: String, after: Cursor?, pending: [UInt64]) {
        guard let paste = live.paste else { return }
        let author = author(of: session, in: live)
        if let viewer = live.viewer(author), viewer !== session {
            counters.replacedConnections &+= 1
            close(viewer, .replaced)
        }
        replaceAway(author, of: live)
        let view = Session.View(
            of: live, author: author, key: key, cursor: paste.cursor, mode: .behind, pending: pending)
        switch after.map({ paste.next(after: $0, maxBytes: settings.refillBytes) }) {
        case .events:
            view.cursor = after ?? view.cursor
        case .snapshot(let same):
            view.mode = .snapshot(snapshot(paste, same: same, author, pending))
        case nil:
            view.mode = .snapshot(snapshot(paste, same: false, author, pending))
        }
        live.add(session, view)
        viewers += 1
        deviceCountChanged(live)
        markDirty(session)
    }

    /// Ends what a session follows.
    func leave(_ session: Session) {
        guard let view = session.view else { return }
        let live = view.paste
        live.remove(session, now: now)
        viewers -= 1
        if live.copy != nil {
            releaseCopy(of: live)
            return tellHome(live.id, .left(view.author, ticket: view.ticket))
        }
        deviceCountChanged(live)
        scheduleUnload(live)
    }

    /// Everyone who follows a paste is told that it is over; WebSockets stay, streams end.
    func endViews(of live: LivePaste, _ reason: EndReason) {
        var message = shared(.expired(paste: live.key.name, reason))
        for viewer in live.viewers {
            send(viewer, &message)
            live.remove(viewer, now: now)
            viewers -= 1
            endStream(viewer)
        }
        cutOffReaders(of: live)
        endFollowers(of: live, .ended(reason))
    }

    /// Viewers of a paste that could not be read again come back by themselves.
    func closeViews(of live: LivePaste) {
        for viewer in live.viewers {
            close(viewer, .busy)
        }
        endFollowers(of: live, .unreadable)
    }

    func deviceCountChanged(_ live: LivePaste) {
        considerSpreading(live)
        guard live.devicesAt == nil else { return }
        let time = max(now, live.devicesToldAt &+ settings.devicesMilliseconds)
        live.devicesAt = time
        deadlines.add(.paste(live.id), at: time)
    }

    func tellDevices(of live: LivePaste) {
        live.devicesAt = nil
        live.devicesToldAt = now
        tellFollowersDevices(of: live)
        var message = shared(.devices(count: live.copy?.devices ?? live.deviceCount))
        for viewer in live.viewers {
            if viewer.isLevel {
                send(viewer, &message)
            } else {
                viewer.view?.missedDevices = true
            }
        }
    }

    // MARK: Catching up

    /// Marks every viewer so that the flush asks for what comes next; followers get it now.
    func resumeViewers(of live: LivePaste) {
        for viewer in live.viewers {
            markDirty(viewer)
        }
        resumeFollowers(of: live)
    }

    /// Fills an outbox that has room from the log, until the device is level or the outbox is full again.
    func refill(_ session: Session) {
        if session.http?.stream != nil { return refillDocument(session) }
        while let view = session.view, !view.isLevel, !session.isClosing, session.outbox.weight < settings.refillBytes {
            guard let paste = view.paste.paste else { return refillFromCopy(session) }
            switch view.mode {
            case .level, .returning:
                return
            case .snapshot(var parts):
                let isLast = sendPart(of: &parts, to: session, view)
                view.mode = isLast ? .behind : .snapshot(parts)
                if isLast {
                    view.pending = nil
                    view.cursor = parts.state.cursor
                }
            case .behind:
                switch paste.next(after: view.cursor, maxBytes: settings.refillBytes) {
                case .snapshot(let same):
                    view.mode = .snapshot(snapshot(paste, same: same, view.author, view.pending ?? []))
                case .events(let events) where events.isEmpty:
                    becomeLevel(session, view, paste)
                case .events(let events):
                    for event in events {
                        queue(session, .event(event))
                    }
                    counters.deliveries &+= UInt64(events.count)
                    view.cursor = events.last?.cursor ?? view.cursor
                }
            }
        }
    }

    private func becomeLevel(_ session: Session, _ view: Session.View, _ paste: Paste) {
        view.mode = .level
        defer {
            if view.missedDevices {
                view.missedDevices = false
                queue(session, .devices(count: view.paste.deviceCount))
            }
        }
        guard let pending = view.pending else { return }
        view.pending = nil
        queue(
            session,
            .resumed(
                Resumed(
                    cursor: view.cursor, now: now, expiresAt: paste.expiresAt, you: view.author,
                    acked: paste.receipts(of: view.author, refs: pending))))
    }

    // MARK: Snapshots

    /// What everyone may do who has the key.
    static let verbs = ["append", "edit", "keep", "remove", "clear", "extend", "delete"]

    private func snapshot(_ paste: Paste, same: Bool, _ author: Author, _ pending: [UInt64]) -> SnapshotParts {
        SnapshotParts(
            state: paste.committed, same: same, acked: paste.receipts(of: author, refs: pending), next: nil)
    }

    /// Queues the next part of a snapshot.
    /// - Returns: Whether it was the last.
    private func sendPart(of parts: inout SnapshotParts, to session: Session, _ view: Session.View) -> Bool {
        let items = parts.state.items
        let start = parts.next ?? items.startIndex
        var end = start
        var byteCount = parts.next == nil ? parts.state.pad.count : 0
        while end < items.endIndex, end == start || byteCount + items[end].text.count <= settings.snapshotPartBytes {
            byteCount += items[end].text.count
            end += 1
        }
        let more = end < items.endIndex
        // Of an older state nothing is kept for others: it may hold what was removed since.
        let isPresent = view.paste.paste?.cursor == parts.state.cursor
        let encoded =
            isPresent
            ? snapshotItems.part(start..<end, of: parts.state, in: view.paste.id) : EncodedItems(items[start..<end])
        if parts.next == nil {
            counters.snapshots &+= 1
            queue(
                session,
                .snapshot(
                    Snapshot(
                        paste: view.key, code: view.paste.key.code, cursor: parts.state.cursor, same: parts.same,
                        now: now, expiresAt: parts.state.expiresAt, you: view.author, can: Self.verbs,
                        pad: parts.state.pad, padSeq: parts.state.padSeq, items: [],
                        acked: parts.acked, devices: view.paste.deviceCount, more: more)), items: encoded)
        } else {
            // Only whoever has all parts of a snapshot stands at its cursor.
            queue(
                session, .items([], more: more), items: encoded,
                position: more ? nil : parts.state.cursor)
        }
        parts.next = end
        return !more
    }
}
