import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// One wish of a device, from its message to every screen.
@Suite("Requests")
struct RequestTests {
    @Test("a new connection is welcomed with the limits in force")
    func welcome() {
        let bench = Bench { $0.requestsInFlight = 5 }
        let visitor = bench.connect()
        visitor.write(visitor.wire.request)
        guard case .welcome(let welcome)? = visitor.heard.first else { return #expect(Bool(false), "no welcome") }
        #expect(welcome.limits.requestsInFlight == 5)
        #expect(welcome.now == bench.now)
    }

    @Test("an append is shown to everybody, the same, when it is durable and not before")
    func shownMeansSafe() {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.append(1, "hello\r\n")
        #expect(a.events.isEmpty && b.events.isEmpty, "shown before the store had it")
        #expect(bench.commits.count == 1)
        bench.settle()
        #expect(a.events.count == 1)
        #expect(a.events == b.events)
        #expect(a.events.first?.body == .append(item: 1, text: Text("hello\r\n")))
        #expect(a.receipts.isEmpty, "its own event is the acknowledgement")
    }

    @Test("a tick's requests are one batch, and one is in flight at a time")
    func batches() {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.say(.request(ref: 1, .append(Text("1")), paste: nil), .request(ref: 2, .append(Text("2")), paste: nil))
        b.append(1, "3")
        #expect(bench.commits.map(\.events.count) == [2], "the third waits for the verdict on the first two")
        bench.answer()
        #expect(bench.commits.map(\.events.count) == [1])
        bench.settle()
        #expect(a.events.map(\.cursor.seq) == [1, 2, 3])
    }

    @Test("who does not follow the paste gets an ack")
    func script() {
        let bench = Bench()
        let (a, _, key) = bench.twoViewers()
        let script = bench.device()
        script.append(1, "from a script", paste: key)
        bench.settle()
        #expect(script.receipts == [Receipt(ref: 1, seq: 1, item: 1)])
        #expect(a.events.count == 1)
    }

    @Test("a script reaches each paste that it names, by any spelling, and is the same device there each time")
    func namesInTurn() {
        let bench = Bench()
        let (a, _, key) = bench.twoViewers()
        let (b, _, other) = bench.twoViewers()
        let script = bench.device()
        let spellings = [key, other, key, key.uppercased().replacing("-", with: " "), other, "maple-otter-nobody", key]
        for (index, spelling) in spellings.enumerated() {
            script.append(UInt64(index + 1), spelling, paste: spelling)
            bench.settle()
        }
        #expect(a.events.map(\.ref) == [1, 3, 4, 7])
        #expect(b.events.map(\.ref) == [2, 5])
        #expect(Set(a.events.map(\.author)).count == 1)
        #expect(Set((a.events + b.events).map(\.author)).count == 2)
        #expect(script.errors == ["noSuchPaste"])
        #expect(script.receipts.map(\.ref) == [1, 2, 3, 4, 5, 7])
        script.follow(other)
        script.append(8, "followed")
        bench.settle()
        #expect(b.events.map(\.ref) == [2, 5, 8])
        #expect(Set(b.events.map(\.author)).count == 1, "it is who it was there, whatever it named last")
    }

    @Test("a repeat takes effect once and is answered by the first one's receipt, on any connection")
    func exactlyOnce() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers()
        a.append(7, "once")
        a.append(7, "once")
        bench.settle()
        a.append(7, "once")
        bench.settle()
        #expect(b.events.count == 1)
        #expect(a.receipts == [Receipt(ref: 7, seq: 1, item: 1), Receipt(ref: 7, seq: 1, item: 1)])
        let again = bench.device(1)
        again.append(7, "once", paste: key)
        bench.settle()
        #expect(again.receipts == [Receipt(ref: 7, seq: 1, item: 1)])
    }

    @Test("a repeated create finds the first paste; another ref makes another")
    func repeatedCreate() {
        let bench = Bench()
        let first = bench.makePaste(by: bench.device(5))
        let again = bench.makePaste(by: bench.device(5))
        let other = bench.makePaste(by: bench.device(6))
        #expect(first != nil && first?.paste == again?.paste && first?.cursor == again?.cursor)
        #expect(other?.paste != first?.paste)
    }

    @Test("an unknown key is answered like an expired one, and is not made")
    func unknownKey() {
        let bench = Bench()
        let (a, _, key) = bench.twoViewers(expiresIn: 5_000)
        bench.pass(until: bench.expiresAt)
        bench.settle()
        a.heard = []
        a.say(.subscribe(paste: key, after: nil, pending: []))
        #expect(a.heard.isEmpty, "told without asking the store, in another time")
        bench.settle()
        let expired = a.heard
        a.heard = []
        a.say(.subscribe(paste: "maple-otter-nobody", after: nil, pending: []))
        bench.settle()
        #expect(a.errors == ["noSuchPaste"])
        #expect(a.heard.map(\.withoutKey) == expired.map(\.withoutKey), "told apart by more than the key asked for")
    }

    @Test("a request on a paste that is not the followed one is refused")
    func otherPaste() {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        let other = bench.makePaste(by: bench.device(77))?.paste
        a.append(1, "x", paste: other)
        #expect(a.errors == ["otherPaste"])
        b.say(.unsubscribe)
        b.append(1, "x")
        #expect(b.errors == ["notSubscribed"])
    }

    @Test("the same client's newer subscription replaces the older connection, with 4500")
    func replaced() {
        let bench = Bench()
        let (a, _, key) = bench.twoViewers()
        let newer = bench.device(1)
        newer.follow(key)
        #expect(a.closeCode == 4500)
        #expect(a.isClosed)
        newer.append(1, "still here")
        bench.settle()
        #expect(newer.events.count == 1)
    }

    @Test("a connection that follows nothing any more stays when its device comes anew")
    func notReplaced() {
        let bench = Bench()
        let (a, _, key) = bench.twoViewers()
        a.say(.unsubscribe)
        let newer = bench.device(1)
        newer.follow(key)
        #expect(!a.isClosed)
        a.say(.ping)
        #expect(a.heard.last == .pong)
    }

    @Test("a message that can not be read costs an error, and the connection stays")
    func badMessages() {
        let bench = Bench()
        let (a, _, _) = bench.twoViewers()
        a.say(.hello(client: ClientSecret(high: 9, low: 9)))
        #expect(a.errors == ["helloTooLate"])
        a.say(.ping)
        #expect(a.heard.last == .pong)
        #expect(!a.isClosed)
    }

    @Test("an answer that rests on what is not durable waits for it", arguments: [nil, StoreError.busy])
    func parked(failure: StoreError?) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        a.append(1, "will it be?")
        b.say(.request(ref: 1, .remove(item: 2), paste: nil))
        a.append(1, "will it be?")
        #expect(a.heard.isEmpty && b.heard.isEmpty)
        bench.answer(failure)
        bench.settle()
        #expect(b.errors == ["noSuchItem"])
        if failure == nil {
            #expect(a.receipts.map(\.seq) == [1])
        } else {
            // The first sending failed; its repeat is judged anew and takes effect.
            #expect(a.errors == ["busy"] && a.events.count == 1)
        }
    }
}

extension ServerMessage {
    /// The message without the echo of the key that was asked for.
    fileprivate var withoutKey: ServerMessage {
        guard case .error(var error) = self else { return self }
        error.paste = nil
        return .error(error)
    }
}
