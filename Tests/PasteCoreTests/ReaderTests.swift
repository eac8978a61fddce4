import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// Devices that read slowly, stop reading, come back and catch up.
@Suite("Readers")
struct ReaderTests {
    private static let text = String(repeating: "x", count: 1_000)

    @Test("who does not read costs the high water and one message, and gets all of it when it reads again")
    func bounded() {
        let bench = Bench {
            $0.outboxHighWaterBytes = 8_192
            $0.refillBytes = 4_096
            $0.appends = Rate(perSecond: 1_000, burst: 1_000)
        }
        let (a, b, _) = bench.twoViewers()
        b.reads = false
        // One batch of many events is no way around the mark.
        for ref in 1...30 { a.append(UInt64(ref), Self.text) }
        bench.settle()
        #expect((b.session?.outbox.byteCount ?? 0) <= 8_192 + 1_400)
        for ref in 31...200 {
            a.append(UInt64(ref), Self.text)
            bench.settle()
            #expect((b.session?.outbox.byteCount ?? 0) <= 8_192 + 1_400)
        }
        #expect(a.events.count == 200, "others go on")
        b.reads = true
        b.flush()
        bench.settle()
        #expect(b.events.map(\.cursor.seq) == Array(1...200))
    }

    @Test("a reader so far behind that the events are gone gets a snapshot of the same history")
    func snapshot() {
        let bench = Bench {
            $0.outboxHighWaterBytes = 2_048
            $0.refillBytes = 1_024
            $0.limits.heldEvents = 2
        }
        let (a, b, _) = bench.twoViewers()
        b.reads = false
        for ref in 1...20 {
            a.append(UInt64(ref), Self.text)
            bench.settle()
        }
        b.reads = true
        b.flush()
        guard case .snapshot(let snapshot)? = b.heard.last(where: { $0.isSnapshot }) else {
            return #expect(Bool(false), "no snapshot")
        }
        #expect(snapshot.same)
        #expect(snapshot.cursor.seq == 20 && snapshot.items.count == 20)
    }

    @Test("a snapshot comes in parts that together are the whole, with nothing between")
    func parts() {
        let bench = Bench {
            $0.snapshotPartBytes = 2_500
            $0.refillBytes = 1_024
        }
        let (a, _, key) = bench.twoViewers()
        for ref in 1...9 {
            a.append(UInt64(ref), Self.text)
            bench.settle()
        }
        let late = bench.device()
        late.say(.subscribe(paste: key, after: nil, pending: []))
        var items: [UInt64] = []
        var parts = 0
        for message in late.heard {
            switch message {
            case .snapshot(let snapshot): items += snapshot.items.map(\.number)
            case .items(let more, _): items += more.map(\.number)
            default: continue
            }
            parts += 1
        }
        #expect(parts == 5)
        #expect(items == Array(1...9))
        #expect(late.heard.prefix(parts).allSatisfy { $0.isSnapshot })
    }

    @Test("a crowd that joins has the items encoded once in each state, and of a paste that is over none are kept")
    func crowd() {
        let bench = Bench { $0.snapshotPartBytes = 2_500 }
        let (a, _, key) = bench.twoViewers()
        func snapshots(of crowd: Int) -> Set<[UInt64]> {
            var seen: Set<[UInt64]> = []
            for _ in 0..<crowd {
                let late = bench.device()
                late.say(.subscribe(paste: key, after: nil, pending: []))
                var items: [UInt64] = []
                for message in late.heard {
                    switch message {
                    case .snapshot(let snapshot): items += snapshot.items.map(\.number)
                    case .items(let more, _): items += more.map(\.number)
                    default: continue
                    }
                }
                seen.insert(items)
            }
            return seen
        }
        for ref in 1...9 {
            a.append(UInt64(ref), Self.text)
            bench.settle()
        }
        let core = bench.cores[0]
        let before = core.snapshotItems.encodings
        #expect(snapshots(of: 50) == [Array(1...9)])
        #expect(core.snapshotItems.encodings - before == 5)
        a.say(.request(ref: 10, .remove(item: 2), paste: nil))
        bench.settle()
        #expect(core.snapshotItems.isEmpty)
        #expect(snapshots(of: 50) == [[1, 3, 4, 5, 6, 7, 8, 9]])
        #expect(core.snapshotItems.encodings - before == 5 + 4)
        #expect(!core.snapshotItems.isEmpty)
        bench.pass(until: bench.expiresAt)
        bench.settle()
        #expect(core.snapshotItems.isEmpty)
    }

    @Test("reading nothing for a minute closes with a retryable code", arguments: [-1_000, 0])
    func stalled(offset: Milliseconds) {
        let bench = Bench()
        let (a, b, _) = bench.twoViewers()
        bench.pass(20_000)
        b.reads = false
        a.append(1, "something to read")
        bench.settle()
        // Deadlines are whole seconds.
        let due = (bench.now + bench.settings.stalledReaderMilliseconds + 999) / 1_000 * 1_000
        bench.pass(until: due + offset)
        let isOver = offset >= 0
        #expect(b.session?.isClosing == isOver)
        b.reads = true
        b.flush()
        #expect(b.closeCode == (isOver ? 4001 : nil))
        #expect(b.events.count == 1, "what waited comes before the close")
    }

    @Test("a reader that makes progress is never dropped, however slow")
    func slow() {
        let bench = Bench { $0.outboxHighWaterBytes = 8_192 }
        let (a, b, _) = bench.twoViewers()
        b.reads = false
        a.append(1, String(repeating: "x", count: 100_000))
        bench.settle()
        for _ in 0..<600 {
            bench.pass(1_000)
            guard let core = b.core else { break }
            bench.cores[core].sent(b.id, 100, now: bench.now)
            bench.tick()
        }
        #expect(!b.isClosed && b.session?.isClosing == false)
    }

    @Test("nothing more is answered to who asks without reading")
    func asksWithoutReading() {
        let bench = Bench { $0.outboxHighWaterBytes = 2_048 }
        let a = bench.device()
        a.reads = false
        let ping = (0..<500).flatMap { _ in a.wire.frame(.ping) }
        a.write(ping)
        #expect((a.session?.outbox.byteCount ?? 0) < 2_048 + 64)
        #expect(a.isPaused)
        a.reads = true
        a.flush()
        bench.tick()
        #expect(a.heard.count == 500)
        #expect(!a.isPaused)
    }

    @Test("who resumes gets the missed events, then resumed with what took effect; never both kinds")
    func resume() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers()
        b.append(1, "mine")
        bench.settle()
        guard let cursor = b.events.last?.cursor else { return #expect(Bool(false)) }
        b.cutOff()
        for ref in 1...3 { a.append(UInt64(ref), "missed") }
        bench.settle()
        let again = bench.device(2)
        again.say(.subscribe(paste: key, after: cursor, pending: [1, 2]))
        #expect(again.events.map(\.cursor.seq) == [2, 3, 4])
        let answers = again.heard.compactMap { if case .resumed(let resumed) = $0 { resumed } else { nil } }
        guard let resumed = answers.first, answers.count == 1 else {
            return #expect(Bool(false), "not resumed")
        }
        #expect(resumed.acked == [Receipt(ref: 1, seq: 1, item: 1)])
        #expect(resumed.cursor == again.events.last?.cursor)
        let foreign = bench.device(2)
        foreign.say(.subscribe(paste: key, after: Cursor(seq: cursor.seq, tag: cursor.tag ^ 1), pending: [1]))
        guard case .snapshot(let snapshot)? = foreign.heard.first else { return #expect(Bool(false)) }
        #expect(!snapshot.same && snapshot.acked.map(\.ref) == [1])
    }
}

extension ServerMessage {
    var isSnapshot: Bool {
        switch self {
        case .snapshot, .items: true
        default: false
        }
    }
}
