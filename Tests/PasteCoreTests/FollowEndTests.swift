import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// How following, and what is followed, ends.
@Suite("The end of following")
struct FollowEndTests {
    @Test(
        "the end of a paste reaches viewers everywhere, and those under way", arguments: [EndReason.expired, .deleted])
    func over(reason: EndReason) {
        let crowd = Crowd(8, shards: 2, perShard: 2)
        let (returning, rest) = (crowd.away[0], crowd.visitors)
        let end = { crowd.bench.pass(until: crowd.bench.expiresAt) }
        if reason == .deleted {
            crowd.atHome[0].say(.delete(ref: 7))
            returning.append(1, "too late")
            crowd.bench.answer()
        } else {
            returning.append(1, "too late")
            end()
        }
        #expect(crowd.bench.underWay.count == 1)
        crowd.bench.settle()
        for visitor in rest {
            let ends = visitor.heard.compactMap { if case .expired(_, let reason) = $0 { reason } else { nil } }
            #expect(ends == [reason])
        }
        #expect(returning.errors.count == 1 && returning.closeCode == nil)
        #expect(crowd.bench.cores.allSatisfy { $0.pastes.isEmpty && $0.followed.isEmpty && $0.overs.isEmpty })
        #expect(crowd.bench.cores.reduce(0) { $0 + $1.viewers } == 0)
    }

    @Test("when a paste can not be read again, viewers everywhere come back by themselves")
    func unreadable() {
        let crowd = Crowd(4, shards: 2, perShard: 2)
        crowd.atHome[0].append(1, "a")
        crowd.bench.tick()
        crowd.bench.answer(.conflict(head: Cursor(seq: 9, tag: 9)))
        crowd.bench.answer(.corrupt("broken"))
        crowd.bench.settle()
        #expect(crowd.visitors.allSatisfy { $0.closeCode == CloseReason.busy.rawValue })
        #expect(crowd.bench.cores.allSatisfy { $0.followed.isEmpty && $0.overs.isEmpty })
    }

    @Test("a device that comes anew replaces its connection at a follower, and no other")
    func replaced() {
        let crowd = Crowd(4, shards: 2, perShard: 2)
        let old = crowd.away[0]
        let new = crowd.again(old)
        crowd.bench.settle()
        #expect(old.closeCode == CloseReason.replaced.rawValue && new.heard.contains { $0.isSnapshot })
        #expect(crowd.visitors.filter { $0 !== old }.allSatisfy { !$0.isClosed })
        #expect(crowd.live?.deviceCount == 4)
    }

    @Test("an older connection that was under way home is the one that goes")
    func replacedUnderWay() {
        let crowd = Crowd(4, shards: 2, perShard: 2)
        let old = crowd.away[0]
        old.append(1, "of the older")
        #expect(crowd.bench.underWay.count == 1)
        let held = crowd.bench.mail
        crowd.bench.mail = []
        let new = crowd.again(old)
        crowd.bench.settle()
        crowd.bench.mail = held
        crowd.bench.settle()
        #expect(old.closeCode == CloseReason.replaced.rawValue)
        #expect(!new.isClosed && new.session?.view != nil && crowd.live?.deviceCount == 4)
        #expect(new.events.isEmpty, "what it asked for is asked again by the newer one")
    }

    @Test("the number of devices is that of all shards, for all of them")
    func devices() {
        let crowd = Crowd(6, shards: 3, perShard: 2)
        crowd.bench.pass(2_000)
        crowd.bench.settle()
        for visitor in crowd.visitors { visitor.heard = [] }
        crowd.away[0].cutOff()
        crowd.bench.settle()
        crowd.bench.pass(1_000)
        crowd.bench.settle()
        for visitor in crowd.visitors where !visitor.isClosed { #expect(visitor.heard == [.devices(count: 5)]) }
        let late = crowd.bench.device()
        late.say(.subscribe(paste: crowd.key, after: nil, pending: []))
        crowd.bench.settle()
        guard case .snapshot(let snapshot)? = late.heard.first(where: { $0.isSnapshot }) else {
            return #expect(Bool(false), "no snapshot")
        }
        #expect(snapshot.devices == 6)
    }

    @Test("a move is not news: nobody is told a number of devices for it")
    func silent() {
        let bench = Bench(shards: 2) { $0.viewersPerShard = 2 }
        let crowd = Crowd(6, on: bench)
        bench.pass(1_000)
        for visitor in crowd.visitors { visitor.heard = [] }
        crowd.spread()
        #expect(crowd.away.count == 3 && crowd.visitors.allSatisfy { $0.heard.isEmpty })
    }

    @Test("the last viewer's end ends the following, and then the paste is put away in its time")
    func unfollow() {
        let crowd = Crowd(4, shards: 2, perShard: 2)
        for visitor in crowd.atHome { visitor.cutOff() }
        crowd.bench.pass(120_000)
        crowd.bench.settle()
        #expect(crowd.live != nil, "somebody looks on elsewhere")
        crowd.away[0].say(.unsubscribe)
        for visitor in crowd.away.filter({ $0.session?.view != nil }) { visitor.cutOff() }
        crowd.bench.settle()
        #expect(crowd.bench.cores.allSatisfy { $0.followed.isEmpty })
        #expect(crowd.live?.deviceCount == 0)
        crowd.bench.pass(crowd.bench.settings.idlePasteMilliseconds)
        #expect(crowd.live == nil)
    }

    @Test("a connection that is lost between shards is counted out", arguments: [0, 1])
    func lost(isGoingHome: Int) {
        let bench = Bench(shards: 2) { $0.viewersPerShard = 2 }
        let crowd = Crowd(4, on: bench)
        if isGoingHome == 1 {
            crowd.spread()
            crowd.away[0].append(1, "a")
        } else {
            bench.pass(bench.settings.spreadMilliseconds)
        }
        guard case .connection(_, let to, let transfer)? = bench.underWay.first else {
            return #expect(Bool(false), "nobody is under way")
        }
        let index = bench.mail.firstIndex(where: \.isConnection) ?? 0
        bench.mail.remove(at: index)
        bench.cores[isGoingHome == 1 ? crowd.followerNumber : to].lost(transfer, now: bench.now)
        bench.settle()
        #expect(crowd.live?.deviceCount == 3 && crowd.counts.reduce(0, +) == 3)
    }

    @Test("a drain moves nobody any more")
    func drainMovesNobody() {
        let bench = Bench(shards: 2) {
            $0.viewersPerShard = 2
            $0.drainClosesPerSecond = 1
        }
        let crowd = Crowd(6, on: bench)
        for core in bench.cores { core.drain(now: bench.now, within: 60_000) }
        bench.pass(500)
        #expect(bench.underWay.isEmpty && crowd.atHome.count == 5)
    }

    @Test("a drain closes viewers everywhere")
    func drain() {
        let bench = Bench(shards: 2) { $0.viewersPerShard = 2 }
        let crowd = Crowd(6, on: bench)
        crowd.spread()
        let late = crowd.away[0]
        late.append(1, "in the middle of it")
        for core in bench.cores { core.drain(now: bench.now) }
        bench.settle()
        bench.pass(10_000)
        bench.settle()
        #expect(crowd.visitors.allSatisfy { $0.closeCode == 1001 })
        #expect(bench.cores.allSatisfy { $0.isQuiet && $0.followed.isEmpty })
    }
}

/// Devices that all follow one paste, in the order of their coming.
final class Crowd {
    let bench: Bench
    private(set) var visitors: [Visitor] = []
    private(set) var key = ""

    /// A crowd that is spread already.
    convenience init(_ count: Int, shards: Int, perShard: Int) {
        self.init(count, on: Bench(shards: shards) { $0.viewersPerShard = perShard })
        spread()
    }

    /// A crowd that is at home.
    init(_ count: Int, on bench: Bench) {
        self.bench = bench
        visitors = (0..<count).map { _ in bench.device() }
        key = bench.makePaste(by: visitors[0])?.paste ?? ""
        for visitor in visitors { visitor.follow(key) }
        for visitor in visitors { visitor.heard = [] }
    }

    subscript(_ index: Int) -> Visitor { visitors[index] }

    /// Lets time pass so that viewers move, and all that is told arrive.
    func spread(for time: Milliseconds = 1_000) {
        bench.pass(time)
        bench.settle()
        if time >= 1_000 { for visitor in visitors { visitor.heard.removeAll { $0.isDevices } } }
    }

    /// The device of a visitor connects once more and subscribes.
    func again(_ visitor: Visitor, core: Int = 0) -> Visitor {
        let again = bench.device(UInt64(visitor.slot) + 1, core: core)
        again.say(.subscribe(paste: key, after: nil, pending: []))
        return again
    }

    var homeNumber: Int {
        PasteKey(parsing: key).map { PasteID($0, hash: bench.settings.hash) }?.home(of: bench.cores.count) ?? 0
    }
    var home: ShardCore { bench.cores[homeNumber] }
    /// The other one of two cores.
    var followerNumber: Int { 1 - homeNumber }
    var live: LivePaste? { home.pastes.values.first }
    var copy: FollowedLog? { bench.cores[followerNumber].followed.values.first?.copy }
    var away: [Visitor] { visitors.filter { $0.core != nil && $0.core != homeNumber } }
    var atHome: [Visitor] { visitors.filter { $0.core == homeNumber } }

    /// Viewers by core, as the cores know them.
    var counts: [Int] {
        bench.cores.map { core in
            (Array(core.pastes.values) + Array(core.followed.values)).reduce(0) { $0 + $1.viewers.count }
        }
    }

    /// Bytes of events that are under way to followers.
    var bytesUnderWay: Int {
        bench.mail.reduce(0) { sum, letter in
            guard case .note(let note, _) = letter, case .events(let events) = note.matter else { return sum }
            return sum + events.reduce(0) { $0 + $1.byteCount }
        }
    }
}

extension ServerMessage {
    fileprivate var isDevices: Bool {
        if case .devices = self { return true }
        return false
    }
}
