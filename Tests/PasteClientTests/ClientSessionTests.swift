import PasteModel
import PasteProtocol
import Testing

@testable import PasteClient

/// A session with a script of the server in front of it.
private struct Stage {
    var session: ClientSession
    var now: Milliseconds = 1_000

    init(follows: Bool = true) {
        session = ClientSession(
            secret: ClientSecret(high: 1, low: 2), paste: "maple-otter-cabin", follows: follows, firstRef: 10)
    }

    mutating func open() -> [ClientMessage] {
        session.opened(now: now)
        hear(.welcome(Welcome(server: "pasted", limits: AnnouncedLimits(), now: 0)))
        return sent()
    }

    mutating func hear(_ message: ServerMessage) {
        var json: [UInt8] = []
        message.encode(into: &json)
        hear(json: json)
    }

    mutating func hear(json: [UInt8]) {
        session.received(json, now: now, random: 1)
    }

    mutating func sent() -> [ClientMessage] {
        var messages: [ClientMessage] = []
        while let message = session.nextMessage() { messages.append(message) }
        return messages
    }

    static let me = Author(rawValue: 7)

    func snapshot(seq: UInt64, same: Bool = true, items: [Item] = [], acked: [Receipt] = [], more: Bool = false)
        -> ServerMessage
    {
        .snapshot(
            Snapshot(
                paste: "maple-otter-cabin", code: nil, cursor: Cursor(seq: seq, tag: seq), same: same, now: 0,
                expiresAt: 9,
                you: Self.me, can: [], pad: .empty, padSeq: 0, items: items, acked: acked, devices: 1, more: more))
    }

    func event(_ seq: UInt64, by author: Author = me, ref: UInt64, _ body: EventBody) -> ServerMessage {
        .event(Event(cursor: Cursor(seq: seq, tag: seq), at: 0, author: author, ref: ref, body: body))
    }

    mutating func lose(_ code: UInt16 = 1006) {
        session.closed(code: code, now: now, random: 1)
    }

    mutating func comeBack() -> [ClientMessage] {
        while !session.wantsConnection {
            guard let next = session.nextDeadline else { return [] }
            now = next
            _ = session.time(now: now)
        }
        return open()
    }
}

private let append = Wish.change(.append(Text("text")))

@Suite struct ClientSessionTests {
    @Test("a request without an answer is sent again under its ref, as it was, with the cursor and its ref as pending")
    func resend() {
        var stage = Stage()
        #expect(stage.open().count == 2)
        stage.hear(stage.snapshot(seq: 3, same: false))
        #expect(stage.session.ask(append) == 10)
        let first = stage.sent()
        #expect(first == [.request(ref: 10, .append(Text("text")), paste: nil)])
        stage.lose()
        let again = stage.comeBack()
        #expect(again.last == .subscribe(paste: "maple-otter-cabin", after: Cursor(seq: 3, tag: 3), pending: [10]))
        #expect(stage.sent().isEmpty, "not before the history is known to be the same")
        stage.hear(.resumed(Resumed(cursor: Cursor(seq: 3, tag: 3), now: 0, expiresAt: 9, you: Stage.me, acked: [])))
        #expect(stage.sent() == first)
    }

    @Test("what `acked` names is done and not sent again")
    func acked() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 0, same: false))
        _ = stage.session.ask(append)
        _ = stage.sent()
        stage.lose()
        _ = stage.comeBack()
        let receipt = Receipt(ref: 10, seq: 1, item: 1)
        _ = stage.session.takeReports()
        stage.hear(stage.event(1, ref: 10, .append(item: 1, text: Text("text"))))
        stage.hear(
            .resumed(Resumed(cursor: Cursor(seq: 1, tag: 1), now: 0, expiresAt: 9, you: Stage.me, acked: [receipt])))
        #expect(stage.session.takeReports().filter { $0 == .done(receipt) }.count == 1)
        #expect(stage.sent().isEmpty)
        #expect(stage.session.unanswered == 0)
    }

    @Test("one that does not follow names its paste, and is answered by `ack`")
    func notFollowing() {
        var stage = Stage(follows: false)
        _ = stage.session.ask(append)
        #expect(stage.open().last == .request(ref: 10, .append(Text("text")), paste: "maple-otter-cabin"))
        stage.hear(.ack(Receipt(ref: 10, seq: 5, item: 2)))
        #expect(stage.session.takeReports().last == .done(Receipt(ref: 10, seq: 5, item: 2)))
    }

    @Test("no more requests are under way than the server permits, and they go in order")
    func window() {
        var stage = Stage(follows: false)
        for _ in 0..<100 { _ = stage.session.ask(append) }
        let refs = stage.open().dropFirst().compactMap { message -> UInt64? in
            if case .request(let ref, _, _) = message { ref } else { nil }
        }
        #expect(refs == Array(10..<42))
        stage.hear(.ack(Receipt(ref: 10, seq: 1, item: 1)))
        #expect(stage.sent().count == 1)
    }

    @Test("\"later\" holds everything back, in order, until its time, then sends the same again")
    func later() {
        var stage = Stage(follows: false)
        _ = stage.session.ask(append)
        _ = stage.session.ask(append)
        _ = stage.open()
        stage.hear(.error(ErrorMessage(code: .unavailable, ref: 10, retryAfter: 700)))
        #expect(stage.sent().isEmpty)
        stage.now += 700
        _ = stage.session.time(now: stage.now)
        #expect(stage.sent() == [.request(ref: 10, .append(Text("text")), paste: "maple-otter-cabin")])
    }

    @Test("a gap, an erased event and an unknown one with a seq are answered by a whole snapshot")
    func startOver() {
        for odd in 0..<3 {
            var stage = Stage()
            _ = stage.open()
            stage.hear(stage.snapshot(seq: 3, same: false))
            switch odd {
            case 0: stage.hear(stage.event(5, ref: 1, .remove(item: 1)))
            case 1: stage.hear(stage.event(4, ref: 1, .erased))
            default: stage.hear(json: Array(#"{"type":"paint","seq":4,"tag":"x"}"#.utf8))
            }
            #expect(stage.sent() == [.subscribe(paste: "maple-otter-cabin", after: nil, pending: [])])
        }
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 3, same: false))
        stage.hear(json: Array(#"{"type":"weather","sky":"a \"seq\": in a text"}"#.utf8))
        #expect(stage.sent().isEmpty)
        #expect(stage.session.isLive)
    }

    @Test("a snapshot that was cut off is asked for again from the old cursor")
    func cutSnapshot() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 3, same: false))
        stage.lose()
        _ = stage.comeBack()
        stage.hear(stage.snapshot(seq: 9, more: true))
        stage.lose()
        #expect(
            stage.comeBack().last
                == .subscribe(
                    paste: "maple-otter-cabin", after: Cursor(seq: 3, tag: 3), pending: []))
    }

    @Test("who starts over and is cut off names the old cursor next: the key may open another paste by then")
    func cutOffWhileStartingOver() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 3))
        stage.hear(stage.event(5, ref: 1, .remove(item: 1)))
        stage.hear(stage.event(6, ref: 2, .remove(item: 2)))
        #expect(stage.sent() == [.subscribe(paste: "maple-otter-cabin", after: nil, pending: [])])
        stage.lose()
        #expect(
            stage.comeBack().last
                == .subscribe(paste: "maple-otter-cabin", after: Cursor(seq: 3, tag: 3), pending: []))
    }

    @Test("another history under the same key is never merged: it ends")
    func otherHistory() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 3, same: false))
        _ = stage.session.ask(append)
        stage.lose()
        _ = stage.comeBack()
        stage.hear(stage.snapshot(seq: 1, same: false))
        guard case .ended(let failure) = stage.session.takeReports().last else {
            Issue.record("goes on")
            return
        }
        #expect(failure.kind == .otherHistory)
        #expect(stage.sent().isEmpty)
    }

    @Test(
        "the range of a close code decides: come back, over, or stop",
        arguments: [
            (1001, nil), (1006, nil), (1009, nil), (4000, nil), (4399, nil), (4400, .over), (4401, .over),
            (4499, .over),
            (4500, .failed), (4999, .failed), (1002, .failed), (1008, .failed),
        ] as [(UInt16, ClientFailure.Kind?)])
    func closeCodes(code: UInt16, kind: ClientFailure.Kind?) {
        var stage = Stage()
        _ = stage.open()
        stage.lose(code)
        guard case .ended(let failure) = stage.session.takeReports().last else {
            #expect(kind == nil)
            #expect(!stage.comeBack().isEmpty)
            return
        }
        #expect(failure.kind == kind)
        #expect(stage.session.nextDeadline == nil)
    }

    @Test("after 1009 the largest text is refused, and the rest goes on")
    func tooLarge() {
        var stage = Stage(follows: false)
        _ = stage.session.ask(append)
        let large = stage.session.ask(.change(.append(Text(String(repeating: "x", count: 100)))))
        _ = stage.open()
        stage.lose(1009)
        let isRefused = stage.session.takeReports().contains { report in
            if case .refused(large, _, _) = report { true } else { false }
        }
        #expect(isRefused)
        #expect(stage.comeBack().last == .request(ref: 10, .append(Text("text")), paste: "maple-otter-cabin"))
    }

    @Test("an edit whose base is too old waits for the snapshot and goes rebased under the same ref")
    func staleBase() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 3, same: false))
        let edit = TextEdit(ops: [.insert(Text("a"))])
        let ref = stage.session.ask(.change(.edit(.pad, base: 0, edit)))
        _ = stage.sent()
        stage.hear(.error(ErrorMessage(code: .staleBase, ref: ref)))
        #expect(stage.sent() == [.subscribe(paste: "maple-otter-cabin", after: nil, pending: [ref])])
        stage.hear(stage.snapshot(seq: 8))
        #expect(stage.sent().isEmpty, "held until it is amended")
        stage.session.amend(ref, .edit(.pad, base: 8, edit))
        #expect(stage.sent() == [.request(ref: ref, .edit(.pad, base: 8, edit), paste: nil)])
    }

    @Test("an edit that an `ack` named is taken by the snapshot that comes unasked after it, and is not sent again")
    func ackThenSnapshot() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 3))
        let ref = stage.session.ask(.change(.edit(.pad, base: 0, TextEdit(ops: [.insert(Text("a"))]))))
        #expect(stage.sent().count == 1)
        _ = stage.session.takeReports()
        stage.hear(.ack(Receipt(ref: ref, seq: 5, item: nil)))
        #expect(stage.session.unanswered == 1)
        stage.hear(stage.snapshot(seq: 8))
        #expect(
            stage.session.takeReports().contains(
                .level(Cursor(seq: 8, tag: 8), isSnapshot: true, taken: [ref])))
        #expect(stage.session.unanswered == 0)

        // On another connection only `acked` counts: the server may have been set back meanwhile.
        let second = stage.session.ask(.change(.edit(.pad, base: 0, TextEdit(ops: [.insert(Text("b"))]))))
        _ = stage.sent()
        stage.hear(.ack(Receipt(ref: second, seq: 9, item: nil)))
        stage.lose()
        _ = stage.comeBack()
        stage.hear(stage.snapshot(seq: 10))
        #expect(stage.session.unanswered == 1)
    }

    @Test("silence is asked about after 45 s, and a server that stays silent is given up")
    func silence() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 0, same: false))
        stage.now += 45_000
        expectTime(&stage, true)
        #expect(stage.sent() == [.ping])
        stage.now += 7_999
        expectTime(&stage, true)
        stage.now += 1
        expectTime(&stage, false)
    }

    private func expectTime(_ stage: inout Stage, _ goesOn: Bool) {
        let answer = stage.session.time(now: stage.now)
        #expect(answer == goesOn)
    }

    @Test("an unknown key ends it; one that was open before has expired")
    func unknownKey() {
        var stage = Stage()
        _ = stage.open()
        stage.hear(.error(ErrorMessage(code: .noSuchPaste)))
        #expect(stage.session.takeReports().last == .ended(ClientFailure(ErrorMessage(code: .noSuchPaste))))

        stage = Stage()
        _ = stage.open()
        stage.hear(stage.snapshot(seq: 0, same: false))
        stage.lose()
        _ = stage.comeBack()
        stage.hear(.error(ErrorMessage(code: .noSuchPaste)))
        #expect(stage.session.takeReports().last == .ended(ClientFailure(.over, "The paste has expired.")))
    }
}
