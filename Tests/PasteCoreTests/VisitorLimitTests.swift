import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// The limits of addresses as devices meet them.
@Suite("Limits of addresses")
struct VisitorLimitTests {
    // MARK: Requests and bytes

    @Test("requests of one address wait behind its burst, over all its connections", arguments: [-1, 0, 1])
    func requests(offset: Int) {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.requests = Allowance(10, per: 1_000, burst: 20)
        }
        let devices = [bench.device(peer: .test(9)), bench.device(peer: .test(9))]
        bench.pass(10_000)
        for number in 0..<20 + offset { devices[number % 2].say(.ping) }
        let pongs = { devices.reduce(0) { $0 + $1.heard.count { $0 == .pong } } }
        #expect(pongs() == min(20, 20 + offset))
        bench.pass(99)
        #expect(pongs() == min(20, 20 + offset))
        bench.pass(1)
        #expect(pongs() == 20 + offset)
        #expect(!devices.contains { $0.isClosed || $0.isPaused })
    }

    @Test("bytes of one address wait behind its burst, and come whole and in order")
    func bytes() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.bytes = Allowance(1_000, per: 1_000, burst: 3_000)
        }
        let (a, b, _) = bench.twoViewers()
        bench.pass(10_000)
        for ref in 1...UInt64(6) { a.append(ref, String(repeating: "x", count: 1_000)) }
        bench.settle()
        #expect(b.events.count == 2 && a.isPaused && bench.accounts.figures.waiting(.bytes) == 1)
        for _ in 0..<10 {
            bench.pass(1_000)
            bench.settle()
        }
        #expect(b.events.map(\.ref) == [1, 2, 3, 4, 5, 6])
        #expect(!a.isClosed && !a.isPaused && bench.accounts.figures.waiting(.bytes) == 0)
    }

    @Test("HTTP requests wait for their turn, and beyond patience get 429 with when to come back")
    func http() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.requests = Allowance(1, per: 1_000, burst: 1)
            $0.visitors.patience = 1_500
        }
        let visitors = (0..<3).map { _ in
            let visitor = bench.connect(peer: .test(9))
            visitor.isHTTP = true
            visitor.write(Array("GET /nothing/here HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
            return visitor
        }
        #expect(visitors[0].text.hasPrefix("HTTP/1.1 404"))
        #expect(visitors[1].text.isEmpty)
        #expect(
            visitors[2].text.hasPrefix("HTTP/1.1 429") && visitors[2].text.contains("\r\nretry-after: 2\r\n")
                || visitors[2].text.contains("\r\nRetry-After: 2\r\n"))
        bench.pass(1_000)
        #expect(visitors[1].text.hasPrefix("HTTP/1.1 404"))
    }

    @Test("large messages that never end are cut off by connection; small ones go on")
    func input() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.inputBytes = 256 << 10
        }
        let (a, b, _) = bench.twoViewers()
        let hoarders = (0..<10).map { bench.device(UInt64(500 + $0), peer: .test(1)) }
        let text = String(repeating: "x", count: 1 << 20)
        for hoarder in hoarders {
            let message = hoarder.wire.text("{\"type\":\"ping\",\"pad\":\"\(text)\"}")
            hoarder.write(Array(message.prefix(120 << 10)))
        }
        let open = hoarders.count { !$0.isClosed }
        #expect((1...4).contains(open))
        #expect(hoarders.allSatisfy { !$0.isClosed || $0.closeCode == 4_000 })
        #expect(bench.accounts.figures.inputBytes <= 256 << 10)
        a.append(1, "typed")
        bench.settle()
        #expect(b.events.count == 1)
        for hoarder in hoarders { hoarder.cutOff() }
        #expect(bench.accounts.figures.inputBytes == 0)
    }

    // MARK: Connections

    @Test("a connection is on its address's account until it closes, over all its moves")
    func moves() {
        let bench = Bench(shards: 4) {
            $0.visitors = .unlimited
            $0.visitors.perAddress.connections = 3
        }
        let (a, _, key) = bench.twoViewers()
        #expect(bench.cores[0].admits(.test(1), now: bench.now), "two of three")
        #expect(!bench.cores[1].admits(.test(1), now: bench.now))
        // Nothing became of it.
        #expect(bench.cores[0].admits(.test(2), now: bench.now))
        #expect(bench.cores[1].admits(.test(1), now: bench.now))
        bench.cores[0].arrival = nil
        bench.cores[1].arrival = nil
        let c = bench.device(peer: .test(1))
        c.follow(key)
        a.cutOff()
        #expect(bench.cores[2].admits(.test(1), now: bench.now))
        #expect(c.errors.isEmpty)
    }

    // MARK: Storing

    @Test("text beyond the day's share is refused and fits later; what takes away is free", arguments: [-1, 0, 1])
    func quota(offset: Int) {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.storedBytes = Allowance(1_000, per: 86_400_000, burst: 1_000)
        }
        let (a, b, _) = bench.twoViewers()
        a.append(1, String(repeating: "x", count: 1_000 - 64 + offset))
        bench.settle()
        #expect(a.errors == (offset > 0 ? ["quotaReached"] : []))
        #expect(b.events.count == (offset > 0 ? 0 : 1))
        guard offset == 0 else { return }
        a.heard = []
        a.append(2, "one more")
        bench.settle()
        guard case .error(let error)? = a.heard.last else { return #expect(Bool(false), "no error") }
        #expect(error.retry == .later && error.limit == 1_000 && error.ref == 2)
        a.heard = []
        a.append(1, String(repeating: "x", count: 1_000 - 64))
        bench.settle()
        #expect(a.receipts.map(\.ref) == [1], "what took effect is acknowledged, quota or not")
        a.say(.request(ref: 3, .remove(item: 1), paste: nil))
        bench.settle()
        #expect(b.events.count == 2 && a.errors.isEmpty && !a.isClosed)
        bench.pass((error.retryAfter ?? 0) - 1_000)
        a.append(2, "one more")
        bench.settle()
        #expect(a.errors == ["quotaReached"])
        bench.pass(1_000)
        a.append(2, "one more")
        bench.settle()
        #expect(b.events.count == 3)
    }

    @Test("a refused or repeated text is not charged")
    func notCharged() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.storedBytes = Allowance(1_000, per: 86_400_000, burst: 1_000)
            $0.limits.textBytes = 500
        }
        let (a, b, _) = bench.twoViewers()
        a.append(1, "kept")
        bench.settle()
        for _ in 0..<50 { a.append(1, "kept") }
        for _ in 0..<5 { a.append(2, String(repeating: "x", count: 501)) }
        bench.settle()
        #expect(Set(a.errors) == ["textTooLarge"])
        a.append(3, String(repeating: "x", count: 500))
        bench.settle()
        #expect(b.events.count == 2)
    }

    @Test("the whole store: over its bytes nothing is added, and there is room again soon after something went")
    func storeFull() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.storedBytes = 100_000
        }
        let (a, b, _) = bench.twoViewers()
        a.append(1, String(repeating: "x", count: 95_000))
        bench.settle()
        #expect(b.events.count == 1)
        let more = String(repeating: "y", count: 5_000)
        a.append(2, more)
        bench.settle()
        #expect(a.errors == ["serverFull"])
        a.say(.request(ref: 3, .remove(item: 1), paste: nil))
        bench.settle()
        for _ in 0..<2 {
            bench.pass(bench.settings.sweepMilliseconds)
            bench.settle()
        }
        a.heard = []
        a.append(2, more)
        bench.settle()
        #expect(a.errors.isEmpty && b.events.count == 3)
    }

    @Test("open pastes: over their memory unused ones are put away first, then nothing more is opened")
    func memory() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.openPasteBytes = 2_500
        }
        let maker = bench.device()
        let keys = (0..<UInt64(3)).map { number in
            maker.say(.create(ref: 1 + number, key: nil, expiresIn: nil, isPrivate: false))
            bench.settle()
            guard case .created(let created)? = maker.heard.last else { return "" }
            maker.append(1, String(repeating: "x", count: 600), paste: created.paste)
            bench.settle()
            return created.paste
        }
        // 600 bytes each as an item, and as an event.
        bench.pass(bench.settings.idlePasteMilliseconds + 1_000)
        #expect(bench.accounts.figures.openPasteBytes == 0)
        let (a, b, c) = (bench.device(), bench.device(), bench.device())
        a.follow(keys[0])
        maker.append(2, "y", paste: keys[1])
        bench.settle()
        #expect(bench.accounts.figures.openPasteBytes == 2_402)
        b.follow(keys[2])
        #expect(bench.accounts.figures.openPasteBytes == 3_602, "the last one that fits may pass the limit")
        c.say(.subscribe(paste: keys[1], after: nil, pending: []))
        bench.settle()
        #expect(c.errors.isEmpty, "what is open can be followed")
        c.say(.unsubscribe)
        c.heard = []
        bench.pass(bench.settings.idlePasteMilliseconds + 1_000)
        a.append(1, String(repeating: "z", count: 200))
        bench.settle()
        #expect(bench.accounts.figures.openPasteBytes == 2_800)
        c.say(.subscribe(paste: keys[1], after: nil, pending: []))
        c.say(.subscribe(paste: "zebra-zebra-zebra", after: nil, pending: []))
        bench.settle()
        #expect(c.errors == ["busy", "busy"])
        a.append(2, "goes on")
        bench.settle()
        #expect(a.errors.isEmpty)
        b.say(.unsubscribe)
        bench.pass(1_000)
        c.heard = []
        c.say(.subscribe(paste: keys[1], after: nil, pending: []))
        bench.settle()
        #expect(c.errors.isEmpty && !c.heard.isEmpty, "an unused paste makes room")
    }

    @Test("new pastes of one address in an hour, and all pastes", arguments: [-1, 0, 1])
    func pastes(offset: Int) {
        for isTotal in [false, true] {
            let bench = Bench {
                $0.visitors = .unlimited
                if isTotal {
                    $0.visitors.pastes = 5
                } else {
                    $0.visitors.perAddress.pastes = Allowance(5, per: 3_600_000, burst: 5)
                }
            }
            let maker = bench.device(peer: .test(9))
            for ref in 1...UInt64(5 + offset) {
                maker.say(.create(ref: ref, key: nil, expiresIn: nil, isPrivate: false))
                bench.settle()
            }
            #expect(maker.errors == (offset > 0 ? [isTotal ? "serverFull" : "tooManyPastes"] : []))
            guard offset > 0, case .error(let error)? = maker.heard.last else { continue }
            #expect(error.ref == 6 && error.retryAfter == (isTotal ? 5_000 : 720_000))
        }
    }

    @Test("what a client can act on is announced, and only what holds")
    func welcome() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.pastes = Allowance(7, per: 3_600_000, burst: 7)
        }
        let visitor = bench.connect()
        visitor.write(visitor.wire.request)
        guard case .welcome(let welcome)? = visitor.heard.first else { return #expect(Bool(false), "no welcome") }
        #expect(welcome.limits.pastesPerHour == 7 && welcome.limits.requestsPerSecond == nil)
    }

    @Test("every limit is in metrics, by class")
    func metrics() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.requests = Allowance(10, per: 1_000, burst: 2)
            $0.visitors.total.misses = Allowance(10, per: 1_000, burst: 20)
        }
        bench.device(peer: .test(9)).say(.ping, .ping)
        let families = bench.accounts.figures.families(bench.settings.visitors)
        let hits = families.first { $0.name == "limit_hits" }?.samples ?? []
        #expect(hits.count == 2 * (PacedLimit.allCases.count + 2) + 1)
        #expect(Set(hits.map(\.labels)).count == hits.count)
        #expect(hits.first { $0.labels == "{limit=\"requests\",scope=\"address\"}" }?.value ?? 0 > 0)
        let limits = families.first { $0.name == "visitor_limit" }?.samples ?? []
        #expect(limits.first { $0.labels == "{limit=\"misses\",scope=\"total\"}" }?.value == 10)
    }
}
