import PasteModel
import Testing

@testable import PasteCore

/// The accounts of addresses by themselves.
@Suite("Visitors")
struct VisitorsTests {
    private let start: Milliseconds = 1_760_000_000_000

    private func visitors(_ change: (inout VisitorLimits) -> Void) -> Visitors {
        var limits = VisitorLimits.unlimited
        change(&limits)
        return Visitors(limits)
    }

    // MARK: Paces

    @Test("a burst is free, one more waits until one has accrued", arguments: PacedLimit.allCases, [-1, 0, 1])
    func pace(limit: PacedLimit, offset: Int) {
        let pace = Allowance(4, per: 1_000, burst: 10)
        for scope in Verdict.Scope.allCases {
            let visitors = visitors { scope == .address ? $0.perAddress.set(limit, pace) : $0.total.set(limit, pace) }
            let visit = visitors.enter(.test(1), now: start)
            let verdicts = (0..<10 + offset).map { _ in
                visitors.use(limit, visit, patience: 1_000, now: start)
            }
            #expect(verdicts.prefix(10).allSatisfy { $0 == .now })
            #expect(offset <= 0 || verdicts.last == .wait(250))
            #expect(visitors.figures.hits(limit.name, scope) == UInt64(max(0, offset)))
        }
    }

    @Test("patience to the millisecond; beyond it nothing is used", arguments: [-1, 0, 1])
    func patience(offset: Milliseconds) {
        let visitors = visitors { $0.perAddress.misses = Allowance(1, per: 1_000, burst: 1) }
        let visit = visitors.enter(.test(1), now: start)
        #expect(visitors.use(.misses, visit, patience: 0, now: start) == .now)
        for _ in 0..<3 {
            let verdict = visitors.use(.misses, visit, patience: 1_000 - 1 - offset, now: start)
            #expect((verdict == .wait(1_000)) == (offset < 0))
            if offset < 0 { return }
            #expect(verdict == .refused(retryAfter: 1_000, .address, limit: 1))
        }
        #expect(visitors.figures.waiting(.misses) == 0)
        #expect(visitors.use(.misses, visit, patience: 0, now: start + 999) != .now)
        #expect(visitors.use(.misses, visit, patience: 0, now: start + 1_000) == .now)
    }

    @Test("who waits is counted until the wait is over, and waits in the order of asking")
    func waiting() {
        let visitors = visitors { $0.perAddress.requests = Allowance(10, per: 1_000, burst: 1) }
        let visit = visitors.enter(.test(1), now: start)
        let verdicts = (0..<4).map { _ in visitors.request(visit, bytes: 5, now: start).0 }
        #expect(verdicts == [.now, .wait(100), .wait(200), .wait(300)])
        #expect(visitors.figures.waiting(.requests) == 3)
        for _ in 0..<3 { visitors.waited(.requests) }
        #expect(visitors.figures.waiting(.requests) == 0)
    }

    @Test("what is given back is never more than the burst")
    func giveBack() {
        let visitors = visitors { $0.perAddress.misses = Allowance(1, per: 1_000, burst: 2) }
        let visit = visitors.enter(.test(1), now: start)
        #expect(visitors.use(.misses, visit, patience: 0, now: start) == .now)
        for _ in 0..<5 { visitors.giveBack(.misses, visit, now: start + 60_000) }
        let verdicts = (0..<3).map { _ in visitors.use(.misses, visit, patience: 0, now: start + 60_000) }
        #expect(verdicts.map { $0 == .now } == [true, true, false])
    }

    @Test("costs beyond every number end in a refusal, not in a trap")
    func extremes() {
        let visitors = visitors {
            $0.perAddress.storedBytes = Allowance(1, per: .max, burst: .max)
            $0.total.storedBytes = Allowance(.max, per: 1, burst: 1)
        }
        let visit = visitors.enter(.test(1), now: .max)
        for _ in 0..<10 { _ = visitors.use(.storedBytes, visit, cost: .max, patience: .max, now: .max) }
        guard case .refused = visitors.use(.storedBytes, visit, cost: .max, patience: 0, now: 0) else {
            return #expect(Bool(false), "room for more than there is")
        }
    }

    // MARK: Addresses

    @Test(
        "connections of one address: one more than may be is refused, and one that left makes room",
        arguments: [
            -1, 0, 1,
        ])
    func connections(offset: Int) {
        let visitors = visitors { $0.perAddress.connections = 5 }
        var visits = (0..<5 + offset).map { _ in visitors.arrive(.test(1), now: start) }
        #expect(visits.filter { $0 == nil }.count == max(0, offset))
        #expect(visitors.arrive(.test(2), now: start) != nil)
        guard offset >= 0 else { return }
        #expect(visitors.arrive(.test(1), now: start) == nil)
        visits.removeFirst()
        visits.append(visitors.arrive(.test(1), now: start))
        #expect(visits.last.flatMap(\.self) != nil)
    }

    @Test("an IPv6 /64 is one visitor, an IPv4 address is one")
    func networks() {
        let visitors = visitors { $0.perAddress.misses = Allowance(1, per: 1_000, burst: 1) }
        func isFree(_ text: String) -> Bool {
            guard let peer = PeerAddress(text) else { return false }
            return visitors.use(.misses, visitors.enter(peer, now: start), patience: 0, now: start) == .now
        }
        #expect(isFree("2001:db8:0:1::1"))
        #expect(!isFree("2001:db8:0:1:ffff::2"))
        #expect(isFree("2001:db8:0:2::1"))
        #expect(isFree("192.0.2.1") && isFree("192.0.2.2") && !isFree("192.0.2.2"))
        #expect(!isFree("::ffff:192.0.2.1"))
    }

    @Test("an exempt address is bound by the limits of everybody alone")
    func exempt() {
        let visitors = visitors {
            $0.exempt = [AddressRange("127.0.0.0/8")].compactMap(\.self)
            $0.perAddress.connections = 1
            $0.perAddress.misses = Allowance(1, per: 1_000, burst: 1)
            $0.total.misses = Allowance(1, per: 1_000, burst: 3)
        }
        guard let peer = PeerAddress("127.1.2.3"), let visit = visitors.arrive(peer, now: start),
            visitors.arrive(peer, now: start) != nil
        else { return #expect(Bool(false), "refused") }
        let verdicts = (0..<4).map { _ in visitors.use(.misses, visit, patience: 0, now: start) }
        #expect(verdicts.map { $0 == .now } == [true, true, true, false])
        #expect(visitors.figures.addresses == 0)
    }

    @Test("ranges are read as they are written, and only as such")
    func ranges() {
        for (range, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"), ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("0.0.0.0/0", "255.1.1.1", "::1"), ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::1", "::1", "::2"), ("2001:db8::/65", "2001:db8::7fff:0:0:1", "2001:db8::8000:0:0:1"),
            ("fe80::1:2/127", "fe80::1:3", "fe80::1:4"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:9"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201", "64:ff9b::c000:202"),
        ] {
            guard let range = AddressRange(range), let inside = PeerAddress(inside), let outside = PeerAddress(outside)
            else { Issue.record("\(range) can not be read"); continue }
            #expect(range.contains(inside) && !range.contains(outside))
        }
        for text in [
            "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.+4", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "::/129",
            "1::2::3",
            ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "+1::", "1.2.3.4::", "::1%eth0", "localhost",
        ] {
            #expect(AddressRange(text) == nil, "\(text)")
        }
    }

    // MARK: Memory

    @Test("ever new addresses take bounded memory, and do not wash away who used up a limit")
    func bounded() {
        let visitors = visitors {
            $0.rememberedAddresses = 1_024
            $0.perAddress.handshakes = Allowance(50, per: 1_000, burst: 500)
            $0.perAddress.misses = Allowance(6, per: 60_000, burst: 30)
        }
        func guess(_ peer: PeerAddress, _ now: Milliseconds) -> Verdict {
            guard let visit = visitors.arrive(peer, now: now) else { return .wait(1) }
            return visitors.use(.misses, visit, patience: 0, now: now)
        }
        let guilty = PeerAddress.test(.max)
        for _ in 0..<30 { #expect(guess(guilty, start) == .now) }
        // All at once, each with something on its account; then many that were forgiven when the next come.
        for number in 0..<UInt64(20_000) { _ = guess(.test(number), start) }
        #expect(visitors.figures.forgotten > 18_000)
        for number in 0..<UInt64(50_000) {
            _ = visitors.arrive(.test(100_000 + number), now: start + Milliseconds(number / 20))
        }
        #expect(visitors.figures.addresses == 1_024)
        #expect(guess(guilty, start + 3_000) != .now, "forgotten, and so forgiven")
        #expect(guess(.test(5_000_000), start + 3_000) == .now, "newcomers are let in")
    }

    @Test("who is connected keeps the account; when all places are taken, newcomers are bound by the rest alone")
    func crowded() {
        let visitors = visitors {
            $0.rememberedAddresses = 100
            $0.perAddress.connections = 1
        }
        var visits = (0..<UInt64(100)).compactMap { visitors.arrive(.test($0), now: start) }
        #expect(visits.count == 100)
        #expect(visitors.arrive(.test(7), now: start) == nil)
        let two = [visitors.arrive(.test(1_000), now: start), visitors.arrive(.test(1_000), now: start)]
        #expect(!two.contains { $0 == nil })
        visits.removeAll()
        let kept = visitors.arrive(.test(1_000), now: start)
        #expect(kept != nil)
        #expect(visitors.arrive(.test(1_000), now: start) == nil)
    }

    @Test("large input: a level of the address and one of all", arguments: [-1, 0, 1])
    func input(offset: Int) {
        let visitors = visitors {
            $0.perAddress.inputBytes = 100
            $0.total.inputBytes = 150
        }
        let (a, b) = (visitors.enter(.test(1), now: start), visitors.enter(.test(2), now: start))
        #expect(visitors.holdInput(a, 100 + offset) == (offset <= 0))
        #expect(visitors.holdInput(a, -max(0, 100 + offset) * (offset <= 0 ? 1 : 0)))
        #expect(visitors.holdInput(a, 100))
        #expect(visitors.holdInput(b, 50 + offset) == (offset <= 0))
        if offset <= 0 { _ = visitors.holdInput(b, -50 - offset) }
        #expect(visitors.holdInput(a, -100))
        #expect(visitors.figures.inputBytes == 0)
    }

    // MARK: The store

    @Test("the store's word counts, and what came after it was asked")
    func storeLevel() {
        let visitors = visitors {
            $0.storedBytes = 1_000
            $0.pastes = 3
        }
        visitors.stored(bytes: 400, pastes: 1)
        let mark = visitors.growth
        visitors.stored(bytes: 100, pastes: 1)
        visitors.storeHolds(StoreLevel(bytes: 800, pastes: 2), askedAt: mark)
        #expect(visitors.storeLevel == StoreLevel(bytes: 900, pastes: 3))
        #expect(visitors.hasRoom(bytes: 100, pastes: 0) && !visitors.hasRoom(bytes: 101, pastes: 0))
        #expect(!visitors.hasRoom(bytes: 0, pastes: 1) && visitors.isStoreFull)
        visitors.storeHolds(StoreLevel(bytes: 0, pastes: 0), askedAt: visitors.growth)
        #expect(visitors.hasRoom(bytes: 1_000, pastes: 3) && !visitors.isStoreFull)
    }
}

extension VisitorShare {
    fileprivate mutating func set(_ limit: PacedLimit, _ pace: Allowance) {
        switch limit {
        case .handshakes: handshakes = pace
        case .requests: requests = pace
        case .bytes: bytes = pace
        case .misses: misses = pace
        case .pastes: pastes = pace
        case .storedBytes: storedBytes = pace
        }
    }
}
