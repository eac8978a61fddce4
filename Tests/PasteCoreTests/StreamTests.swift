import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// `GET /KEY/events`: how a stream begins, goes on, resumes and ends.
@Suite("Event streams")
struct StreamTests {
    private static let client = "Pasted-Client: 00112233445566778899aabbccddeeff"

    /// A paste with that many items and the device that made them.
    private func paste(_ bench: Bench, items: Int = 0) -> (device: Visitor, key: String) {
        let device = bench.device()
        let key = bench.makePaste(by: device)?.paste ?? ""
        device.follow(key)
        for ref in 0..<items {
            device.append(UInt64(ref + 1), "text \(ref + 1)")
            bench.settle()
        }
        return (device, key)
    }

    @Test("a stream begins with a snapshot and goes on with every event that is durable, and none that is not")
    func snapshotThenEvents() {
        let bench = Bench()
        let (device, key) = paste(bench, items: 2)
        let reader = bench.reader(key)
        #expect(reader.snapshots.count == 1)
        #expect(reader.status == "HTTP/1.1 200 OK")
        #expect(reader.types.first == "snapshot")
        #expect(reader.snapshots.first?.items.count == 2)
        #expect(reader.snapshots.first?.cursor.eventID == reader.lastEventID)
        device.append(3, "later")
        bench.tick()
        #expect(reader.log.isEmpty, "not before it is on the disk")
        bench.settle()
        #expect(reader.log.map(\.cursor.seq) == [3])
        #expect(reader.lastEventID == reader.log.last?.cursor.eventID)
    }

    @Test("the response says what it is, and that nobody on the way may keep, gather or recode it")
    func fields() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let reader = bench.reader(key, "Accept-Encoding: gzip")
        reader.read()
        for line in [
            "Content-Type: text/event-stream; charset=utf-8", "Cache-Control: no-store, no-transform",
            "X-Accel-Buffering: no", "Transfer-Encoding: chunked", "Connection: close",
            "X-Content-Type-Options: nosniff",
        ] {
            #expect(reader.has(line), "\(line)")
        }
        #expect(!reader.head.lowercased().contains("content-encoding"))
        #expect(!reader.head.lowercased().contains("content-length"))
    }

    @Test("two streams are told different times to come back, in the range of the settings")
    func retry() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let waits = (0..<8).map { _ in
            let reader = bench.reader(key)
            reader.read()
            return reader.retry ?? 0
        }
        #expect(Set(waits).count > 1)
        #expect(waits.allSatisfy { (1_000..<5_000).contains($0) })
    }

    @Test("from every cursor, in both spellings and at both places, exactly the events behind it come")
    func resume() {
        let bench = Bench()
        let (_, key) = paste(bench, items: 6)
        let all = bench.reader(key, query: "?after=0").log
        #expect(all.count == 6)
        let start = all.isEmpty ? [] : [Cursor(seq: 0, tag: 0)] + all.map(\.cursor)
        for cursor in start {
            var readers = [bench.reader(key, query: "?after=\(cursor.seq)")]
            if cursor.seq > 0 {
                readers.append(bench.reader(key, query: "?after=\(cursor.eventID)"))
                readers.append(bench.reader(key, "Last-Event-ID: \(cursor.eventID)"))
                readers.append(bench.reader(key, query: "?after=0", "Last-Event-ID: \(cursor.eventID)"))
            }
            for reader in readers {
                #expect(reader.log == Array(all.dropFirst(Int(cursor.seq))), "after \(cursor.seq)")
                #expect(reader.snapshots.isEmpty)
                #expect(reader.resumed.map(\.cursor.seq) == [6])
                #expect(reader.types.dropLast(reader.types.last == "devices" ? 1 : 0).last == "resumed")
            }
        }
    }

    @Test("a cursor of another history, of the future or no longer held, and what is no cursor, get a snapshot")
    func noResume() {
        let bench = Bench {
            $0.limits.heldEvents = 2
            $0.limits.heldTags = 1
        }
        let (_, key) = paste(bench, items: 6)
        let log = bench.reader(key, query: "?after=4").log
        #expect(log.map(\.cursor.seq) == [5, 6])
        for after in ["5-0000000000000000", "7", "7-0123456789abcdef", "2", "nonsense", ""] {
            let reader = bench.reader(key, query: "?after=\(after)")
            #expect(reader.types.first == "snapshot", "after \(after)")
            #expect(reader.snapshots.first?.same == false, "after \(after)")
            #expect(reader.log.isEmpty)
        }
        // The tag of 3 is held, its events are not: the same history, told whole.
        #expect(bench.reader(key, query: "?after=3").snapshots.first?.same == true)
    }

    @Test("a snapshot in parts moves the cursor with its last part only, so that a cut in the middle is noticed")
    func parts() {
        let bench = Bench {
            $0.snapshotPartBytes = 10
            $0.refillBytes = 1_024
        }
        let (_, key) = paste(bench, items: 5)
        let reader = bench.reader(key)
        reader.read()
        let parts = reader.events.filter {
            $0.data.hasPrefix(#"{"type":"snapshot""#) || $0.data.hasPrefix(#"{"type":"items""#)
        }
        #expect(parts.count == 5)
        #expect(parts.dropLast().allSatisfy { $0.id.isEmpty })
        #expect(parts.last?.id == reader.snapshots.first?.cursor.eventID)
    }

    @Test("who names its client is told its own name, and what of its pending requests took effect")
    func identity() {
        let bench = Bench()
        let device = bench.connect()
        device.write(device.wire.request)
        let secret = ClientSecret(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF)
        device.say(.hello(client: secret))
        let key = bench.makePaste(by: device)?.paste ?? ""
        device.append(7, "mine", paste: key)
        bench.settle()
        let reader = bench.reader(key, query: "?pending=6,7,x,8", Self.client)
        #expect(reader.snapshots.first?.acked.map(\.ref) == [7])
        #expect(reader.snapshots.first?.you == reader.snapshots.first?.items.first?.author)
        let resumed = bench.reader(key, query: "?after=0&pending=7", Self.client)
        #expect(resumed.resumed.first?.acked.map(\.ref) == [7])
        let stranger = bench.reader(key)
        #expect(stranger.snapshots.first?.you != reader.snapshots.first?.you)
    }

    @Test("a newer stream or WebSocket of the same client replaces the older one, which is told so")
    func replaced() {
        let bench = Bench()
        let (_, key) = paste(bench)
        let first = bench.reader(key, Self.client)
        let second = bench.reader(key, Self.client)
        #expect(first.closeCode == 4500 && first.isComplete && first.visitor.isClosed)
        #expect(second.closeCode == nil && !second.visitor.isClosed)
        let device = bench.connect()
        device.write(device.wire.request)
        device.say(.hello(client: ClientSecret(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF)))
        device.follow(key)
        #expect(second.closeCode == 4500)
        let third = bench.reader(key, Self.client)
        #expect(device.closeCode == 4500 && third.closeCode == nil)
    }

    @Test("`expired` is the last event, the content ends, and the connection with it; then the key opens nothing")
    func expired() {
        let bench = Bench()
        let (device, key) = paste(bench, items: 1)
        let (chunked, plain) = (bench.reader(key), bench.reader(key, version: "1.0"))
        device.say(.delete(ref: 9))
        bench.settle()
        for reader in [chunked, plain] {
            #expect(reader.types.last == "expired")
            #expect(reader.visitor.isClosed)
        }
        #expect(chunked.isComplete)
        #expect(!device.isClosed, "a WebSocket stays")
        let late = bench.reader(key)
        late.read()
        #expect(late.status.hasPrefix("HTTP/1.1 404 "), "an EventSource stops at that")
    }

    @Test("who reads slowly has read `expired` and everything before it when the connection ends")
    func slowExpiry() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        reader.visitor.reads = false
        device.append(1, "one")
        bench.settle()
        device.say(.delete(ref: 9))
        bench.settle()
        bench.pass(bench.settings.closeMilliseconds * 2)
        #expect(!reader.visitor.isClosed)
        reader.visitor.reads = true
        reader.visitor.flush()
        bench.settle()
        #expect(reader.log.map(\.cursor.seq) == [1])
        #expect(reader.types.last == "expired" && reader.isComplete && reader.visitor.isClosed)
    }

    @Test("HTTP/1.0 gets the same events without chunks, until the connection closes")
    func withoutChunks() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key, version: "1.0")
        let chunked = bench.reader(key)
        device.append(1, "one\r\ntwo")
        bench.settle()
        #expect(reader.log == chunked.log && reader.log.count == 1)
        #expect(!reader.head.lowercased().contains("transfer-encoding"))
        #expect(reader.has("Connection: close"))
    }

    @Test("HEAD has the fields and no stream, and is no device")
    func head() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key, method: "HEAD")
        reader.read()
        #expect(reader.status == "HTTP/1.1 200 OK")
        #expect(reader.has("Content-Type: text/event-stream; charset=utf-8"))
        device.append(1, "x")
        bench.settle()
        #expect(reader.visitor.text.hasSuffix("\r\n\r\n"))
        #expect(bench.cores[0].gauges.viewers == 1 && bench.cores[0].gauges.streams == 0)
    }

    @Test("a reader is a device: it is counted when it comes and when it goes")
    func counted() {
        let bench = Bench()
        let (device, key) = paste(bench)
        let reader = bench.reader(key)
        bench.pass(1_000)
        #expect(device.heard.last == .devices(count: 2))
        #expect(bench.cores[0].gauges.streams == 1)
        reader.visitor.cutOff()
        bench.pass(1_000)
        #expect(device.heard.last == .devices(count: 1))
        #expect(bench.cores[0].gauges.streams == 0)
    }
}
