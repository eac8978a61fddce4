import PasteModel
import PasteProtocol
import PasteStore
import Testing

@testable import PasteCore

/// What event streams may cost: the rules of WebSockets, held by responses.
@Suite("Limits of event streams")
struct StreamLimitTests {
    private static let text = String(repeating: "x", count: 1_000)

    private func paste(_ bench: Bench) -> (device: Visitor, key: String) {
        let device = bench.device()
        let key = bench.makePaste(by: device)?.paste ?? ""
        device.follow(key)
        return (device, key)
    }

    @Test("who does not read costs the high water and one event, and gets all of it when it reads again")
    func bounded() {
        let bench = Bench {
            $0.outboxHighWaterBytes = 8_192
            $0.refillBytes = 4_096
            $0.appends = Rate(perSecond: 1_000, burst: 1_000)
        }
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        reader.visitor.reads = false
        for ref in 1...30 { device.append(UInt64(ref), Self.text) }
        bench.settle()
        #expect((reader.visitor.session?.outbox.byteCount ?? .max) <= 8_192 + 1_400)
        for ref in 31...200 {
            device.append(UInt64(ref), Self.text)
            bench.settle()
            #expect((reader.visitor.session?.outbox.byteCount ?? .max) <= 8_192 + 1_400)
        }
        #expect(device.events.count == 200, "others go on")
        reader.visitor.reads = true
        reader.visitor.flush()
        bench.settle()
        #expect(reader.log.map(\.cursor.seq) == Array(1...200))
        #expect(reader.lastEventID == reader.log.last?.cursor.eventID)
    }

    @Test("a reader so far behind that the events are gone gets a snapshot of the same history")
    func snapshot() {
        let bench = Bench {
            $0.outboxHighWaterBytes = 2_048
            $0.refillBytes = 1_024
            $0.limits.heldEvents = 2
        }
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        reader.visitor.reads = false
        for ref in 1...20 {
            device.append(UInt64(ref), Self.text)
            bench.settle()
        }
        reader.visitor.reads = true
        reader.visitor.flush()
        #expect(reader.snapshots.last?.same == true)
        #expect(reader.snapshots.last?.cursor.seq == 20 && reader.snapshots.last?.items.count == 20)
    }

    @Test("reading nothing for a minute ends the stream with a retryable code", arguments: [-1_000, 0])
    func stalled(offset: Milliseconds) {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        bench.pass(20_000)
        reader.visitor.reads = false
        device.append(1, "something to read")
        bench.settle()
        let due = (bench.now + bench.settings.stalledReaderMilliseconds + 999) / 1_000 * 1_000
        bench.pass(until: due + offset)
        let isOver = offset >= 0
        #expect(reader.visitor.session?.isClosing == isOver)
        reader.visitor.reads = true
        reader.visitor.flush()
        #expect(reader.closeCode == (isOver ? 4001 : nil))
        #expect(reader.isComplete == isOver)
        #expect(reader.log.count == 1, "what waited comes before the end")
    }

    @Test("a reader that makes progress is never dropped, however slow")
    func slow() {
        let bench = Bench { $0.outboxHighWaterBytes = 8_192 }
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        reader.visitor.reads = false
        device.append(1, String(repeating: "x", count: 100_000))
        bench.settle()
        for _ in 0..<600 {
            bench.pass(1_000)
            bench.cores[0].sent(reader.visitor.id, 100, now: bench.now)
            bench.tick()
        }
        #expect(!reader.visitor.isClosed && reader.visitor.session?.isClosing == false)
    }

    @Test("a stream without events says every 15 s that it is alive, and one with events has no need to")
    func signOfLife() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        bench.pass(1_000)
        reader.read()
        let quiet = bench.settings.signOfLifeMilliseconds
        let heardAt = reader.visitor.session?.lastOutputAt ?? 0
        #expect(heardAt % 1_000 == 0, "clocks call at whole seconds")
        for round in 1...4 {
            bench.pass(until: heardAt + Milliseconds(round) * quiet - 1)
            reader.read()
            #expect(reader.comments == round - 1)
            bench.pass(1)
            reader.read()
            #expect(reader.comments == round)
        }
        for ref in 1...6 {
            bench.pass(quiet - 1_000)
            device.append(UInt64(ref), "x")
            bench.settle()
        }
        reader.read()
        #expect(reader.comments == 4)
        #expect(!reader.visitor.isClosed)
    }

    @Test("an hour without a byte from the reader does not end a stream that is read")
    func silentReader() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let reader = bench.reader(key)
        bench.pass(3_600_000)
        #expect(!reader.visitor.isClosed)
    }

    @Test("bytes behind the request are skipped up to the limit; more end the stream", arguments: [-1, 0, 1])
    func stray(offset: Int) {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        for _ in 0..<(Int(bench.settings.strayBytes) + offset) { reader.visitor.write([13]) }
        #expect(reader.closeCode == (offset > 0 ? 1008 : nil))
        #expect(reader.visitor.isClosed == (offset > 0))
        device.append(1, "x")
        bench.settle()
        #expect(reader.log.count == (offset > 0 ? 0 : 1))
    }

    @Test("a request that came along with that for a stream is never answered, and is held nowhere")
    func pipelined() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let visitor = bench.connect()
        visitor.isHTTP = true
        let request = "GET /\(key)/events HTTP/1.1\r\nHost: a\r\n\r\n"
        visitor.write(Array((request + request).utf8))
        bench.settle()
        #expect(visitor.text.components(of: "HTTP/1.1 ") == 1)
        #expect(visitor.session?.held.isEmpty == true)
        #expect(visitor.session?.stream?.strayBytes == UInt16(request.utf8.count))
    }

    @Test("an event that a hundred streams wait for is in memory once")
    func shared() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let readers = (0..<100).map { _ in bench.reader(key) }
        for reader in readers { reader.visitor.reads = false }
        let before = bench.cores[0].budget.usedBytes
        device.append(1, String(repeating: "x", count: 50_000))
        bench.settle()
        let grown = bench.cores[0].budget.usedBytes - before
        #expect(grown > 50_000 && grown < 50_000 + 100 * 300)
        for reader in readers {
            reader.visitor.reads = true
            reader.visitor.flush()
            #expect(reader.log.count == 1)
        }
        #expect(bench.cores[0].budget.usedBytes == before)
    }

    @Test("an event is made once in each form that somebody reads")
    func madeOnce() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let core = bench.cores[0]
        let readers = ["1.1", "1.1", "1.0", "1.0"].map { bench.reader(key, version: $0) }
        var message = core.shared(.devices(count: 3))
        let buffers = readers.compactMap(\.visitor.session).map {
            message.buffer($0.form, by: core.codec, on: core.budget)
        }
        #expect(buffers.count == 4 && Set(buffers.map(ObjectIdentifier.init)).count == 2)
        #expect(buffers.first === buffers.dropFirst().first)
    }

    @Test("a drain tells each stream to come back, ends its content and waits for nobody")
    func drain() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let (chunked, plain) = (bench.reader(key), bench.reader(key, version: "1.0"))
        bench.cores[0].drain(now: bench.now)
        bench.settle()
        for reader in [chunked, plain] {
            #expect(reader.closeCode == 1001 && reader.visitor.isClosed)
        }
        #expect(chunked.isComplete)
    }

    @Test("when memory is short a stream is cut off or told to come back, and gets no second head")
    func relieved() {
        let bench = Bench { $0.bufferBytes = 1 << 17 }
        let (device, key) = paste(bench)
        device.append(1, String(repeating: "x", count: 10_000))
        bench.settle()
        var readers: [StreamReader] = []
        for _ in 0..<40 {
            let reader = bench.reader(key, reads: false)
            // A snapshot is queued when the socket could take it.
            _ = [UInt8](capacity: 1) { bench.cores[0].peek(reader.visitor.id, into: &$0, now: bench.now) }
            bench.tick()
            #expect(bench.cores[0].budget.usedBytes <= (1 << 17) + 11_000, "the next look is at the next tick")
            readers.append(reader)
        }
        #expect(bench.cores[0].counters.relievedConnections > 0)
        let gone = readers.count { $0.visitor.isClosed }
        #expect(gone > 20 && gone < 40)
        for reader in readers where !reader.visitor.isClosed {
            reader.visitor.reads = true
            reader.visitor.flush()
            #expect(reader.visitor.text.components(of: "HTTP/1.1 ") == 1)
            #expect(reader.snapshots.count == 1)
        }
        let level = bench.reader(key)
        if let session = level.visitor.session { bench.cores[0].relieve(session) }
        bench.tick()
        #expect(level.closeCode == 1013 && level.isComplete)
        #expect(level.visitor.text.components(of: "HTTP/1.1 ") == 1)
    }

    @Test("what a store could not keep is on no stream")
    func notDurable() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        device.append(1, "lost")
        bench.tick()
        bench.answer(.busy)
        bench.settle()
        #expect(reader.log.isEmpty)
        device.append(2, "kept")
        bench.settle()
        #expect(reader.log.map(\.ref) == [2])
    }

    @Test("unknown keys are charged as misses, whatever they are asked with; a cursor that proves itself is free")
    func guessing() {
        let bench = Bench { $0.visitors.perAddress.misses = Allowance(1, per: 1_000, burst: 3) }
        let (device, key) = paste(bench)
        device.append(1, "x")
        bench.settle()
        let id = device.events.first?.cursor.eventID ?? ""
        for _ in 0..<3 {
            let guess = bench.reader("able-acid-aged")
            guess.read()
            #expect(guess.status.hasPrefix("HTTP/1.1 404 "))
        }
        let hit = bench.reader(key)
        let waking = bench.reader(key, "Last-Event-ID: \(id)")
        hit.read()
        #expect(hit.status.isEmpty, "a hit waits like a miss")
        #expect(waking.resumed.count == 1)
        bench.pass(1_000)
        bench.settle()
        #expect(hit.snapshots.count == 1)
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var (count, rest) = (0, self[...])
        while let first = rest.firstRange(of: part) {
            count += 1
            rest = rest[first.upperBound...]
        }
        return count
    }
}
