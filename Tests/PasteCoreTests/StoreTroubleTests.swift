import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// What devices are told when the store does not do as asked.
@Suite("Store trouble")
struct StoreTroubleTests {
    @Test(
        "a commit that failed is shown to nobody and its author may try again",
        arguments: [(StoreError.busy, "busy"), (.full, "storageFull"), (.corrupt("file"), "damaged")])
    func failures(error: StoreError, code: String) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.append(1, "x")
        bench.answer(error)
        #expect(a.errors == [code])
        #expect(b.heard.isEmpty)
        a.append(1, "x")
        bench.settle()
        #expect(b.events.map(\.cursor.seq) == [1])
    }

    @Test("an unknown outcome is asked for again, unaltered, until it is decided", arguments: [false, true])
    func unavailable(isDone: Bool) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.append(1, "x")
        let first = bench.commits.first?.events
        bench.answer(.unavailable("?"), isDone: isDone)
        #expect(a.heard.isEmpty && b.heard.isEmpty, "nobody knows yet")
        bench.pass(bench.settings.retryMilliseconds)
        #expect(bench.commits.first?.events == first)
        // This try was refused; the first one's outcome is as unknown as before.
        bench.answer(.busy)
        #expect(a.heard.isEmpty)
        bench.pass(bench.settings.retryMilliseconds)
        #expect(bench.commits.first?.events == first)
        bench.settle()
        #expect(a.events == first)
        #expect(b.events == first)
    }

    @Test("after a conflict the log is read again, and nobody is told that the paste is gone")
    func conflict() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers()
        a.append(1, "x")
        guard let commit = bench.commits.first, let live = bench.cores[0].pastes[commit.paste] else {
            return #expect(Bool(false), "no commit")
        }
        let ours = bench.asked
        let author = Author(rawValue: 5)
        let expected = live.paste?.committed.cursor ?? Cursor(seq: 0, tag: 0)
        let event = Event(
            cursor: expected.advanced(by: author, ref: 1), at: bench.now, author: author, ref: 1,
            body: .append(item: 1, text: Text("another node's")))
        bench.asked = [(.commit(commit.paste, expected: expected, events: [event]), 0)]
        bench.answerUnheard()
        bench.asked = ours
        bench.answer()
        #expect(a.errors == ["unavailable"])
        b.append(1, "meanwhile")
        let late = bench.device()
        late.say(.subscribe(paste: key, after: nil, pending: []))
        #expect(b.errors.isEmpty && late.errors.isEmpty)
        bench.settle()
        #expect(b.events.map(\.cursor.seq) == [1, 2])
        #expect(b.events.last?.body == .append(item: 2, text: Text("meanwhile")))
        a.append(1, "x")
        bench.settle()
        #expect(a.events.map(\.cursor.seq) == [1, 2, 3])
    }

    @Test("a paste that can not be read is told as such, and tried again at the next wish")
    func loadFails() {
        let bench = Bench()
        let key = bench.makePaste(by: bench.device())?.paste ?? ""
        let a = bench.device()
        a.say(.subscribe(paste: key, after: nil, pending: []))
        bench.answer(.unavailable("?"))
        #expect(a.errors == ["unavailable"])
        a.heard = []
        a.say(.subscribe(paste: key, after: nil, pending: []))
        bench.settle()
        #expect(a.errors.isEmpty && !a.heard.isEmpty)
    }

    @Test("what comes in while a paste is read keeps its order")
    func heldInput() {
        let bench = Bench()
        let key = bench.makePaste(by: bench.device())?.paste ?? ""
        let a = bench.device()
        a.write(
            a.wire.frame(.subscribe(paste: key, after: nil, pending: []))
                + a.wire.frame(.request(ref: 1, .append(Text("1")), paste: nil)) + a.wire.frame(.ping))
        #expect(a.isPaused, "reading goes on although nothing can be looked at")
        a.append(2, "2")
        #expect(a.heard.isEmpty)
        bench.settle()
        #expect(!a.isPaused)
        #expect(a.events.compactMap(\.body.newItem) == [1, 2])
        #expect(a.heard.contains(.pong))
    }
}

extension Bench {
    /// Carries out what was asked without telling the core.
    func answerUnheard() {
        let requests = asked
        asked = []
        for (request, _) in requests { carry(request) }
    }
}
