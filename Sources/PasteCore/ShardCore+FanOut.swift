// Durable events on their way to the devices of one shard.

import PasteModel
import WebSocket

extension ShardCore {
    /// Queues durable events for every device here that is level. Those of one batch go in few buffers, which all devices
    /// share; a device that is above its high water is only a cursor from there on.
    /// - Returns: Whether a device is behind.
    func fanOut(_ events: inout [ShownEvent], of live: LivePaste) -> Bool {
        var isAnyoneBehind = false
        var start = 0
        while start < events.count {
            var joined = SharedEvents(events, from: start, limit: settings.joinedBytes)
            let room = settings.outboxHighWaterBytes - joined.leadingBytes
            let cursor = events[joined.range.upperBound - 1].cursor
            for viewer in live.viewers {
                guard let view = viewer.view, view.isLevel else {
                    isAnyoneBehind = isAnyoneBehind || viewer.isBehind
                    continue
                }
                guard viewer.outbox.weight <= room else {
                    view.mode = .behind
                    isAnyoneBehind = true
                    continue
                }
                send(viewer, .shared(joined.buffer(viewer.form, of: &events, by: codec, on: budget)))
                view.cursor = cursor
                counters.deliveries &+= UInt64(joined.range.count)
            }
            start = joined.range.upperBound
        }
        return isAnyoneBehind
    }
}
