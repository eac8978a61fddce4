import Digest
import PasteCore
import PasteModel

/// How small a world's limits are, as `Order.reset` tells them.
struct Plan {
    let settings: CoreSettings
    let seed: UInt64

    init(_ orders: inout Orders) {
        seed = orders.long()
        var limits = Limits()
        limits.heldEvents = Int(orders.number())
        limits.heldTags = Int(orders.number())
        limits.checkpointEvents = Int(orders.number())
        limits.lifetime = Milliseconds(orders.number())
        limits.defaultLifetime = limits.lifetime
        var settings = CoreSettings(hash: KeyedHash(secret: [UInt8](repeating: 7, count: 32)))
        settings.limits = limits
        settings.outboxHighWaterBytes = Int(orders.number())
        settings.refillBytes = Int(orders.number())
        settings.snapshotPartBytes = Int(orders.number())
        settings.idlePasteMilliseconds = Milliseconds(orders.number())
        let edits = Int(orders.number())
        settings.edits = Rate(perSecond: edits, burst: edits * 5)
        settings.sweepMilliseconds = 5_000
        self.settings = settings
    }
}
