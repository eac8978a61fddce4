import Seeded
import Testing

@testable import WebSocket

@Suite("Session")
struct SessionTests {
    @Test("the session of an idle connection is at most 64 bytes and holds no allocation")
    func size() {
        #expect(MemoryLayout<WebSocketSession>.size <= 64)
        var session = WebSocketSession(role: .server)
        for size in [0, 5, 200_000] {
            let frame = ClientFrame.binary([UInt8](repeating: 7, count: size), maskingKey: 0xAABB_CCDD)
            let half = frame.count / 2
            _ = session.events(Array(frame[..<half]))
            #expect(session.isMidMessage)
            #expect(session.events(Array(frame[half...])).count == 1)
            #expect(!session.isMidMessage)
            #expect(session.reservedBytes == 0, "the memory of a message of \(size) bytes is released")
        }
    }

    @Test("a whole unfragmented message lies in the caller's buffer, not in a copy")
    func inPlace() {
        var session = WebSocketSession(role: .server)
        var buffer = ClientFrame.text(Array("Hello".utf8), maskingKey: 1) + ClientFrame.text([0x21], maskingKey: 2)
        var offset = 0
        var span = buffer.mutableSpan
        #expect(session.next(&span, at: &offset) == .message(.text, .inPlace(6..<11)))
        #expect(session.next(&span, at: &offset) == .message(.text, .inPlace(17..<18)))
        #expect(session.next(&span, at: &offset) == nil)
        #expect(buffer[6..<11].elementsEqual("Hello".utf8))
    }

    @Test("16 MiB of 64-byte fragments cost linear time and at most the limit")
    func manyFragments() {
        let limit = 16 * 1_048_576
        var session = WebSocketSession(role: .server, limits: WebSocketLimits(messageBytes: limit))
        let piece = [UInt8](repeating: UInt8(ascii: "*"), count: 64)
        func frame(_ opcode: Opcode, _ isFinal: Bool) -> [UInt8] {
            var bytes = OutgoingFrame.bytes(opcode, piece.span, maskingKey: 0)
            if !isFinal { bytes[0] &= 0x7F }
            return bytes
        }
        let time = ContinuousClock().measure {
            _ = session.events(frame(.text, false))
            var batch: [UInt8] = []
            for _ in 0..<1_024 { batch += frame(.continuation, false) }
            for _ in 0..<255 { _ = session.events(batch) }
            #expect(session.reservedBytes <= limit + 4_096, "memory stays within the limit")
            for _ in 0..<1_022 { _ = session.events(frame(.continuation, false)) }
            let events = session.events(frame(.continuation, true))
            #expect(events.count == 1)
            if case .message(.text, let bytes)? = events.first { #expect(bytes.count == limit) }
        }
        #expect(time < .seconds(20), "quadratic time would take minutes")
    }

    @Test("an announced length reserves no memory before its bytes come")
    func announced() {
        var session = WebSocketSession(role: .server)
        #expect(session.events([0x82, 0xFF, 0, 0, 0, 0, 0, 0x60, 0, 0, 1, 2, 3, 4, 9]).isEmpty)
        #expect(session.reservedBytes < 1_024)
    }

    @Test(
        "every close code of 65,536, in: only those in use are answered, all others are 1002",
        arguments: [Role.server, .client])
    func closeCodesIn(_ role: Role) {
        for number in UInt16.min...UInt16.max {
            let inUse =
                (1000...1003).contains(number) || (1007...1014).contains(number) || (3000...4999).contains(number)
            var session = WebSocketSession(role: role)
            let payload = [UInt8(number >> 8), UInt8(number & 0xFF)]
            let key: UInt32? = role == .server ? 0x5566_7788 : nil
            let events = session.events(OutgoingFrame.bytes(.close, payload.span, maskingKey: key))
            guard events.count == 1, case .other(let event)? = events.first else {
                Issue.record("no event for \(number)")
                return
            }
            switch event {
            case .closed(let code, let reply): #expect(inUse && code == number && reply != nil, "\(number)")
            case .failed(let code, _): #expect(!inUse && code == .protocolError, "\(number)")
            default: Issue.record("\(number)")
            }
        }
    }

    @Test(
        "every close code of 65,536, out: 1005, 1006 and other unusable ones never leave",
        arguments: [Role.server, .client])
    func closeCodesOut(_ role: Role) {
        for number in UInt16.min...UInt16.max {
            var session = WebSocketSession(role: role)
            var peer = WebSocketSession(role: role == .server ? .client : .server)
            let code = CloseCode(rawValue: number)
            guard let frame = session.close(code, reason: "x", maskingKey: 99) else {
                Issue.record("no frame for \(number)")
                return
            }
            guard case .other(.closed(let received, _))? = peer.events(frame).first else {
                Issue.record("the peer refuses \(number)")
                return
            }
            #expect(received == (code.isSendable ? number : nil))
        }
    }

    @Test("the close handshake: data and pings are dropped, the peer's close ends it, nothing is sent twice")
    func closing() {
        var session = WebSocketSession(role: .server)
        #expect(session.events([0x01, 0x81, 0, 0, 0, 0, 0x61]).isEmpty)
        #expect(session.close(.goingAway, reason: "bye") == [0x88, 5, 0x03, 0xE9, 0x62, 0x79, 0x65])
        #expect(session.close(.normal) == nil)
        #expect(!session.isOpen)
        #expect(session.events(ClientFrame.ping([1], maskingKey: 3)).isEmpty)
        #expect(session.events([0x80, 0x81, 0, 0, 0, 0, 0xFF]).isEmpty, "the rest of a message that is dropped")
        #expect(session.events(ClientFrame.text([0xFF], maskingKey: 3)).isEmpty, "what is dropped is not judged")
        #expect(session.reservedBytes == 0)
        let close = OutgoingFrame.close(.goingAway, maskingKey: 1)
        #expect(session.events(close) == [.other(.closed(code: 1001, reply: nil))])
        #expect(session.events(close).isEmpty)
        #expect(session.close(.normal) == nil)
    }

    @Test("a frame in the middle when close() is called is dropped to its end")
    func closingMidFrame() {
        var session = WebSocketSession(role: .server)
        let frame = ClientFrame.text(Array("Hello".utf8), maskingKey: 7)
        #expect(session.events(Array(frame[..<8])).isEmpty)
        _ = session.close(.normal)
        #expect(session.events(Array(frame[8...]) + OutgoingFrame.close(nil, maskingKey: 1)).count == 1)
    }

    @Test("a broken rule after our close is reported, with nothing to send")
    func failureWhileClosing() {
        var session = WebSocketSession(role: .server)
        _ = session.close(.normal)
        #expect(session.events([0x83, 0x80, 0, 0, 0, 0]) == [.other(.failed(.protocolError, reply: []))])
    }

    @Test("a reason is cut to 123 bytes between two scalars")
    func longReason() {
        var session = WebSocketSession(role: .server)
        let frame = session.close(.normal, reason: String(repeating: "ä", count: 200)) ?? []
        #expect(frame.count == 2 + 2 + 122)
        var peer = WebSocketSession(role: .client)
        #expect(peer.events(frame).count == 1)
    }

    @Test(
        "frames of one side are messages of the other, at every size where a header changes",
        arguments: [
            0, 1, 7, 8, 63, 64, 65, 125, 126, 127, 65_535, 65_536, 100_000,
        ])
    func roundTrip(_ size: Int) {
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) & 0x7F }
        var client = WebSocketSession(role: .client)
        var server = WebSocketSession(role: .server)
        #expect(client.events(ServerFrame.text(payload)) == [.message(.text, payload)])
        #expect(client.events(ServerFrame.binary(payload)) == [.message(.binary, payload)])
        #expect(server.events(ClientFrame.text(payload, maskingKey: 0xDEAD_BEEF)) == [.message(.text, payload)])
        #expect(server.events(ClientFrame.binary(payload, maskingKey: 0x0102_0380)) == [.message(.binary, payload)])
        #expect(client.events(ServerFrame.ping(payload)).count == 1)
        #expect(server.events(ClientFrame.ping(payload, maskingKey: 5)).count == 1)
    }

    @Test("a limit over 2^31 and a limit below 0 do not trap")
    func limits() {
        for limit in [Int.max, Int.min, -1] {
            var session = WebSocketSession(role: .client, limits: WebSocketLimits(messageBytes: limit))
            #expect(session.events([0x81, 0x01, 0x61]).count == 1)
        }
    }

    @Test("200,000 random inputs in random pieces: no trap, and the same events whatever the pieces")
    func random() {
        var generator = SplitMix64(seed: 7)
        let firsts: [UInt8] = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x83]
        for round in 0..<200_000 {
            var bytes: [UInt8] = []
            for _ in 0..<generator.next() % 5 {
                bytes.append(firsts[Int(generator.next() % UInt64(firsts.count))])
                let count = UInt8(generator.next() % 12)
                bytes.append(0x80 | (generator.next() % 16 == 0 ? 126 : count))
                for _ in 0..<Int(count) + 4 { bytes.append(UInt8(truncatingIfNeeded: generator.next() & 0x7F)) }
            }
            var whole = WebSocketSession(role: .server, limits: WebSocketLimits(messageBytes: 20))
            var cut = whole
            let expected = whole.events(bytes)
            var pieces: [Delivered] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(1 + Int(generator.next() % 7))
                pieces += cut.events(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            guard expected == pieces else {
                Issue.record("round \(round): \(bytes)")
                return
            }
        }
    }
}
