import PasteCore
import PasteModel

/// Drives one `ShardCore` as the server's I/O side does: collects what happened, runs a tick, carries out what
/// the tick asks for.
final class SimulatedShard {
    let core: ShardCore
    let number: Int
    /// Called after every tick, with the laws to check.
    var afterTick: (SimulatedShard) -> Void = { _ in }
    var submit: ([StoreRequest], SimulatedShard) -> Void = { _, _ in }
    /// Called with what goes to another shard, in its order.
    var send: (Letter, Int) -> Void = { _, _ in }
    private(set) var isDead = false

    private let agenda: Agenda
    private let dice: Dice
    private let peer = PeerAddress(high: 0x2001_0DB8, low: 1)
    private var slots: [Link?] = []
    private var generations: [UInt32] = []
    private var freeSlots: [Int] = []

    private var letters: [Letter] = []
    private var newcomers: [Link] = []
    private var readyLinks: [Link] = []
    private var isTickPlanned = false
    private var plannedTimer: Milliseconds = .max

    /// What comes from other threads.
    enum Letter {
        case answers([StoreAnswer])
        case adopt(Link, SessionTransfer)
        case note(ShardNote)
    }

    init(core: ShardCore, number: Int, agenda: Agenda, dice: Dice) {
        self.core = core
        self.number = number
        self.agenda = agenda
        self.dice = dice
        planTimer()
    }

    // MARK: What happens

    func accept(_ link: Link) {
        newcomers.append(link)
        planTick()
    }

    func answer(_ answers: [StoreAnswer]) {
        letters.append(.answers(answers))
        planTick()
    }

    /// Something came from another shard.
    func take(_ letter: Letter) {
        if isDead, case .adopt(let link, _) = letter { return link.serverDied() }
        letters.append(letter)
        planTick()
    }

    /// The link has bytes, room or an end for us.
    func wake(_ link: Link) {
        guard link.seat != nil else { return }
        queue(link)
        planTick()
    }

    /// The process is killed.
    func die() {
        isDead = true
        for link in slots {
            link?.serverDied()
        }
        for link in newcomers {
            link.serverDied()
        }
        for case .adopt(let link, _) in letters {
            link.serverDied()
        }
    }

    /// Whether something has arrived that no tick has looked at.
    var hasLetters: Bool { !letters.isEmpty }
    var links: [Link] { slots.compactMap { $0 } }

    // MARK: The tick

    private func planTick() {
        guard !isTickPlanned, !isDead else { return }
        isTickPlanned = true
        agenda.plan(after: dice.milliseconds(0...2)) { [self] in
            isTickPlanned = false
            tick()
        }
    }

    private func planTimer() {
        guard let deadline = core.nextDeadline, deadline < plannedTimer, !isDead else { return }
        plannedTimer = deadline
        agenda.plan(at: deadline) { [self] in
            guard plannedTimer == deadline else { return }
            plannedTimer = .max
            planTick()
        }
    }

    private func tick() {
        guard !isDead else { return }
        let now = agenda.now
        let post = letters
        letters = []
        for letter in post {
            switch letter {
            case .answers(let answers): core.answered(answers, now: now)
            case .adopt(let link, let transfer): seat(link) { core.adopt($0, transfer, now: now) }
            case .note(let note): core.heard(note, now: now)
            }
        }
        if let deadline = core.nextDeadline, deadline <= now {
            core.timer(now: now)
        }
        for link in newcomers {
            seat(link) { core.opened($0, peer: peer, isSecure: true, now: now) }
        }
        newcomers = []
        let ready = readyLinks
        readyLinks = []
        for link in ready {
            link.seat?.isQueued = false
            lookAt(link)
        }
        repeat {
            carryOut(core.endOfTick(now: now))
        } while core.hasEffects
        afterTick(self)
        if !readyLinks.isEmpty {
            planTick()
        }
        planTimer()
    }

    private func seat(_ link: Link, _ enter: (ConnectionID) -> Void) {
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count {
            slots.append(nil)
            generations.append(0)
        }
        generations[slot] += 1
        let id = ConnectionID(slot: UInt32(slot), generation: generations[slot])
        slots[slot] = link
        link.seat = Link.Seat(shard: self, id: id)
        enter(id)
        queue(link)
    }

    private func queue(_ link: Link) {
        guard link.seat?.isQueued == false else { return }
        link.seat?.isQueued = true
        readyLinks.append(link)
    }

    private func free(_ link: Link) {
        guard let slot = link.seat.map({ Int($0.id.slot) }) else { return }
        slots[slot] = nil
        freeSlots.append(slot)
        link.seat = nil
    }

    /// What an event of the poller leads to.
    private func lookAt(_ link: Link) {
        guard let seat = link.seat, seat.shard === self else { return }
        if link.isLostToServer {
            core.closed(seat.id, now: agenda.now)
            return free(link)
        }
        if seat.isBlocked {
            link.seat?.isBlocked = false
            flush(link)
        }
        read(link)
    }

    private func read(_ link: Link) {
        guard let seat = link.seat, !seat.isPaused, !seat.closesWhenFlushed else { return }
        while !link.unread.isEmpty {
            let count = min(link.unread.count, dice.chance(100) ? dice.within(1...64) : 65_536)
            var bytes = Array(link.unread.prefix(count))
            link.unread.removeFirst(count)
            var span = bytes.mutableSpan
            core.received(seat.id, &span, now: agenda.now)
            guard core.wantsInput(seat.id) else {
                link.seat?.isPaused = true
                return
            }
        }
        if link.isEndedByClient {
            core.ended(seat.id, now: agenda.now)
        }
    }

    // MARK: What is to be done

    private func carryOut(_ effects: Effects) {
        if !effects.store.isEmpty {
            submit(effects.store, self)
        }
        for (shard, note) in effects.notes {
            send(.note(note), shard)
        }
        for id in effects.dirty {
            link(id).map(flush)
        }
        for id in effects.resumed {
            guard let link = link(id) else { continue }
            link.seat?.isPaused = false
            queue(link)
        }
        for (id, shard, transfer) in effects.handOffs {
            guard let link = link(id) else { continue }
            free(link)
            send(.adopt(link, transfer), shard)
        }
        for id in effects.closing {
            guard let link = link(id) else { continue }
            link.seat?.closesWhenFlushed = true
            flush(link)
        }
        for id in effects.aborting {
            guard let link = link(id) else { continue }
            end(link)
        }
    }

    private func link(_ id: ConnectionID) -> Link? {
        let slot = Int(id.slot)
        guard slot < slots.count, let link = slots[slot], link.seat?.id == id else { return nil }
        return link
    }

    private func end(_ link: Link) {
        guard let id = link.seat?.id else { return }
        core.closed(id, now: agenda.now)
        free(link)
        link.serverEnds()
    }

    /// Sends what there is until nothing is left, the socket is full or the turn is over.
    private func flush(_ link: Link) {
        guard let seat = link.seat, !seat.isBlocked else { return }
        var budget = 8
        while true {
            let size = dice.pick(16_384, 700, 33)
            let bytes = [UInt8](capacity: size) { core.peek(seat.id, into: &$0, now: agenda.now) }
            guard !bytes.isEmpty else { break }
            guard budget > 0 else { return queueFlush(link) }
            budget -= 1
            let count = link.serverSends(bytes[...])
            let mayBeMore = core.sent(seat.id, count, now: agenda.now)
            guard count == bytes.count else {
                link.seat?.isBlocked = true
                return
            }
            guard mayBeMore else { break }
        }
        if seat.closesWhenFlushed {
            end(link)
        }
    }

    /// The turn's budget is used: another turn, for the sake of the others.
    private func queueFlush(_ link: Link) {
        link.seat?.isBlocked = true
        queue(link)
    }
}
