import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// Limits of one connection, each one below, at and above.
@Suite("Limits")
struct LimitTests {
    @Test("as many requests are in flight as announced", arguments: [-1, 0, 1])
    func inFlight(offset: Int) {
        let bench = Bench { $0.appends = Rate(perSecond: 1_000, burst: 5_000) }
        let (a, b, _) = bench.twoViewers()
        let count = 32 + offset
        for ref in 1...UInt64(count) { a.append(ref, "x") }
        #expect(a.errors == (offset > 0 ? ["tooManyInFlight"] : []))
        bench.settle()
        #expect(b.events.count == min(count, 32))
        if offset > 0 { a.append(33, "x") }
        bench.settle()
        #expect(b.events.count == count, "what was refused may be sent again")
        #expect(!a.isClosed)
    }

    @Test("behind a burst requests wait for their permits, in order, and none is lost", arguments: [-1, 0, 1])
    func rate(offset: Int) {
        let bench = Bench { $0.appends = Rate(perSecond: 2, burst: 5) }
        let (a, b, _) = bench.twoViewers()
        bench.pass(10_000)
        b.heard = []
        let count = 5 + offset
        for ref in 1...UInt64(count) { a.append(ref, "x") }
        a.say(.ping)
        bench.settle()
        #expect(b.events.count == min(5, count))
        #expect(a.isPaused == (offset > 0))
        #expect(a.heard.contains(.pong) == (offset <= 0), "what comes later waits, too")
        guard offset > 0 else { return }
        bench.pass(499)
        bench.settle()
        #expect(b.events.count == 5)
        bench.pass(1)
        bench.settle()
        #expect(b.events.map(\.ref) == [1, 2, 3, 4, 5, 6])
        #expect(a.heard.contains(.pong) && a.errors.isEmpty && !a.isPaused)
    }

    @Test("a script that follows nothing waits for its permits, too")
    func scriptRate() {
        let bench = Bench { $0.appends = Rate(perSecond: 2, burst: 5) }
        let (_, b, key) = bench.twoViewers()
        let script = bench.device()
        for ref in 1...UInt64(6) {
            script.append(ref, "x", paste: key)
            bench.settle()
        }
        #expect(b.events.count == 5)
        bench.pass(500)
        bench.settle()
        #expect(b.events.count == 6)
    }

    @Test("a text, a message: one byte over is an error, one message over a close with 1009", arguments: [-1, 0, 1])
    func sizes(offset: Int) {
        let bench = Bench {
            $0.limits.textBytes = 1_000
            $0.messageBytes = 2_000
        }
        let (a, b, _) = bench.twoViewers()
        a.append(1, String(repeating: "x", count: 1_000 + offset))
        bench.settle()
        #expect(a.errors == (offset > 0 ? ["textTooLarge"] : []))
        #expect(b.events.count == (offset > 0 ? 0 : 1))
        a.heard = []
        let (start, end) = (#"{"type":"ping","pad":""#, "\"}")
        let padding = String(repeating: "x", count: 2_000 - start.utf8.count - end.utf8.count + offset)
        a.write(a.wire.text(start + padding + end))
        #expect(a.closeCode == (offset > 0 ? 1009 : nil))
        #expect(a.heard == (offset > 0 ? [] : [.pong]))
    }
}

extension ServerMessage {
    var isError: Bool {
        if case .error = self { return true }
        return false
    }
}
