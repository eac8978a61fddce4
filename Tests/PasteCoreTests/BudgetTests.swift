import PasteModel
import PasteProtocol
import Testing
import WebSocket

@testable import PasteCore

/// What many peers together can make a shard keep.
@Suite("Memory of all connections")
struct BudgetTests {
    /// The front of a masked text frame of that many bytes, without the payload's last byte.
    private func beginning(of count: Int) -> [UInt8] {
        [0x01, 0xFE, UInt8(count >> 8), UInt8(count & 0xFF), 0, 0, 0, 0] + [UInt8](repeating: 0x61, count: count - 1)
    }

    private func bench() -> Bench { Bench { $0.bufferBytes = 1 << 20 } }

    private func used(_ bench: Bench) -> Int { bench.cores[0].budget.usedBytes }

    @Test("unfinished messages of many connections stay within the budget; those of the address that holds most go")
    func unfinished() {
        let bench = bench()
        let honest = bench.device(peer: PeerAddress(high: 1, low: 1))
        honest.write(beginning(of: 60_000))
        var attackers: [Visitor] = []
        for number in 0..<100 {
            let attacker = bench.device(peer: PeerAddress(high: 2, low: UInt64(number)))
            attacker.write(beginning(of: 60_000))
            attackers.append(attacker)
            #expect(used(bench) <= 1 << 20)
        }
        #expect(!honest.isClosed, "one small holder paid for a large one")
        let closed = attackers.filter { $0.closeCode == 1013 && $0.isClosed }
        #expect(closed.count > 80 && closed.count < 100)
        #expect(bench.cores[0].counters.relievedConnections == UInt64(closed.count))
        honest.write([0x61, 0x80, 0x80, 0, 0, 0, 0])
        honest.say(.ping)
        #expect(!honest.isClosed)
    }

    @Test("all of it comes back when connections finish, close or move")
    func comesBack() {
        let bench = bench()
        let one = bench.device()
        one.write(beginning(of: 60_000))
        #expect(used(bench) >= 60_000)
        one.write([0x61, 0x80, 0x80, 0, 0, 0, 0])
        #expect(used(bench) == 0)
        let two = bench.device()
        two.write(beginning(of: 60_000))
        two.cutOff()
        #expect(used(bench) == 0)
        let page = bench.connect()
        page.isHTTP = true
        page.write(Array("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 5_000))".utf8))
        #expect(used(bench) >= 5_000)
        page.write(Array("\r\n\r\n".utf8))
        #expect(used(bench) == 0)
    }

    @Test("output that nobody reads stays within the budget: who does not read is cut off")
    func unread() {
        let bench = bench()
        var visitors: [Visitor] = []
        for number in 0..<20 {
            let visitor = bench.device(peer: PeerAddress(high: UInt64(2 + number), low: 1))
            visitor.reads = false
            // 64 bytes of memory for each pong of 7: what waits is weighed, not counted.
            visitor.write((0..<3_000).flatMap { _ in visitor.wire.frame(.ping) })
            visitors.append(visitor)
            #expect((visitor.session?.outbox.weight ?? 0) <= bench.settings.outboxHighWaterBytes + 1_024)
            #expect(used(bench) <= 1 << 20)
        }
        #expect(visitors.count(where: \.isClosed) > 10)
    }

    @Test("a frame that a thousand devices wait for counts once")
    func shared() {
        let bench = bench()
        let author = bench.device(1)
        let key = bench.makePaste(by: author)?.paste ?? ""
        author.follow(key)
        let viewers = (0..<50).map { bench.device(UInt64(100 + $0)) }
        for viewer in viewers { viewer.follow(key) }
        bench.pass(2_000)
        for viewer in viewers { viewer.reads = false }
        author.append(1, String(repeating: "x", count: 50_000))
        bench.settle()
        #expect(viewers.allSatisfy { ($0.session?.outbox.byteCount ?? 0) > 50_000 })
        #expect(used(bench) > 50_000 && used(bench) < 150_000)
        #expect(viewers.allSatisfy { !$0.isClosed })
        for viewer in viewers {
            viewer.reads = true
            viewer.flush()
        }
        bench.tick()
        #expect(used(bench) == 0)
    }

    @Test("unfinished heads count too, and are answered 503")
    func heads() {
        let bench = Bench { $0.bufferBytes = 256 << 10 }
        var visitors: [Visitor] = []
        for number in 0..<40 {
            let visitor = bench.connect(peer: PeerAddress(high: 2, low: UInt64(number)))
            visitor.isHTTP = true
            visitor.write(
                Array(
                    "GET / HTTP/1.1\r\n\((0..<3).map { "X\($0): \(String(repeating: "x", count: 8_000))\r\n" }.joined())"
                        .utf8))
            visitors.append(visitor)
            #expect(used(bench) <= 256 << 10)
        }
        let refused = visitors.filter { $0.text.hasPrefix("HTTP/1.1 503 ") && $0.isClosed }
        #expect(refused.count > 20 && refused.allSatisfy { $0.text.contains("Retry-After: ") })
    }
}

/// Deadlines cover the whole of what they are for.
@Suite("Slow peers")
struct SlowPeerTests {
    private func visit(_ bench: Bench) -> Visitor {
        let visitor = bench.connect()
        visitor.isHTTP = true
        return visitor
    }

    @Test("every later request, too, has ten seconds from its first byte, however it trickles in")
    func laterRequest() {
        let bench = Bench()
        let visitor = visit(bench)
        visitor.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        bench.pass(40_000)
        for byte in "GET / HTTP".utf8.prefix(9) {
            visitor.write([byte])
            bench.pass(1_000)
        }
        #expect(!visitor.isClosed)
        visitor.write([UInt8(ascii: "P")])
        bench.pass(2_000)
        #expect(visitor.isClosed && visitor.text.contains("HTTP/1.1 408 "))
    }

    @Test("a kept-alive connection without a request is closed without a word after a minute")
    func idle() {
        let bench = Bench()
        let visitor = visit(bench)
        visitor.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        let before = visitor.bytes.count
        bench.pass(58_000)
        #expect(!visitor.isClosed)
        bench.pass(4_000)
        #expect(visitor.isClosed && visitor.bytes.count == before)
    }

    @Test("content may be silent for five minutes, and takes an hour at most; what has come so far is dropped")
    func content() {
        for (pause, pieces) in [(Milliseconds(301_000), 1), (250_000, 16)] {
            let bench = Bench()
            let visitor = visit(bench)
            visitor.write(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n".utf8))
            for piece in 1..<pieces {
                visitor.write([0x61])
                bench.pass(pause)
                #expect(visitor.isClosed == (Milliseconds(piece) * pause > 3_600_000))
            }
            bench.pass(pause)
            #expect(visitor.isClosed && visitor.text.hasPrefix("HTTP/1.1 408 "))
            #expect(!bench.asked.contains { if case .create = $0.request { true } else { false } })
            #expect(bench.cores[0].budget.usedBytes == 0)
        }
    }

    @Test("a message has two minutes from its first byte to its last, fragments and pings in between or not")
    func message() {
        let bench = Bench()
        let device = bench.device()
        device.write([0x01, 0x81, 0, 0, 0, 0, 0x61])
        for _ in 0..<59 {
            bench.pass(2_000)
            device.write([0x00, 0x81, 0, 0, 0, 0, 0x61] + [0x89, 0x80, 0, 0, 0, 0])
        }
        #expect(!device.isClosed)
        bench.pass(4_000)
        #expect(device.isClosed && device.closeCode == 4003)
    }

    @Test("whole messages, and frames that stop halfway for a moment, have all the time they want")
    func lively() {
        let bench = Bench()
        let device = bench.device()
        let ping = device.wire.frame(.ping)
        device.write(Array(ping.prefix(3)))
        for _ in 0..<200 {
            bench.pass(2_000)
            device.write(Array(ping.dropFirst(3)) + ping.prefix(3))
        }
        #expect(!device.isClosed)
        // Control frames that are cut in two are no message that takes long.
        let other = bench.device()
        other.write([0x89])
        for _ in 0..<200 {
            bench.pass(2_000)
            other.write([0x80, 0, 0, 0, 0, 0x89])
        }
        #expect(!other.isClosed)
    }
}
