import PasteModel
import PasteProtocol
import Testing
import WebSocket

@testable import PasteCore

/// Devices that agreed on permessage-deflate, beside others that did not.
@Suite("Compression")
struct CompressionTests {
    private static let text = String(repeating: "a line of a text that somebody keeps\n", count: 100)

    @Test("an event is the same for all: small for who agreed, as it is for who did not")
    func event() throws {
        let bench = Bench()
        let author = bench.device(offersDeflate: true)
        let key = try #require(bench.makePaste(by: author)).paste
        let (small, plain) = (bench.device(offersDeflate: true), bench.device())
        for device in [author, small, plain] { device.follow(key) }
        #expect(small.wire.deflates && !plain.wire.deflates)
        for device in [author, small, plain] { device.bytes = [] }
        author.append(1, Self.text)
        bench.settle()
        for device in [author, small, plain] { #expect(device.events.count == 1 && device.broken == nil) }
        #expect(small.events == plain.events)
        #expect(small.bytes == author.bytes)
        #expect(plain.bytes.count > Self.text.utf8.count && small.bytes.count < plain.bytes.count / 4)
    }

    @Test("what fits one packet is not compressed, and a snapshot is")
    func threshold() throws {
        let bench = Bench()
        let author = bench.device(offersDeflate: true)
        let key = try #require(bench.makePaste(by: author)).paste
        author.follow(key)
        author.bytes = []
        author.append(1, "short")
        bench.settle()
        #expect(author.bytes.first == 0x81, "a text frame without RSV1")
        author.append(2, Self.text)
        bench.settle()
        let late = bench.device(offersDeflate: true)
        late.bytes = []
        late.say(.subscribe(paste: key, after: nil, pending: []))
        bench.settle()
        #expect(late.bytes.first == 0xC1 && late.bytes.count < Self.text.utf8.count)
        guard case .snapshot(let snapshot)? = late.heard.first(where: { $0.isSnapshot }) else {
            return #expect(Bool(false), "no snapshot")
        }
        #expect(snapshot.items.map(\.text) == [Text("short"), Text(Self.text)])
    }

    @Test("the agreement moves with the connection to the paste's home shard, in the middle of a message too")
    func handOff() throws {
        let bench = Bench(shards: 4)
        var moved = 0
        for _ in 0..<12 {
            let author = bench.device(offersDeflate: true)
            let key = try #require(bench.makePaste(by: author)).paste
            let guest = bench.device(core: 0, offersDeflate: true)
            // The second message's first half is read by the shard that the connection leaves.
            let append = guest.wire.frame(.request(ref: 1, .append(Text(Self.text)), paste: nil))
            #expect(append[0] == 0xC1)
            guest.write(guest.wire.frame(.subscribe(paste: key, after: nil, pending: [])) + append.prefix(30))
            bench.settle()
            if guest.core != 0 { moved += 1 }
            guest.write(Array(append.dropFirst(30)))
            bench.settle()
            #expect(guest.events.count == 1 && guest.broken == nil)
        }
        #expect(moved > 0)
    }

    @Test("a bomb is stopped at the message limit with 1009, as the same bytes uncompressed would be")
    func bomb() throws {
        for (extra, code) in [(0, nil), (1, UInt16(1009))] {
            let bench = Bench { $0.messageBytes = 100_000 }
            let device = bench.device(offersDeflate: true)
            let codec = DeflateCodec()
            let message = [UInt8](repeating: 0x20, count: 100_000 + extra)
            let frame = ClientFrame.message(.text, message, window: .wide, codec: codec, maskingKey: 5)
            #expect(frame.count < 1_000)
            device.write(frame)
            #expect(device.closeCode == code)
        }
    }

    @Test("who sends little that decompresses to much waits, is not disconnected, and holds up nobody")
    func manyBombs() throws {
        let bench = Bench {
            $0.inflated = Rate(perSecond: 1_000, burst: 1_000)
            $0.messageBytes = 1_000 << 10
        }
        let device = bench.device(offersDeflate: true)
        let codec = DeflateCodec()
        let message = [UInt8](repeating: 0x20, count: 1_000 << 10)
        let bomb = ClientFrame.message(.text, message, window: .wide, codec: codec, maskingKey: 5)
        #expect(bomb.count < 5_000)
        device.write(bomb + bomb + bomb + device.wire.frame(.ping))
        #expect(device.errors.count == 1, "the first is what the burst is for")
        bench.pass(999)
        #expect(device.errors.count == 1)
        bench.pass(1)
        #expect(device.errors.count == 2)
        bench.pass(1_000)
        #expect(device.errors.count == 3 && device.closeCode == nil)
        #expect(device.heard.contains { if case .pong = $0 { true } else { false } })
    }
}
