import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// How pastes end: by time, by a person; and what saves them.
@Suite("The end of a paste")
struct EndTests {
    @Test("a request is taken until the millisecond before the end", arguments: [-1, 0, 1])
    func edge(offset: Milliseconds) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers(expiresIn: 5_000)
        // Without the timer having been called: the request itself looks at the clock.
        bench.now = bench.expiresAt + offset
        a.append(1, "just in time?")
        bench.settle()
        if offset < 0 {
            #expect(b.events.count == 1)
        } else {
            #expect(b.events.isEmpty)
            #expect(a.errors == ["noSuchPaste"])
        }
    }

    @Test("at the end every device is told, and nothing stays in memory or store", arguments: [-1, 0, 1])
    func expires(offset: Milliseconds) {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers(expiresIn: 5_000)
        bench.pass(until: bench.expiresAt + offset)
        let isOver = offset >= 0
        #expect(a.heard == (isOver ? [.expired(paste: key, .expired)] : []))
        #expect(b.heard == a.heard)
        #expect(bench.removals == (isOver ? 1 : 0))
        bench.settle()
        #expect(bench.cores[0].pastes.isEmpty == isOver)
        #expect(!a.isClosed, "the connection may go on to another paste")
    }

    @Test("an extend in flight at the end saves the paste, and what waited for the verdict")
    func extendSaves() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers(expiresIn: 5_000)
        bench.pass(until: bench.expiresAt - 1)
        a.say(.request(ref: 1, .extend(expiresIn: 60_000), paste: nil))
        bench.pass(1)
        b.append(1, "in between")
        let late = bench.device()
        late.say(.subscribe(paste: key, after: nil, pending: []))
        #expect(b.heard.isEmpty && late.heard.isEmpty, "told of an end that is not decided")
        bench.settle()
        #expect(b.events.map(\.cursor.seq) == [1, 2])
        #expect(late.errors.isEmpty && !late.heard.isEmpty)
        #expect(bench.cores[0].pastes.count == 1)
        bench.pass(until: bench.expiresAt)
        #expect(a.heard.contains(.expired(paste: key, .expired)))
    }

    @Test("an extend that the store refused saves nothing")
    func extendFails() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers(expiresIn: 5_000)
        bench.pass(until: bench.expiresAt - 1)
        a.say(.request(ref: 1, .extend(expiresIn: 60_000), paste: nil))
        bench.pass(1)
        b.append(1, "in between")
        bench.answer(.full)
        bench.settle()
        #expect(a.errors == ["storageFull"])
        #expect(b.heard.contains(.expired(paste: key, .expired)))
        #expect(b.errors == ["noSuchPaste"])
        #expect(bench.cores[0].pastes.isEmpty)
    }

    @Test("a deletion is shown when it is durable, and no earlier")
    func deleted() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers()
        a.append(1, "x")
        a.say(.delete(ref: 2))
        #expect(bench.removals == 0, "what is in flight is decided first")
        bench.answer()
        #expect(bench.removals == 1)
        bench.answer(.unavailable("?"))
        #expect(!b.heard.contains(.expired(paste: key, .deleted)))
        bench.pass(bench.settings.retryMilliseconds)
        #expect(bench.removals == 1, "it is asked for again")
        bench.settle()
        #expect(b.heard.last == .expired(paste: key, .deleted))
        #expect(a.heard.contains(.expired(paste: key, .deleted)))
        #expect(bench.cores[0].pastes.isEmpty)
    }

    @Test("the sweep removes what ended while nobody had it open")
    func sweep() {
        let bench = Bench()
        let key = bench.makePaste(by: bench.device(), expiresIn: 5_000)?.paste ?? ""
        // The first sweep is at the start.
        bench.pass(1)
        bench.settle()
        bench.pass(bench.settings.sweepMilliseconds + 5_000)
        bench.settle()
        let id = PasteKey(parsing: key).map { PasteID($0, hash: bench.settings.hash) }
        #expect(id.map(bench.disk.holds) == false, "still in the store")
        let late = bench.device()
        late.say(.subscribe(paste: key, after: nil, pending: []))
        bench.settle()
        #expect(late.errors == ["noSuchPaste"])
    }

    @Test("a paste that nobody follows is unloaded after its idle time", arguments: [-1, 0, 1])
    func unloads(offset: Milliseconds) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.cutOff()
        b.cutOff()
        bench.pass(bench.settings.idlePasteMilliseconds + offset)
        #expect(bench.cores[0].pastes.isEmpty == (offset >= 0))
    }

    @Test("the number of devices is told at most once a second")
    func devices() {
        let bench = Bench()
        let (a, _, key) = bench.twoViewers()
        for _ in 0..<5 {
            bench.device().follow(key)
            bench.pass(100)
        }
        bench.pass(900)
        let counts = a.heard.compactMap { if case .devices(let count) = $0 { count } else { nil } }
        #expect(counts.count == 2, "in 1.4 s")
        #expect(counts.last == 7)
    }
}
