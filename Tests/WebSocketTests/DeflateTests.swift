import Seeded
import Testing

@testable import WebSocket

@Suite("permessage-deflate")
struct DeflateTests {
    /// JSON as a snapshot has it.
    static let text = Array(
        (0..<400).map { #"{"item":\#($0),"at":17635\#($0 &* 7919),"text":"line \#($0) of a text"},"# }.joined().utf8)

    @Test("a message of a server is a client's, and the other way round, compressed at both windows")
    func roundTrip() throws {
        for bits in UInt8(9)...15 {
            let agreed = PerMessageDeflate(windowBits: bits)
            var client = WebSocketSession(role: .client, deflate: agreed)
            var server = WebSocketSession(role: .server, deflate: agreed)
            let codec = DeflateCodec()
            for size in [0, 1, DeflateCodec.leastBytes - 1, DeflateCodec.leastBytes, 5_000, Self.text.count] {
                codec.beginTick()
                let payload = Array(Self.text.prefix(size))
                var message = OutgoingMessage(.text, payload)
                let frame = message.frame(for: server.deflateWindow, by: codec)
                #expect((frame[0] & 0x40 != 0) == (size >= DeflateCodec.leastBytes))
                #expect(frame.count <= message.plain.count)
                #expect(client.events(frame, codec) == [.message(.text, payload)])
                let answer = ClientFrame.message(
                    .binary, payload, window: client.deflateWindow, codec: codec, maskingKey: 0x8899_AABB)
                #expect((answer[0] & 0x40 != 0) == (size >= DeflateCodec.leastBytes))
                #expect(server.events(answer, codec) == [.message(.binary, payload)])
            }
        }
    }

    @Test("a message for many is compressed once for each of two windows, and not for who has not agreed")
    func shared() {
        let codec = DeflateCodec()
        // A long way back to what repeats: only a wide window finds it.
        var message = OutgoingMessage(.text, Array(Self.text[..<2_000] + Self.text[..<2_000]))
        #expect(message.frame(for: .none, by: codec) == message.plain)
        let wide = message.frame(for: .wide, by: codec)
        let narrow = message.frame(for: .narrow, by: codec)
        #expect(wide.count < narrow.count && narrow.count < message.plain.count)
        func address(_ bytes: [UInt8]) -> UnsafeRawPointer? { bytes.withUnsafeBytes { $0.baseAddress } }
        #expect(address(message.frame(for: .wide, by: codec)) == address(wide), "one array for all")
        #expect(address(message.frame(for: .narrow, by: codec)) == address(narrow), "one array for all")
    }

    @Test("a message behind headroom is the same frame, whatever its header takes")
    func headroom() {
        for count in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = [UInt8](repeating: 0x61, count: count)
            let bytes = [UInt8](repeating: 0xFF, count: OutgoingMessage.headroom) + payload
            let message = OutgoingMessage(.text, behindHeadroom: bytes)
            #expect(message.plain == OutgoingMessage(.text, payload).plain)
            #expect(message.payload.elementsEqual(payload))
        }
    }

    @Test("what a window of 9 bits is promised looks back 512 bytes at most")
    func narrowWindow() {
        // Noise that repeats after 600 bytes: a wide window finds it, a narrow one must not.
        var random = SplitMix64(seed: 1)
        let noise = (0..<600).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let codec = DeflateCodec()
        let payload = noise + noise + noise
        #expect(deflated(payload, codec).map { $0.count < 800 } == true)
        #expect(deflated(payload, codec, .narrow) == nil, "it would not be smaller")
    }

    @Test("what does not get smaller goes as it is, and so does what comes after a tick's budget")
    func whenItDoesNotPay() {
        var random = SplitMix64(seed: 2)
        let noise = (0..<10_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let codec = DeflateCodec()
        #expect(deflated(noise, codec) == nil)
        let big = [UInt8](repeating: 0x20, count: DeflateCodec.bytesPerTick)
        #expect(deflated(big, codec) == nil, "10,000 of the budget are used")
        codec.beginTick()
        #expect(deflated(big, codec) != nil)
        #expect(deflated(Self.text, codec) == nil)
        codec.beginTick()
        #expect(deflated(Self.text, codec) != nil)
    }

    @Test("a bomb costs no more memory than the limit, and the codec is as good as new afterwards")
    func bomb() throws {
        let codec = DeflateCodec()
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let bomb = try #require(deflated(zeros, codec))
        #expect(bomb.count < 10_000)
        for limit in [0, 1, 63, 64, 65, 65_536, zeros.count - 1] {
            #expect(throws: ProtocolFailure.self) { try inflated(bomb, limit, codec) }
        }
        #expect(try inflated(bomb, zeros.count, codec) == zeros)
        #expect(throws: ProtocolFailure.self) { try inflated([0xFF, 0xFF], 100, codec) }
        #expect(try inflated([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], 5, codec) == Array("Hello".utf8))
    }

    @Test("16 MiB in 64-byte compressed fragments cost linear time, and nothing is held between messages")
    func manyFragments() {
        let limit = 16 << 20
        // Blocks without compression, 64 bytes each with their 5 of header.
        let piece: [UInt8] = [0x00, 59, 0, 0xC4, 0xFF] + [UInt8](repeating: 0x2A, count: 59)
        var session = WebSocketSession(
            role: .server, limits: WebSocketLimits(messageBytes: limit), deflate: PerMessageDeflate(windowBits: 15))
        let codec = DeflateCodec()
        func frame(_ opcode: Opcode, _ payload: [UInt8], isFinal: Bool) -> [UInt8] {
            var bytes = OutgoingFrame.bytes(
                opcode, payload.span, isCompressed: opcode != .continuation, maskingKey: 0x0102_0304)
            if !isFinal { bytes[0] &= 0x7F }
            return bytes
        }
        let count = 240_000
        let time = ContinuousClock().measure {
            #expect(session.events(frame(.text, piece, isFinal: false), codec).isEmpty)
            let batch = (0..<1_000).flatMap { _ in frame(.continuation, piece, isFinal: false) }
            for _ in 0..<count / 1_000 { #expect(session.events(batch, codec).isEmpty) }
            let events = session.events(frame(.continuation, [0], isFinal: true), codec)
            if case .message(.text, let bytes)? = events.first { #expect(bytes.count == (count + 1) * 59) }
            #expect(events.count == 1)
        }
        #expect(time < .seconds(20), "quadratic time would take minutes")
        #expect(session.reservedBytes == 0)
    }

    @Test("a connection that agreed is as small as one that did not, in the middle of nothing")
    func size() {
        #expect(MemoryLayout<WebSocketSession>.size <= 64)
        #expect(WebSocketSession(role: .server, deflate: PerMessageDeflate(windowBits: 15)).reservedBytes == 0)
    }

    @Test("20,000 damaged messages: documented failures, or a message within the limit")
    func damage() throws {
        let codec = DeflateCodec()
        let sound = try #require(deflated(Self.text, codec))
        var random = SplitMix64(seed: 3)
        for _ in 0..<20_000 {
            var bytes = Array(sound.prefix(Int(random.next() % 400) + 1))
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            do throws(ProtocolFailure) {
                let count = try inflated(bytes, 2_000, codec).count
                #expect(count <= 2_000)
            } catch {
                #expect([.invalidPayload, .messageTooBig].contains(error.code))
            }
        }
    }
}

// Spans can not be written inside `#expect`.
private func deflated(_ bytes: [UInt8], _ codec: DeflateCodec, _ window: DeflateWindow = .wide) -> [UInt8]? {
    codec.deflate(bytes.span, window)
}

private func inflated(_ bytes: [UInt8], _ limit: Int, _ codec: DeflateCodec) throws(ProtocolFailure) -> [UInt8] {
    try codec.inflate(bytes.span, limit: limit)
}
