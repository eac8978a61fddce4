import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// What stands between a key of 30 bits and who tries them all.
@Suite("Guessing")
struct GuessingTests {
    /// Three misses at once, then one a second; ten a second for everybody.
    private func guessBench(shards: Int = 1) -> Bench {
        Bench(shards: shards) {
            $0.visitors = .unlimited
            $0.visitors.perAddress.misses = Allowance(1, per: 1_000, burst: 3)
            $0.visitors.total.misses = Allowance(10, per: 1_000, burst: 20)
            $0.visitors.patience = 2_000
        }
    }

    private func guess(_ visitor: Visitor, _ key: String = "zebra-zebra-zebra", _ after: Cursor? = nil) {
        visitor.say(.subscribe(paste: key, after: after, pending: []))
        visitor.bench.settle()
    }

    @Test("misses up to the burst are answered at once; then a miss and a hit wait alike", arguments: [-1, 0, 1])
    func misses(offset: Int) {
        let bench = guessBench()
        let (_, _, key) = bench.twoViewers()
        for secret in [UInt64(10), 11] {
            let visitor = bench.device(secret, peer: .test(secret))
            for _ in 0..<3 + offset { guess(visitor) }
            #expect(visitor.errors == Array(repeating: "noSuchPaste", count: 3 + min(0, offset)))
            #expect(visitor.isPaused == (offset > 0))
            guard offset > 0 else { continue }
            bench.pass(1_000)
            bench.settle()
            visitor.heard = []
            // The next one is a hit for one of them.
            guess(visitor, secret == 10 ? key : "zebra-zebra-zebra")
            bench.pass(999)
            bench.settle()
            #expect(visitor.heard.isEmpty, "neither shows before its time")
            bench.pass(1)
            bench.settle()
            #expect(visitor.errors == (secret == 10 ? [] : ["noSuchPaste"]) && !visitor.heard.isEmpty)
        }
    }

    @Test("hits are free")
    func hits() {
        let bench = guessBench()
        let (_, _, key) = bench.twoViewers()
        let visitor = bench.device(peer: .test(9))
        for _ in 0..<50 { guess(visitor, key) }
        #expect(visitor.errors.isEmpty && !visitor.isPaused)
        for ref in 1...UInt64(30) { visitor.append(ref, "x", paste: key) }
        #expect(bench.accounts.figures.hits("misses", .address) == 0)
    }

    @Test("many look-ups at once do not get past the count")
    func atOnce() {
        let bench = guessBench()
        let visitors = (0..<10).map { bench.device(UInt64(100 + $0), peer: .test(9)) }
        for visitor in visitors {
            visitor.say(.subscribe(paste: "zebra-zebra-zebra", after: nil, pending: []))
        }
        bench.settle()
        #expect(visitors.count { $0.errors == ["noSuchPaste"] } == 3)
        #expect(visitors.count { $0.isPaused } == 2, "as many as one address's patience holds")
        #expect(visitors.count { $0.errors == ["tooManyMisses"] } == 5)
        #expect(bench.accounts.figures.waiting(.misses) == 2)
        bench.pass(2_000)
        bench.settle()
        #expect(visitors.count { $0.errors == ["noSuchPaste"] } == 5)
        #expect(bench.accounts.figures.waiting(.misses) == 0)
    }

    @Test("many addresses are bound by the limit of everybody; who types, or wakes, is not")
    func manyAddresses() {
        let bench = guessBench()
        let (a, b, key) = bench.twoViewers()
        a.append(1, "x")
        bench.settle()
        let cursor = b.events.last?.cursor
        var answers = 0
        for address in 0..<UInt64(500) {
            let visitor = bench.device(1_000 + address, peer: .test(1_000 + address))
            guess(visitor)
            answers += visitor.errors == ["noSuchPaste"] ? 1 : 0
        }
        #expect(answers == 20)
        a.append(2, "typed meanwhile")
        bench.settle()
        #expect(b.events.last?.ref == 2)
        let phone = bench.device(77, peer: .test(77))
        guess(phone, key, cursor)
        #expect(phone.events.last?.ref == 2, "a tag of this history is no guess")
        let stranger = bench.device(78, peer: .test(78))
        guess(stranger, key)
        #expect(stranger.errors == ["tooManyMisses"])
        bench.pass(3_000)
        bench.settle()
        stranger.heard = []
        guess(stranger, key)
        #expect(stranger.errors.isEmpty && stranger.heard.count == 1)
    }

    @Test("a tag that proves nothing waits like none, whether or not there is a paste")
    func falseTag() {
        let bench = guessBench()
        let (_, _, key) = bench.twoViewers()
        for target in [key, "zebra-zebra-zebra"] {
            let visitor = bench.device(peer: .test(target == key ? 20 : 21))
            for _ in 0..<3 { guess(visitor, "zebra-zebra-zebra", Cursor(seq: 1, tag: 1)) }
            #expect(visitor.errors.count == 3)
            visitor.heard = []
            guess(visitor, target, Cursor(seq: 1, tag: 1))
            #expect(visitor.heard.isEmpty && visitor.isPaused)
            bench.pass(1_000)
            bench.settle()
            #expect(visitor.errors == (target == key ? [] : ["noSuchPaste"]) && !visitor.heard.isEmpty)
        }
    }

    @Test("private keys, and the paste that one follows already, are looked up whenever one likes")
    func exemptions() {
        let bench = guessBench()
        let (_, b, key) = bench.twoViewers()
        let visitor = bench.device(peer: .test(9))
        for _ in 0..<20 { guess(visitor, "0123456789ABCDEF") }
        #expect(visitor.errors.count == 20 && !visitor.isPaused)
        for _ in 0..<4 { guess(bench.device(peer: .test(1))) }
        b.heard = []
        guess(b, key)
        #expect(!b.heard.isEmpty && b.errors.isEmpty && !b.isPaused)
    }

    @Test("a create with a chosen key is charged like a miss, whether it succeeds or not")
    func chosen() {
        let bench = guessBench()
        let maker = bench.device(peer: .test(9))
        for ref in 1...UInt64(4) {
            maker.say(
                .create(
                    ref: ref, key: ref == 2 ? "my-own-key-1" : "my-own-key-\(ref)", expiresIn: nil, isPrivate: false))
            bench.settle()
        }
        #expect(maker.heard.count == 3 && maker.isPaused)
        bench.pass(1_000)
        bench.settle()
        #expect(maker.heard.count == 4 && !maker.isPaused)
        maker.say(.create(ref: 5, key: nil, expiresIn: nil, isPrivate: false))
        bench.settle()
        #expect(maker.heard.count == 5, "a generated key tells nothing")
    }

    @Test("a look-up is charged once, wherever its paste is at home")
    func otherShard() {
        let bench = guessBench(shards: 4)
        for number in 0..<UInt64(4) {
            let visitor = bench.device(number + 50, core: Int(number) % 4, peer: .test(number + 50))
            for word in ["otter", "maple", "cabin"] { guess(visitor, "zebra-zebra-\(word)") }
            #expect(visitor.errors.count == 3)
            guess(visitor)
            #expect(visitor.isPaused)
        }
    }
}
