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

/// A small random source with a seed (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
