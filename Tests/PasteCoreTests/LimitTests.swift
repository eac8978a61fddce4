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

    @Test("a burst is taken, then a rate with the time to wait", arguments: [-1, 0, 1])
    func rate(offset: Int) {
        let bench = Bench {
            $0.appends = Rate(perSecond: 2, burst: 5)
            $0.requestsInFlight = 100
        }
        let (a, b, _) = bench.twoViewers()
        bench.pass(10_000)
        let count = 5 + offset
        for ref in 1...UInt64(count) { a.append(ref, "x") }
        bench.settle()
        #expect(a.errors == (offset > 0 ? ["tooFast"] : []))
        #expect(b.events.count == min(5, count))
        guard offset > 0, case .error(let error)? = a.heard.first(where: { $0.isError }) else { return }
        #expect(error.retryAfter == 500)
        bench.pass(499)
        a.append(6, "x")
        bench.settle()
        #expect(b.events.count == 5)
        bench.pass(1)
        a.append(6, "x")
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
        let frame = #"{"type":"ping","pad":""}"#
        let json = frame.replacing("\"\"", with: "\"" + String(repeating: "x", count: 2_000 - frame.utf8.count + offset) + "\"")
        a.write(a.wire.text(json))
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
