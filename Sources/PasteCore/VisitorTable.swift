// The memory of `Visitors`: one small entry for each network, a bounded number of them.

import PasteModel

/// What one network, or everybody together, has used.
struct Tally {
    /// Connections that are open.
    var connections = 0
    /// Bytes of messages that have begun and are not handled yet.
    var inputBytes = 0
    /// For each paced limit the instant, in nanoseconds, at which all that was used has come back (the
    /// "theoretical arrival time" of the generic cell rate algorithm): one number instead of a level and its time.
    private var restored = InlineArray<6, Int64>(repeating: 0)

    /// How long somebody who uses `cost` now has to wait for it, in nanoseconds; 0 or less: not at all.
    func delay(_ limit: PacedLimit, _ pace: Pace, cost: Int64, now: Int64) -> Int64 {
        // The cost is bounded where it is made; an overflow could only come from settings and means "too much".
        saturatingSum(max(restored[limit.rawValue], now) - now, saturatingProduct(cost, pace.each)) - pace.slack
    }

    /// Uses `cost`, now or in advance. A negative cost gives back.
    mutating func use(_ limit: PacedLimit, _ pace: Pace, cost: Int64, now: Int64) {
        let restored = restored[limit.rawValue]
        // What is given back late has come back already: it must not become more than the burst.
        self.restored[limit.rawValue] = saturatingSum(
            cost < 0 ? restored : max(restored, now), saturatingProduct(cost, pace.each))
    }

    /// How near it is to its limits: 0 for nothing used that has not come back, 1,000 for a limit used up.
    /// Whoever stands at 0 can be forgotten without a difference to anybody.
    func guilt(_ paces: [Pace], now: Int64) -> Int64 {
        var guilt: Int64 = 0
        for index in paces.indices where restored[index] > now {
            guilt = max(guilt, 1, (restored[index] - now) / (paces[index].slack / 1_000 + 1))
        }
        return guilt
    }
}

/// An `Allowance` as the arithmetic needs it, in nanoseconds.
struct Pace {
    /// In which one accrues; 0: no limit.
    let each: Int64
    /// In which the whole burst accrues.
    let slack: Int64

    init(_ allowance: Allowance) {
        each = allowance.nanosecondsEach
        slack = saturatingProduct(each, Int64(allowance.burst))
    }
}

extension VisitorShare {
    var paces: [Pace] {
        PacedLimit.allCases.map { Pace(self[$0]) }
    }
}

/// Networks and their tallies.
///
/// When all places are taken, a new network gets that of one without connections that has nothing on its
/// account; if a look at some places finds none such, that of the one seen there with the least on its account. So who
/// comes with ever new networks pushes out other such passers-by and not those who used up a limit, at a constant
/// cost. Who has a connection keeps the place.
struct VisitorTable {
    private(set) var count = 0
    /// Networks that were forgotten with something on their account.
    private(set) var forgotten: UInt64 = 0
    private var places: [Network: Int32] = [:]
    private var networks: [Network] = []
    private var tallies: [Tally] = []
    private var hand = 0
    private let capacity: Int

    /// Places that are looked at for one newcomer.
    static let sample = 64

    init(capacity: Int) {
        self.capacity = min(max(1, capacity), Int(Int32.max))
    }

    /// The tally at a place that `place` gave.
    subscript(_ place: Int) -> Tally {
        get { tallies[place] }
        _modify { yield &tallies[place] }
    }

    /// The place of a network, made if it has none; `nil` when all are taken by networks with connections, as far
    /// as was looked.
    mutating func place(of network: Network, _ paces: [Pace], now: Int64) -> Int? {
        if let place = places[network] { return Int(place) }
        if count < capacity {
            networks.append(network)
            tallies.append(Tally())
            places[network] = Int32(count)
            count += 1
            return count - 1
        }
        guard let place = leastGuilty(paces, now: now) else { return nil }
        places[networks[place]] = nil
        networks[place] = network
        tallies[place] = Tally()
        places[network] = Int32(place)
        return place
    }

    private mutating func leastGuilty(_ paces: [Pace], now: Int64) -> Int? {
        var best: (place: Int, guilt: Int64)?
        for _ in 0..<min(Self.sample, count) {
            hand = hand + 1 < count ? hand + 1 : 0
            guard tallies[hand].connections == 0 else { continue }
            let guilt = tallies[hand].guilt(paces, now: now)
            if guilt == 0 { return hand }
            if guilt < best?.guilt ?? .max { best = (hand, guilt) }
        }
        forgotten += best == nil ? 0 : 1
        return best?.place
    }
}

/// Sums and products that stay at the ends of the range: far beyond any limit either way.
func saturatingSum(_ a: Int64, _ b: Int64) -> Int64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? (b < 0 ? .min / 2 : .max / 2) : min(max(sum, .min / 2), .max / 2)
}

func saturatingProduct(_ a: Int64, _ b: Int64) -> Int64 {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? ((a < 0) == (b < 0) ? .max / 4 : .min / 4) : min(max(product, .min / 4), .max / 4)
}
