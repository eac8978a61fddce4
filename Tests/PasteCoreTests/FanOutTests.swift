import PasteModel
import PasteProtocol
import Testing
import WebSocket

@testable import PasteCore

/// Events of one batch on their way to everybody: joined, as long as nobody could tell.
@Suite("Fan-out")
struct FanOutTests {
    private static let long = String(repeating: "compressible ", count: 200)

    @Test("a batch is one buffer in each form, and the same events in the same order in all of them")
    func forms() {
        let bench = Bench()
        let author = bench.device()
        let key = bench.makePaste(by: author)?.paste ?? ""
        author.follow(key)
        let devices = [false, false, true, true].map { bench.device(offersDeflate: $0) }
        for device in devices { device.follow(key) }
        let streams = ["1.1", "1.1", "1.0", "1.0"].map { bench.reader(key, version: $0) }
        bench.pass(2_000)
        for reader in streams { reader.read() }
        let idle = bench.cores[0].budget.usedBytes
        let shown = bench.cores[0].counters.deliveries
        let viewers = devices + streams.map(\.visitor)
        for viewer in viewers { viewer.reads = false }
        author.append((1...20).map { $0 == 10 ? Self.long : "text \($0)" })
        bench.settle()
        #expect(bench.cores[0].counters.deliveries == shown + 20 * 9)
        #expect(viewers.allSatisfy { $0.buffersWaiting == 1 })
        let sizes = viewers.compactMap { $0.session?.outbox.byteCount }
        #expect(sizes[2] < sizes[0] - 2_000, "the long one is compressed")
        let forms = sizes.indices.filter { $0 % 2 == 0 }.reduce(0) { $0 + sizes[$1] }
        #expect(bench.cores[0].budget.usedBytes == idle + forms + viewers.count * Outbox.entryBytes)
        for viewer in viewers {
            viewer.reads = true
            viewer.flush()
        }
        #expect(author.events.map(\.ref) == Array(1...20))
        for device in devices { #expect(device.events == author.events) }
        for reader in streams {
            #expect(reader.log == author.events)
            #expect(reader.lastEventID == author.events.last?.cursor.eventID)
        }
        #expect(bench.cores[0].budget.usedBytes == idle)
    }

    @Test("a batch of any length is shown once, and so is the next", arguments: [255, 256, 257, 600])
    func lengths(count: Int) {
        let bench = Bench {
            $0.requestsInFlight = 1_000
            $0.appends = Rate(perSecond: 10_000, burst: 10_000)
        }
        let (author, viewer, _) = bench.twoViewers()
        author.append((1...count).map { "text \($0)" })
        bench.settle()
        author.append(["one more"], from: count + 1)
        bench.settle()
        #expect(viewer.events.map(\.ref) == (1...UInt64(count + 1)).map { $0 } && author.events == viewer.events)
    }

    @Test("what no window makes shorter is the same buffer for all of them", arguments: [1, 2, 1_500])
    func uncompressed(length: Int) {
        let core = Bench().cores[0]
        var events = (1...2).map { (seq: UInt64) in
            let text = Text(String(repeating: "x", count: length))
            let event = Event(
                cursor: Cursor(seq: seq, tag: 1), at: core.now, author: Author(rawValue: 1), ref: seq,
                body: .append(item: seq, text: text))
            return ShownEvent(event)
        }
        for order in [[Form.plain, .wide, .narrow], [.narrow, .plain, .wide], [.wide, .narrow, .plain]] {
            var joined = SharedEvents(events, from: 0, limit: 1 << 20)
            let buffers = order.map { joined.buffer($0, of: &events, by: core.codec, on: core.budget) }
            let count = Set(buffers.map(ObjectIdentifier.init)).count
            #expect(count == (length < DeflateCodec.leastBytes ? 1 : 3))
            let bytes = Set(buffers.map { $0.bytes })
            #expect(bytes.count == count && core.budget.usedBytes == bytes.reduce(0) { $0 + $1.count })
        }
    }

    @Test("events are joined up to the limit, and not beyond", arguments: [-1, 0, 1])
    func limit(offset: Int) {
        func waiting(_ limit: Int, _ texts: [String]) -> Visitor {
            let bench = Bench { $0.joinedBytes = limit }
            let (author, viewer, _) = bench.twoViewers()
            viewer.reads = false
            author.append(texts)
            bench.settle()
            return viewer
        }
        let texts = ["one", "three", "five"]
        let weight = waiting(0, texts).session?.outbox.weight ?? 0
        let viewer = waiting(weight + offset, texts)
        #expect(viewer.buffersWaiting == (offset < 0 ? 2 : 1))
        viewer.reads = true
        viewer.flush()
        #expect(viewer.events.map(\.ref) == [1, 2, 3])
        #expect(waiting(0, texts).buffersWaiting == 3)
        #expect(waiting(0, ["one"]).buffersWaiting == 1)
    }

    @Test("a joined buffer goes to whom its last event would have gone to by itself", arguments: [-1, 0, 1])
    func highWater(offset: Int) {
        func bench(_ highWater: Int) -> (Bench, author: Visitor, viewer: Visitor) {
            let bench = Bench { $0.outboxHighWaterBytes = highWater }
            let (author, viewer, _) = bench.twoViewers()
            viewer.reads = false
            author.append(["first"])
            bench.settle()
            return (bench, author, viewer)
        }
        // What waits before the last one, when all go by themselves.
        let (single, author, viewer) = bench(1 << 20)
        let before = viewer.session?.outbox.weight ?? 0
        for text in ["one", "two"] {
            author.append([text], from: author.events.count + 1)
            single.settle()
        }
        let mark = viewer.session?.outbox.weight ?? 0

        let (joined, writer, reader) = bench(mark + offset)
        writer.append(["one", "two", "three"], from: 2)
        joined.settle()
        #expect(reader.buffersWaiting == (offset < 0 ? 1 : 2))
        #expect((reader.session?.outbox.weight == before) == (offset < 0))
        #expect(reader.session?.isLevel == (offset >= 0))
        #expect(reader.session?.view?.cursor.seq == (offset < 0 ? 1 : 4))
        reader.reads = true
        reader.flush()
        #expect(reader.events.map(\.ref) == [1, 2, 3, 4] && reader.session?.isLevel == true)
    }

    @Test("who gets behind between two joined buffers gets the rest in order, and each event once", arguments: [1, 2])
    func between(shards: Int) {
        let bench = Bench(shards: shards) {
            $0.viewersPerShard = 2
            $0.joinedBytes = 1_000
            $0.outboxHighWaterBytes = 2_000
            $0.refillBytes = 600
        }
        let crowd = Crowd(4, on: bench)
        crowd.spread()
        let slow = shards == 1 ? crowd[1] : crowd.away[0]
        let quick = shards == 1 ? crowd[2] : crowd.away[1]
        slow.reads = false
        let author = shards == 1 ? crowd[0] : crowd.atHome[0]
        author.append((1...30).map { "text \($0)" })
        bench.settle()
        let sent = slow.session?.view?.cursor.seq ?? 0
        #expect(sent > 4 && sent < 20, "not all of it, and more than one buffer")
        #expect(slow.buffersWaiting.map { $0 > 1 && $0 < 5 } == true)
        #expect((slow.session?.outbox.weight ?? .max) <= 2_000 + 300)
        #expect(slow.session?.isLevel == false)
        #expect(author.events.map(\.ref) == Array(1...30) && quick.events == author.events)
        slow.reads = true
        slow.flush()
        bench.settle()
        #expect(slow.events == author.events && slow.session?.isLevel == true)
        for core in bench.cores { #expect(core.budget.usedBytes == 0) }
    }
}

extension Visitor {
    /// Asks for all of it within one tick, so that it becomes one batch.
    fileprivate func append(_ texts: [String], from ref: Int = 1) {
        write(
            texts.enumerated().flatMap { index, text in
                wire.frame(.request(ref: UInt64(ref + index), .append(Text(text)), paste: nil))
            })
    }

    fileprivate var buffersWaiting: Int? {
        session.map { ($0.outbox.weight - $0.outbox.byteCount) / Outbox.entryBytes }
    }
}
