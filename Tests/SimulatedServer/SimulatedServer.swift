import PasteCore
import PasteModel
import Seeded

/// One core on a disk that outlives it, driven as the server's I/O side drives it.
final class SimulatedServer {
    /// What the orders in hand led to.
    var news = News()

    private var plan: Plan?
    private var core: ShardCore?
    private var disk = Disk(limits: Limits())
    private var random = SplitMix64(seed: 0)
    private var seats: [ConnectionID: Seat] = [:]
    private var now: Milliseconds = 0

    /// One connection.
    private struct Seat {
        /// Bytes that arrived while the core wanted none.
        var unread: [UInt8] = []
        var isPaused = false
        /// The peer takes nothing.
        var isBlocked = false
        var closesWhenFlushed = false
    }

    /// Carries out one frame of orders, which is one tick of the server.
    func carryOut(_ orders: Orders) throws {
        var orders = orders
        now = Milliseconds(orders.long())
        while !orders.isEmpty {
            guard let order = Order(rawValue: orders.byte()) else { throw Fault.noSuchOrder }
            try carryOut(order, &orders)
        }
        if let core {
            if let deadline = core.nextDeadline, deadline <= now { core.timer(now: now) }
            repeat { carryOut(core.endOfTick(now: now), core) } while core.hasEffects
        }
        news.status(queued: disk.queuedCount, held: disk.heldCount, deadline: core?.nextDeadline)
    }

    enum Fault: Error {
        case noSuchOrder, noSuchFate
    }

    private func carryOut(_ order: Order, _ orders: inout Orders) throws {
        switch order {
        case .reset:
            let plan = Plan(&orders)
            self.plan = plan
            random = SplitMix64(seed: plan.seed)
            disk = Disk(limits: plan.settings.limits)
            start()
        case .open:
            let id = orders.id()
            seats[id] = Seat()
            core?.opened(id, peer: PeerAddress(high: 0x2001_0DB8, low: 1), isSecure: true, now: now)
        case .bytes:
            let id = orders.id()
            // Read even if the server has closed by now.
            let bytes = orders.text()
            seats[id]?.unread += bytes
            read(id)
        case .end:
            core?.ended(orders.id(), now: now)
        case .lose:
            let id = orders.id()
            guard seats.removeValue(forKey: id) != nil else { break }
            core?.closed(id, now: now)
        case .block:
            seats[orders.id()]?.isBlocked = true
        case .unblock:
            let id = orders.id()
            seats[id]?.isBlocked = false
            flush(id)
        case .work:
            let count = Int(orders.number())
            guard let fate = Fate(rawValue: orders.byte()) else { throw Fault.noSuchFate }
            disk.work(count, fate, &news)
        case .answer:
            core?.answered(disk.takeAnswers(), now: now)
        case .kill:
            disk.forgetQueue()
            start()
        case .drain:
            core?.drain(now: now)
        case .rollBack:
            disk.rollBack(Int(orders.number()), &news)
        case .dump:
            news.dump(disk.stored(orders.number()))
        }
    }

    private func start() {
        guard let plan else { return }
        seats = [:]
        core = ShardCore(
            settings: plan.settings, shard: 0, shards: 1, site: Site(assets: [:]), operatorView: NoView(),
            random: SplitMix64(seed: random.next()), now: now)
    }

    // MARK: What the core asks for

    private func carryOut(_ effects: Effects, _ core: ShardCore) {
        disk.submit(effects.store)
        for id in effects.dirty {
            flush(id)
        }
        for id in effects.resumed {
            seats[id]?.isPaused = false
            read(id)
        }
        for id in effects.closing {
            seats[id]?.closesWhenFlushed = true
            flush(id)
        }
        for id in effects.aborting {
            end(id)
        }
    }

    private func read(_ id: ConnectionID) {
        guard let core, let seat = seats[id], !seat.isPaused, !seat.closesWhenFlushed, !seat.unread.isEmpty else {
            return
        }
        seats[id]?.unread = []
        var bytes = seat.unread
        var span = bytes.mutableSpan
        core.received(id, &span, now: now)
        seats[id]?.isPaused = !core.wantsInput(id)
    }

    private func flush(_ id: ConnectionID) {
        guard let core, let seat = seats[id], !seat.isBlocked else { return }
        while true {
            let bytes = [UInt8](capacity: 16_384) { core.peek(id, into: &$0, now: now) }
            guard !bytes.isEmpty else { break }
            core.sent(id, bytes.count, now: now)
            news.sent(id, bytes)
        }
        if seat.closesWhenFlushed {
            end(id)
        }
    }

    private func end(_ id: ConnectionID) {
        guard seats.removeValue(forKey: id) != nil else { return }
        core?.closed(id, now: now)
        news.closed(id)
    }
}

/// Nobody looks.
struct NoView: OperatorView {
    let metrics = ""
    let trouble: String? = nil
}
