import PasteModel
import PasteProtocol
import Seeded

@testable import PasteCore

/// Everything that a seed decides: shards, a store, a network, devices, and what goes wrong among them.
final class World {
    let seed: UInt64
    /// Whether to print what happens.
    var isTelling = false
    let plan: Plan
    let dice: Dice
    let agenda = Agenda(now: 1_760_000_000_000)
    let ledger = Ledger()
    let store: SimulatedStore
    private(set) var shards: [SimulatedShard] = []
    private(set) var devices: [Device] = []
    private(set) var onlookers: [Onlooker] = []
    private(set) var curls: [Curl] = []
    /// The keys of the pastes that were made: everybody is told.
    private(set) var keys: [String] = []
    /// Nothing goes wrong and nobody wants anything new any more.
    private(set) var isHealed = false
    private(set) var errors: [ErrorCode: Int] = [:]
    private(set) var crashes = 0
    /// Steps before everything healed.
    private(set) var troubledSteps = 0
    private(set) var handOffs = 0
    /// Viewers that moved to a follower, and that came home from one.
    private(set) var moves = 0
    private(set) var returns = 0
    /// What shards told each other, by kind.
    private(set) var notes: [String: Int] = [:]
    /// When what was sent latest from one shard to another arrives.
    private var arrivals: [Int: Milliseconds] = [:]
    private var lettersUnderWay = 0
    private var creations = 0
    private var linkCount = 0
    /// A digest of all that happened: the same for the same seed.
    private(set) var trace: UInt64 = 0

    init(seed: UInt64) {
        self.seed = seed
        dice = Dice(seed: seed)
        plan = Plan(dice)
        store = SimulatedStore(limits: plan.limits, ledger: ledger, agenda: agenda, dice: dice)
        store.faults = plan.storeFaults
        store.foreignWrites = plan.foreignWrites
        store.deliver = { answer, shard in shard.answer([answer]) }
        start()
        for name in 0..<plan.viewers + plan.quietViewers {
            let slowness: Link.Slowness =
                dice.chance(150) ? .trickle(bytes: dice.within(40...400), every: dice.milliseconds(50...500)) : .none
            devices.append(Device(name: name, manner: .viewer, slowness: slowness, world: self))
            devices.last?.isQuiet = name >= plan.viewers
        }
        for _ in 0..<plan.scripts {
            devices.append(Device(name: devices.count, manner: .script, slowness: .none, world: self))
        }
        curls = (0..<plan.curls).map { Curl(name: $0, world: self) }
    }

    // MARK: The server

    private func start() {
        let visitors = Visitors(plan.settings.visitors)
        shards = (0..<plan.shards).map { number in
            let core = ShardCore(
                settings: plan.settings, shard: number, shards: plan.shards, site: Site(assets: [:]),
                operatorView: NoView(), visitors: visitors, random: SplitMix64(seed: dice.next()), now: agenda.now)
            let shard = SimulatedShard(core: core, number: number, agenda: agenda, dice: dice)
            shard.submit = { [unowned self] in store.submit($0, from: $1) }
            shard.send = { [unowned self] in send($0, from: number, to: $1) }
            shard.afterTick = { [unowned self] shard in
                checkBounds(of: shard)
                checkViewers(of: shard)
                checkFollowing(of: shard)
            }
            return shard
        }
    }

    /// What goes from one shard to another takes its time, and keeps its order.
    private func send(_ letter: SimulatedShard.Letter, from sender: Int, to number: Int) {
        switch letter {
        case .adopt(_, let transfer):
            handOffs += 1
            if let view = transfer.view { view.paste.home(of: plan.shards) == sender ? (moves += 1) : (returns += 1) }
        case .note(let note): notes[note.kind, default: 0] += 1
        case .answers: break
        }
        let shard = shards[number]
        let way = sender * plan.shards + number
        let time = max(arrivals[way, default: 0], agenda.now + dice.milliseconds(plan.mailDelay))
        arrivals[way] = time
        lettersUnderWay += 1
        agenda.plan(at: time) { [self] in
            lettersUnderWay -= 1
            shard.take(letter)
        }
    }

    private func crash() {
        crashes += 1
        note("the server is killed")
        for shard in shards { shard.die() }
        shards = []
        store.crash()
        agenda.plan(after: dice.milliseconds(10...3_000)) { [unowned self] in start() }
    }

    // MARK: What devices need

    func connect(_ device: Device) -> Link? {
        guard let link = makeLink(isHealed ? .none : device.slowness), let shard = dice.pick(from: shards) else {
            return nil
        }
        shard.accept(link)
        return link
    }

    func makeLink(_ slowness: Link.Slowness) -> Link? {
        guard !shards.isEmpty else { return nil }
        linkCount += 1
        // What the system has taken to send is out of the service's sight: pings wait behind it.
        var room = dice.pick(65_536, 4_096, 512)
        if case .trickle = slowness { room = 512 }
        let link = Link(
            number: linkCount, agenda: agenda, dice: dice, slowness: slowness,
            sendBufferBytes: room)
        link.onServerEvent = { link in link.seat?.shard.wake(link) }
        return link
    }

    func identify(_ key: String, _ secret: ClientSecret) -> (PasteID, Author) {
        guard let parsed = PasteKey(parsing: key) else {
            ledger.violation("a key that is none: \(key)")
            return (PasteID(high: 0, low: 0), Author(rawValue: 0))
        }
        let id = PasteID(parsed, hash: plan.settings.hash)
        return (id, Author(of: secret.bytes, in: id, hash: plan.settings.hash))
    }

    func publish(_ key: String) {
        if !keys.contains(key) { keys.append(key) }
    }

    func mayCreate() -> Bool {
        guard !isHealed, creations < plan.pastes * 3 else { return false }
        creations += 1
        return true
    }

    /// Tells a person who replays a seed what happens.
    func note(_ what: @autoclosure () -> String) {
        if isTelling { print("\(agenda.now - 1_760_000_000_000) \(what())") }
    }

    func count(_ code: ErrorCode) {
        errors[code, default: 0] += 1
    }

    // MARK: Running

    /// Lets trouble happen, heals everything, and holds what remains against the laws.
    func run() {
        for device in devices {
            agenda.plan(after: dice.milliseconds(0...500)) { device.live() }
        }
        for name in 0..<Int(seed % 3) {
            onlookers.append(Onlooker(name: name, world: self))
        }
        for onlooker in onlookers {
            agenda.plan(after: 500) { onlooker.live() }
        }
        for curl in curls { curl.live() }
        for number in 0..<plan.hostiles {
            Vandal(number: number, world: self).live()
        }
        if plan.crashes { planCrash() }
        while agenda.steps < plan.troubledSteps, ledger.violations.isEmpty, step(until: .max) {}
        heal()
        let end = agenda.now + 400_000
        while ledger.violations.isEmpty, !isAtRest, step(until: end) {}
        while ledger.violations.isEmpty, lettersUnderWay > 0 || shards.contains(where: \.hasLetters), step(until: end) {
        }
        guard ledger.violations.isEmpty else { return }
        checkFollowers()
        checkLiveness()
        checkAgreement()
        checkLetters()
        guard ledger.violations.isEmpty, dice.chance(500) else { return }
        outliveEverything()
    }

    private var isAtRest: Bool {
        devices.allSatisfy(\.isAtRest) && onlookers.allSatisfy(\.isAtRest) && curls.allSatisfy(\.isAtRest)
            && !shards.isEmpty
    }

    private func step(until end: Milliseconds) -> Bool {
        let happened = agenda.step(until: end)
        let counts = UInt64(ledger.eventsStored) << 32 ^ UInt64(ledger.letters.count) << 16
        trace = (trace &* 0x100_0000_01B3) ^ UInt64(bitPattern: agenda.now) ^ counts
        return happened
    }

    private func planCrash() {
        agenda.plan(after: dice.milliseconds(500...6_000)) { [unowned self] in
            guard !isHealed else { return }
            if !shards.isEmpty { crash() }
            planCrash()
        }
    }

    private func heal() {
        note("everything heals")
        isHealed = true
        troubledSteps = agenda.steps
        store.faults = 0
        store.foreignWrites = 0
        for device in devices {
            device.call?.link.readsFrom = agenda.now
            device.call?.link.slowness = .none
        }
        for onlooker in onlookers { onlooker.heal() }
    }
}

/// Nobody looks.
struct NoView: OperatorView {
    let metrics = ""
    let trouble: String? = nil
}
