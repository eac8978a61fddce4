// What `Visitors` holds behind its lock.

import PasteModel

struct VisitorState: ~Copyable {
    private var table: VisitorTable
    private var everybody = Tally()
    private let limits: VisitorLimits
    private let own: [Pace]
    private let shared: [Pace]

    /// How many wait for each paced limit.
    var waiting = [Int](repeating: 0, count: PacedLimit.allCases.count)
    private var hits: [VisitorFigures.Hit: UInt64] = [:]
    /// What the store took since the start.
    var grown = StoreLevel()
    /// What the store held by its last word, and `grown` when it was asked.
    var counted = StoreLevel()
    var countedAt = StoreLevel()
    /// Bytes of text in open pastes.
    var openPasteBytes = 0

    init(_ limits: VisitorLimits) {
        self.limits = limits
        own = limits.perAddress.paces
        shared = limits.total.paces
        table = VisitorTable(capacity: limits.rememberedAddresses)
    }

    // MARK: Connections

    mutating func acceptDelay(now: Int64) -> Milliseconds? {
        let pace = shared[PacedLimit.handshakes.rawValue]
        let delay = everybody.delay(.handshakes, pace, cost: 1, now: now)
        guard delay > 0 else { return nil }
        hit("handshakes", .total)
        return milliseconds(delay)
    }

    /// - Returns: The place, `.some(nil)` for who has none, `nil` for who is refused.
    mutating func arrive(_ network: Network, isExempt: Bool, now: Int64) -> Int?? {
        var place: Int?
        if !isExempt, let found = table.place(of: network, own, now: now) {
            let limit = limits.perAddress.connections
            guard limit == 0 || table[found].connections < limit else {
                hit("connections", .address)
                return nil
            }
            let pace = own[PacedLimit.handshakes.rawValue]
            guard table[found].delay(.handshakes, pace, cost: 1, now: now) <= 0 else {
                hit("handshakes", .address)
                return nil
            }
            table[found].use(.handshakes, pace, cost: 1, now: now)
            table[found].connections += 1
            place = found
        }
        everybody.use(.handshakes, shared[PacedLimit.handshakes.rawValue], cost: 1, now: now)
        return .some(place)
    }

    mutating func enter(_ network: Network, isExempt: Bool, now: Int64) -> Int? {
        guard !isExempt, let place = table.place(of: network, own, now: now) else { return nil }
        table[place].connections += 1
        return place
    }

    mutating func depart(_ place: Int) {
        table[place].connections -= 1
    }

    mutating func holdInput(_ place: Int?, _ difference: Int) -> Bool {
        if difference > 0 {
            if let place, isOver(table[place].inputBytes + difference, limits.perAddress.inputBytes) {
                hit("input_bytes", .address)
                return false
            }
            if isOver(everybody.inputBytes + difference, limits.total.inputBytes) {
                hit("input_bytes", .total)
                return false
            }
        }
        if let place { table[place].inputBytes += difference }
        everybody.inputBytes += difference
        return true
    }

    private func isOver(_ level: Int, _ limit: Int) -> Bool { limit > 0 && level > limit }

    // MARK: Paces

    mutating func request(_ place: Int?, bytes: Int64, now: Int64) -> (Verdict, PacedLimit) {
        let delay = reserve(.requests, place, cost: 1, now: now)
        let longer = bytes == 0 ? 0 : reserve(.bytes, place, cost: bytes, now: now)
        guard max(delay, longer) > 0 else { return (.now, .requests) }
        let limit: PacedLimit = longer > delay ? .bytes : .requests
        waiting[limit.rawValue] += 1
        return (.wait(milliseconds(max(delay, longer))), limit)
    }

    /// Takes the cost, whatever the wait.
    private mutating func reserve(_ limit: PacedLimit, _ place: Int?, cost: Int64, now: Int64) -> Int64 {
        let (address, total) = delays(limit, place, cost: cost, now: now)
        take(limit, place, cost: cost, now: now)
        guard max(address, total) > 0 else { return 0 }
        hit(limit.name, address >= total ? .address : .total)
        return max(address, total)
    }

    mutating func use(
        _ limit: PacedLimit, _ place: Int?, cost: Int64, patience: Int64, now: Int64
    ) -> Verdict {
        let (address, total) = delays(limit, place, cost: cost, now: now)
        let delay = max(address, total)
        guard delay > 0 else {
            take(limit, place, cost: cost, now: now)
            return .now
        }
        let scope: Verdict.Scope = address >= total ? .address : .total
        hit(limit.name, scope)
        guard delay <= patience else {
            let share = scope == .address ? limits.perAddress : limits.total
            return .refused(retryAfter: milliseconds(delay), scope, limit: share[limit].count)
        }
        take(limit, place, cost: cost, now: now)
        waiting[limit.rawValue] += 1
        return .wait(milliseconds(delay))
    }

    mutating func giveBack(_ limit: PacedLimit, _ place: Int?, cost: Int64, now: Int64) {
        take(limit, place, cost: -cost, now: now)
    }

    /// Changes nothing: `mutating` spares the copy of all this that a look costs else.
    private mutating func delays(_ limit: PacedLimit, _ place: Int?, cost: Int64, now: Int64) -> (Int64, Int64) {
        let index = limit.rawValue
        let total = shared[index].each == 0 ? 0 : everybody.delay(limit, shared[index], cost: cost, now: now)
        guard let place, own[index].each > 0 else { return (0, total) }
        return (table[place].delay(limit, own[index], cost: cost, now: now), total)
    }

    private mutating func take(_ limit: PacedLimit, _ place: Int?, cost: Int64, now: Int64) {
        let index = limit.rawValue
        if shared[index].each > 0 { everybody.use(limit, shared[index], cost: cost, now: now) }
        if let place, own[index].each > 0 { table[place].use(limit, own[index], cost: cost, now: now) }
    }

    private func milliseconds(_ nanoseconds: Int64) -> Milliseconds {
        max(1, saturatingSum(nanoseconds, 999_999) / 1_000_000)
    }

    // MARK: The store

    var level: StoreLevel {
        StoreLevel(
            bytes: counted.bytes &+ grown.bytes &- countedAt.bytes,
            pastes: counted.pastes &+ grown.pastes &- countedAt.pastes)
    }

    mutating func hasRoom(bytes: Int, pastes: Int) -> Bool {
        let level = level
        if isOver(level.bytes + bytes, limits.storedBytes) {
            hit("stored_bytes", .total)
            return false
        }
        if pastes > 0, isOver(level.pastes + pastes, limits.pastes) {
            hit("pastes", .total)
            return false
        }
        return true
    }

    mutating func mayOpen() -> Bool {
        guard limits.openPasteBytes > 0, openPasteBytes >= limits.openPasteBytes else { return true }
        hit("open_paste_bytes", .total)
        return false
    }

    // MARK: Metrics

    private mutating func hit(_ limit: String, _ scope: Verdict.Scope) {
        hits[VisitorFigures.Hit(limit: limit, scope: scope), default: 0] += 1
    }

    var figures: VisitorFigures {
        VisitorFigures(
            hits: hits, waiting: waiting, addresses: table.count, forgotten: table.forgotten,
            inputBytes: everybody.inputBytes, openPasteBytes: openPasteBytes, store: level)
    }
}
