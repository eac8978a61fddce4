import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// What silence leads to.
@Suite("Timeouts")
struct TimeoutTests {
    @Test("a first request has ten seconds, however it trickles in", arguments: [9_000, 10_000])
    func firstRequest(after: Milliseconds) {
        let bench = Bench()
        let visitor = bench.connect()
        visitor.isHTTP = true
        for _ in 0..<9 {
            bench.pass(1_000)
            visitor.write([UInt8(ascii: "G")])
        }
        bench.pass(after - 9_000)
        #expect(visitor.isClosed == (after >= 10_000))
        #expect(visitor.text.hasPrefix("HTTP/1.1 408 ") == (after >= 10_000))
    }

    @Test("a quiet connection is asked with a ping, and closed when it does not answer", arguments: [true, false])
    func ping(answers: Bool) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        b.answersPings = answers
        bench.pass(bench.settings.pingMilliseconds + bench.settings.pongMilliseconds + 2_000)
        #expect(!a.isClosed)
        #expect(b.isClosed == !answers)
        #expect(b.closeCode == (answers ? nil : 4002))
        bench.pass(300_000)
        #expect(!a.isClosed)
    }

    @Test("thousands who are due together are looked at in several ticks", arguments: [-1, 0, 1])
    func crowd(beside limit: Int) {
        let bench = Bench()
        let devices = (0..<ShardCore.deadlinesPerTick + limit).map { _ in bench.device() }
        for device in devices { device.answersPings = false }
        bench.pass(bench.settings.pingMilliseconds - 1)
        var pinged: [Int] = []
        while bench.cores[0].nextDeadline.map({ $0 <= bench.now + 1_000 }) == true {
            bench.cores[0].timer(now: bench.now + 1_000)
            bench.tick()
            pinged.append(devices.count { $0.session?.pingedAt != nil })
        }
        #expect(pinged == (limit > 0 ? [ShardCore.deadlinesPerTick, devices.count] : [devices.count]))
    }

    @Test("a pong that waits behind output is not taken for silence")
    func busyReader() {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        b.reads = false
        a.append(1, String(repeating: "x", count: 50_000))
        bench.settle()
        for _ in 0..<150 {
            bench.pass(1_000)
            guard let core = b.core else { break }
            bench.cores[core].sent(b.id, 10, now: bench.now)
            bench.tick()
        }
        #expect(b.session?.isClosing == false)
    }

    @Test("a connection that is told goodbye has its whole time to hear it")
    func closing() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers()
        bench.pass(bench.settings.pingMilliseconds - 2_000)
        b.reads = false
        a.append(1, "before the goodbye")
        bench.settle()
        let newer = bench.device(2)
        newer.follow(key)
        #expect(b.session?.isClosing == true)
        bench.pass(bench.settings.closeMilliseconds - 1_000)
        #expect(!b.isClosed, "cut off by a deadline that was meant for a ping")
        bench.pass(2_000)
        #expect(b.isClosed)
    }
}

/// Connections that move between shards.
@Suite("Hand-off")
struct HandOffTests {
    /// A paste whose home is not core 0, and a device that is there.
    private func elsewhere(_ bench: Bench) -> (Visitor, key: String) {
        for secret in 100...UInt64(200) {
            let maker = bench.device(secret)
            let key = bench.makePaste(by: maker)?.paste ?? ""
            guard let parsed = PasteKey(parsing: key) else { continue }
            if PasteID(parsed, hash: bench.settings.hash).home(of: 2) == 1 {
                return (bench.device(1), key)
            }
        }
        return (bench.device(1), "")
    }

    @Test("a subscription moves the connection to the paste's shard, and what was read moves along in order")
    func moves() {
        let bench = Bench(shards: 2)
        let (a, key) = elsewhere(bench)
        let half = a.wire.frame(.request(ref: 2, .append(Text("2")), paste: nil))
        a.write(
            a.wire.frame(.subscribe(paste: key, after: nil, pending: []))
                + a.wire.frame(.request(ref: 1, .append(Text("1")), paste: nil)) + half.prefix(7))
        #expect(bench.underWay.count == 1 && a.core == nil)
        bench.settle()
        #expect(a.core == 1)
        a.write(Array(half.dropFirst(7)))
        bench.settle()
        #expect(a.events.map(\.ref) == [1, 2])
    }

    @Test("it waits for requests in flight and an empty outbox, and hears no more of the old paste")
    func waits() {
        let bench = Bench(shards: 2)
        let (a, key) = elsewhere(bench)
        var here = ""
        for secret in 300...UInt64(400) {
            here = bench.makePaste(by: bench.device(secret))?.paste ?? ""
            let id = PasteKey(parsing: here).map { PasteID($0, hash: bench.settings.hash) }
            if id?.home(of: 2) == 0 { break }
        }
        let other = bench.device(2)
        a.follow(here)
        other.follow(here)
        a.append(1, "in flight")
        a.say(.subscribe(paste: key, after: nil, pending: []))
        #expect(bench.underWay.isEmpty, "left with a request in flight")
        a.reads = false
        bench.answer()
        #expect(bench.underWay.isEmpty, "left with output that was not sent")
        other.append(2, "to the old paste")
        bench.answer()
        a.reads = true
        a.flush()
        bench.tick()
        #expect(bench.underWay.count == 1)
        other.append(3, "to the old paste")
        bench.settle()
        #expect(a.broken == nil)
        #expect(a.receipts == [Receipt(ref: 1, seq: 1, item: 1)])
        #expect(a.events.isEmpty)
        #expect(a.heard.contains { $0.isSnapshot })
        #expect(other.session?.view?.paste.viewers.count == 1)
    }
}

/// A restart that is announced.
@Suite("Drain")
struct DrainTests {
    private func drain(_ bench: Bench) {
        for core in bench.cores { core.drain(now: bench.now) }
        bench.tick()
    }

    @Test("who waits for nothing is closed with 1001 at once, who waits for an answer gets it first")
    func answersFirst() {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.append(1, "in flight")
        drain(bench)
        #expect(b.closeCode == 1001 && b.isClosed)
        #expect(!a.isClosed)
        a.append(2, "too late")
        bench.settle()
        #expect(a.events.map(\.ref) == [1])
        #expect(a.closeCode == 1001 && a.isClosed)
    }

    @Test("the goodbyes are spread: until its turn a device works on, and the spread has a bound")
    func spread() {
        let bench = Bench { $0.drainClosesPerSecond = 10 }
        let devices = (0..<10).map { _ in bench.device() }
        let start = bench.now
        bench.cores[0].drain(now: bench.now, within: 500)
        bench.tick()
        var open = [devices.count { !$0.isClosed }]
        while open.last ?? 0 > 0, bench.now < start + 2_000 {
            // Who is still here is served.
            for device in devices where !device.isClosed {
                device.heard = []
                device.say(.ping)
                #expect(device.heard.contains { if case .pong = $0 { true } else { false } })
            }
            bench.now += 50
            bench.cores[0].timer(now: bench.now)
            bench.tick()
            open.append(devices.count { !$0.isClosed })
        }
        #expect(open == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
        #expect(devices.allSatisfy { $0.closeCode == 1001 })
        #expect(bench.cores[0].isQuiet)
    }

    @Test("a drain is quiet only when nobody's request can reach the store")
    func quiet() {
        let bench = Bench()
        let (a, _, _) = bench.twoViewers()
        #expect(!bench.cores[0].isQuiet)
        a.append(1, "in flight")
        drain(bench)
        #expect(!bench.cores[0].isQuiet)
        bench.settle()
        #expect(bench.cores[0].isQuiet)
    }

    @Test("a connection that has asked nothing yet gets a moment, an idle one is closed at once")
    func firstRequest() {
        let bench = Bench()
        let fresh = bench.connect()
        fresh.isHTTP = true
        let silent = bench.connect()
        let idle = bench.connect()
        idle.isHTTP = true
        idle.write(Array("GET /none HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(!idle.isClosed)
        drain(bench)
        #expect(idle.isClosed && !fresh.isClosed && !silent.isClosed)
        fresh.write(Array("GET /none HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(fresh.text.hasPrefix("HTTP/1.1 404 ") && fresh.isClosed)
        bench.now += bench.settings.drainFirstRequestMilliseconds + 1_000
        bench.cores[0].timer(now: bench.now)
        bench.tick()
        #expect(silent.isClosed)
    }

    @Test("a create in flight is answered before the goodbye")
    func create() {
        let bench = Bench()
        let a = bench.device()
        a.say(.create(ref: 1, key: nil, expiresIn: nil, isPrivate: false))
        drain(bench)
        bench.settle()
        guard case .created? = a.heard.first else { return #expect(Bool(false), "\(a.heard)") }
        #expect(a.closeCode == 1001)
    }

    @Test("new connections get one answer and are closed; new WebSockets are closed with 1001")
    func newcomers() {
        let bench = Bench()
        drain(bench)
        let page = bench.connect()
        page.isHTTP = true
        page.write(Array("GET /none HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        #expect(page.text.hasPrefix("HTTP/1.1 404 ") && page.isClosed)
        let socket = bench.connect()
        socket.write(socket.wire.request)
        #expect(socket.closeCode == 1001 && socket.isClosed)
    }

    @Test("a kept-alive connection whose answer is not sent yet is closed behind it")
    func unsentAnswer() {
        let bench = Bench()
        let page = bench.connect()
        page.isHTTP = true
        page.reads = false
        page.write(Array("GET /none HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        drain(bench)
        page.reads = true
        page.flush()
        #expect(page.text.hasPrefix("HTTP/1.1 404 ") && page.isClosed)
    }
}
