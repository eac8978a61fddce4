// Into the outboxes: for one connection, and durable events for all who are level.

import PasteModel
import WebSocket

extension ShardCore {
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
        guard !session.isDirty else { return }
        session.isDirty = true
        effects.dirty.append(session.id)
    }

    /// Queues durable events for every device here that is level. Those of one batch go in few buffers, which all devices
    /// share; a device that is above its high water is only a cursor from there on.
    /// - Returns: Whether a device is behind.
    func fanOut(_ events: inout [ShownEvent], of live: LivePaste) -> Bool {
        // Taken out meanwhile: the runtime would watch every append to what stands in an object.
        var dirty: [ConnectionID] = []
        swap(&dirty, &effects.dirty)
        defer { swap(&dirty, &effects.dirty) }
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
                if !viewer.isDirty {
                    viewer.isDirty = true
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
}
