import PasteModel
import PasteProtocol
import Testing

@testable import PasteClient

/// A session, the real rules of a paste, and a network between them that breaks at any message.
private struct Network {
    static let me = Author(rawValue: 7)
    let paste = Paste(new: PasteState(generation: 1, createdAt: 0, expiresAt: .max), limits: Limits())
    var session: ClientSession
    var dice: Dice
    var now: Milliseconds = 0
    var isUp = false
    var follows = false
    var up: [ClientMessage] = []
    var down: [ServerMessage] = []
    /// What a watcher would have printed, and what was confirmed.
    var printed: [String] = []
    var newest: UInt64 = 0
    var done: [UInt64] = []

    init(_ seed: UInt64, follows: Bool) {
        dice = Dice(seed + 1)
        session = ClientSession(secret: ClientSecret(high: 1, low: 2), paste: "maple-otter-cabin", follows: follows)
    }

    // The server.

    mutating func connect() {
        while !session.wantsConnection, let next = session.nextDeadline {
            now = next
            _ = session.time(now: now)
        }
        session.opened(now: now)
        (isUp, follows) = (true, false)
        down = [.welcome(Welcome(server: "pasted", limits: AnnouncedLimits(), now: now))]
    }

    mutating func lose() {
        (isUp, up, down) = (false, [], [])
        session.closed(code: [1006, 1001, 4001].randomElement(using: &dice) ?? 1006, now: now, random: 0.5)
    }

    mutating func serve() {
        guard !up.isEmpty else { return }
        switch up.removeFirst() {
        case .subscribe(_, let after, let pending): subscribe(after, pending)
        case .request(let ref, let request, _):
            switch paste.perform(request, by: Self.me, ref: ref, now: 1) {
            case .accepted(let event): show(event, to: ref)
            case .repeated(let receipt): down.append(.ack(receipt))
            case .refused(let why): down.append(.error(ErrorMessage(why, ref: ref)))
            }
        default: break
        }
    }

    private mutating func show(_ event: Event, to ref: UInt64?) {
        _ = paste.takeBatch()
        _ = paste.commit()
        guard isUp else { return }
        if follows {
            down.append(.event(event))
        } else if let ref {
            down.append(.ack(Receipt(ref: ref, seq: event.cursor.seq, item: event.body.madeItem)))
        }
    }

    private mutating func subscribe(_ after: Cursor?, _ pending: [UInt64]) {
        follows = true
        let state = paste.committed
        let acked = Array(paste.receipts(of: Self.me, refs: pending))
        if let after, case .events(let events) = paste.next(after: after, maxBytes: 1 << 30) {
            down += events.map { .event($0) }
            down.append(
                .resumed(Resumed(cursor: state.cursor, now: now, expiresAt: 9, you: Self.me, acked: acked)))
            return
        }
        // In two parts, so that it can be cut in the middle.
        let half = state.items.count / 2
        down.append(
            .snapshot(
                Snapshot(
                    paste: "maple-otter-cabin", code: nil, cursor: state.cursor, same: after != nil, now: now,
                    expiresAt: 9, you: Self.me, can: [], pad: .empty, padSeq: 0, items: Array(state.items[..<half]),
                    acked: acked, devices: 1, more: true)))
        down.append(.items(Array(state.items[half...]), more: false))
    }

    mutating func another(_ text: String) {
        let request = PasteRequest.append(Text(text))
        guard case .accepted(let event) = paste.perform(request, by: Author(rawValue: 9), ref: UInt64(now + 1), now: 1)
        else { return }
        now += 1
        show(event, to: nil)
    }

    // The client.

    mutating func send() {
        while isUp, let message = session.nextMessage() { up.append(message) }
    }

    mutating func hear() {
        guard !down.isEmpty else { return }
        var json: [UInt8] = []
        down.removeFirst().encode(into: &json)
        session.received(json, now: now, random: 0.5)
        for report in session.takeReports() {
            switch report {
            case .snapshot(let snapshot): show(snapshot.items.map { ($0.number, $0.text) })
            case .items(let items, _): show(items.map { ($0.number, $0.text) })
            case .event(let event, _):
                if case .append(let item, let text) = event.body { show([(item, text)]) }
            case .done(let receipt): done.append(receipt.ref)
            case .refused(_, _, let error): Issue.record("refused: \(error.code)")
            case .ended(let failure): Issue.record("ended: \(failure)")
            default: break
            }
        }
    }

    private mutating func show(_ items: [(UInt64, Text)]) {
        for (number, text) in items where number > newest {
            newest = number
            printed.append(text.string)
        }
    }
}

@Suite struct SessionRoundsTests {
    @Test(
        "whatever breaks: each request takes effect once and in order, is confirmed once, and a watcher misses nothing",
        arguments: 0..<200 as Range<UInt64>, [true, false])
    func exactlyOnce(seed: UInt64, follows: Bool) {
        var network = Network(seed, follows: follows)
        var asked: [String] = []
        for _ in 0..<400 {
            switch Int.random(in: 0..<100, using: &network.dice) {
            case 0..<15:
                asked.append("mine \(asked.count)")
                _ = network.session.ask(.change(.append(Text(asked.last ?? ""))))
            case 15..<20: network.another("another's")
            case 20..<45: network.send()
            case 45..<65: network.serve()
            case 65..<92: network.hear()
            default: network.isUp ? network.lose() : network.connect()
            }
        }
        if !network.isUp { network.connect() }
        for _ in 0..<2_000 {
            network.send()
            network.serve()
            network.hear()
        }
        let items = network.paste.committed.items.map(\.text.string)
        #expect(items.filter { $0.hasPrefix("mine") } == asked)
        #expect(network.done.sorted() == Array(1...UInt64(asked.count)))
        #expect(network.session.unanswered == 0)
        if follows { #expect(network.printed == items) }
    }
}
