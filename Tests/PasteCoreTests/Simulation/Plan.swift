import Digest
import PasteCore
import PasteModel

/// What kind of world a seed makes: how many of everything, how small the limits, how bad the weather.
struct Plan {
    var shards: Int
    var pastes: Int
    var viewers: Int
    /// Viewers besides those, who mostly look on.
    var quietViewers: Int
    var scripts: Int
    /// Scripts that speak HTTP.
    var curls: Int
    var hostiles: Int
    /// Steps of trouble before everything heals.
    var troubledSteps: Int
    /// How often, in a thousand, a request to the store goes wrong in bad weather.
    var storeFaults: Int
    /// How often, in a thousand, another node writes right before a commit of ours.
    var foreignWrites: Int
    /// Whether connections are cut.
    var cutsConnections: Bool
    /// Whether the server is killed and started again.
    var crashes: Bool
    /// Whether devices delete pastes.
    var deletes: Bool
    /// How often, in a thousand thoughts, a person types.
    var typing: Int
    /// Whether pastes live so short that some end while in use.
    var livesShort: Bool
    /// How long what one shard sends another is under way.
    var mailDelay: ClosedRange<Int>
    var settings: CoreSettings
    var limits: Limits

    init(_ dice: Dice) {
        shards = dice.within(1...4)
        pastes = dice.within(1...4)
        viewers = dice.within(2...7)
        scripts = dice.within(0...2)
        curls = dice.within(0...2)
        hostiles = dice.chance(500) ? 1 : 0
        troubledSteps = dice.within(2_100...3_000)
        storeFaults = dice.chance(600) ? dice.within(20...400) : 0
        foreignWrites = dice.chance(150) ? dice.within(5...60) : 0
        cutsConnections = dice.chance(800)
        crashes = dice.chance(400)
        deletes = dice.chance(400)
        livesShort = dice.chance(400)
        typing = dice.pick(0, 60, 300, 700)

        limits = Limits()
        limits.textBytes = 4_096
        limits.pasteBytes = dice.chance(200) ? 8_192 : 1 << 20
        limits.items = dice.chance(200) ? 8 : 10_000
        limits.lifetime = 600_000
        limits.defaultLifetime = livesShort ? Int64(dice.within(5_000...60_000)) : 600_000
        limits.heldEvents = dice.pick(1, 4, 16, 4_096)
        limits.heldTags = dice.pick(8, 64, 65_536)
        limits.checkpointEvents = dice.pick(3, 20, 512)

        settings = CoreSettings(hash: KeyedHash(secret: [UInt8](repeating: 7, count: 32)))
        settings.limits = limits
        settings.outboxHighWaterBytes = dice.pick(2_048, 8_192, 256 << 10)
        settings.refillBytes = dice.pick(256, 1_024, 4_096)
        settings.snapshotPartBytes = dice.pick(64, 512, 4_096)
        settings.requestsInFlight = dice.pick(2, 8, 32)
        if dice.chance(250) {
            settings.appends = Rate(perSecond: 2, burst: 4)
        }
        settings.idlePasteMilliseconds = dice.pick(50, 2_000, 30_000)
        settings.sweepMilliseconds = 10_000
        settings.sweepLimit = dice.pick(1, 1_000)

        settings.viewersPerShard = dice.pick(1, 1, 2, 64)
        settings.movesPerRound = dice.pick(1, 64)
        settings.restMilliseconds = dice.pick(0, 100, 3_000, 60_000)
        settings.spreadPauseMilliseconds = dice.pick(50, 5_000)
        settings.followWindowBytes = dice.pick(1, 1_000, 1 << 20)
        settings.followedBytes = dice.pick(1, 1_000, 4 << 20)
        quietViewers = dice.chance(500) ? dice.within(3...9) : 0
        mailDelay = dice.pick(0...0, 0...5, 0...300)
    }
}
