// Into the outboxes: for one connection, and durable events for all who are level. And out of them.

import PasteModel
import WebSocket

extension ShardCore {
    // MARK: In

    /// Queues bytes for a session alone and marks it as dirty.
    func send(_ session: Session, _ bytes: [UInt8]) { send(session, .own(bytes)) }

    /// Queues a buffer for a session and marks it as dirty.
    func send(_ session: Session, _ buffer: Outbox.Buffer) {
        queue(session, buffer)
        markDirty(session)
    }

    /// Queues bytes for a session alone that is being flushed.
    func queue(_ session: Session, _ bytes: [UInt8]) { queue(session, .own(bytes)) }

    /// Queues a buffer for a session that is being flushed.
    func queue(_ session: Session, _ buffer: Outbox.Buffer) {
        let outbox = session.outbox
        if outbox.isEmpty {
            // From now on there is something to read: a minute from now it is a minute that nothing was read.
            session.lastOutputAt = now
        }
        let before = outbox.byteCount
        accountOutbox(of: session) { $0.push(buffer) }
        outboxBytes += outbox.byteCount - before
    }

    func markDirty(_ session: Session) {
        guard session.dirtyTick != tick else { return }
        session.dirtyTick = tick
        var all: [ConnectionID] = []
        swap(&all, &dirty)
        all.append(session.id)
        swap(&all, &dirty)
    }

    /// Who has output goes into the effects.
    func takeDirty() {
        tick &+= 1
        guard !dirty.isEmpty else { return }
        // The next tick is like this one.
        var next: [ConnectionID] = []
        next.reserveCapacity(dirty.count)
        effects.dirty = dirty
        dirty = next
    }

    /// Queues durable events for every device here that is level. Those of one batch go in few buffers, which all devices
    /// share; a device that is above its high water is only a cursor from there on.
    /// - Returns: Whether a device is behind.
    func fanOut(_ events: inout [ShownEvent], of live: LivePaste) -> Bool {
        // Out and back, as in `Session.hold`.
        var dirty: [ConnectionID] = []
        swap(&dirty, &self.dirty)
        defer { swap(&dirty, &self.dirty) }
        var isAnyoneBehind = false
        var start = 0
        while start < events.count {
            var joined = SharedEvents(events, from: start, limit: settings.joinedBytes)
            let room = settings.outboxHighWaterBytes - joined.leadingBytes
            let cursor = events[joined.range.upperBound - 1].cursor
            var reached = 0
            for viewer in live.viewers {
                guard let view = viewer.view else { continue }
                guard view.isLevel else {
                    isAnyoneBehind = isAnyoneBehind || viewer.isBehind
                    continue
                }
                guard viewer.outbox.weight <= room else {
                    view.mode = .behind
                    isAnyoneBehind = true
                    continue
                }
                queue(viewer, .shared(joined.buffer(viewer.form, of: &events, by: codec, on: budget)))
                if viewer.dirtyTick != tick {
                    viewer.dirtyTick = tick
                    dirty.append(viewer.id)
                }
                view.cursor = cursor
                reached &+= 1
            }
            counters.deliveries &+= UInt64(reached &* joined.range.count)
            start = joined.range.upperBound
        }
        return isAnyoneBehind
    }

    // MARK: Out

    /// Copies the next bytes for a connection behind what `output` holds, as many as fit.
    public func peek(_ id: ConnectionID, into output: inout OutputSpan<UInt8>, now: Milliseconds) {
        self.now = now
        guard let session = session(id) else { return }
        refill(session)
        session.outbox.copy(into: &output)
    }

    /// The first `count` bytes of what `peek` gave have left.
    /// - Returns: Whether `peek` may give more. It will not to a device that has everything; others are asked by `peek`.
    @discardableResult
    public func sent(_ id: ConnectionID, _ count: Int, now: Milliseconds) -> Bool {
        self.now = now
        guard let session = session(id) else { return false }
        if count > 0 { noteSent(count, session) }
        return !session.outbox.isEmpty || !session.isLevel
    }

    private func noteSent(_ count: Int, _ session: Session) {
        accountOutbox(of: session) { $0.consume(count) }
        outboxBytes -= count
        session.lastOutputAt = now
        counters.sentBytes &+= UInt64(count)
        switch session.wait {
        case .outbox where session.outbox.weight <= settings.outboxHighWaterBytes / 2: unblock(session)
        case .handOff: handOffIfReady(session)
        default: break
        }
        if session.stream?.isOver == true, session.outbox.isEmpty {
            finish(session)
        }
    }
}
