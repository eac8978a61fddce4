import PasteModel
import PasteProtocol
import Testing
import WebSocket

@testable import PasteCore

/// What decides whether a server keeps to RFC 6455 where its layers meet.
@Suite("WebSocket in the service")
struct WebSocketServiceTests {
    private static func request(_ method: String = "GET", _ version: String = "1.1") -> [UInt8] {
        Array(
            """
            \(method) /live HTTP/\(version)\r\nHost: h.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
            """.utf8)
    }

    private static let ping = ClientFrame.ping(Array("early".utf8), maskingKey: 0x0102_0304)
    private static let pong: [UInt8] = [0x8A, 5] + Array("early".utf8)

    @Test("a ping that comes with the request, cut anywhere, is answered behind the 101 and never without one")
    func noEarlyPong() {
        let whole = Self.request() + Self.ping
        for cut in stride(from: 1, to: whole.count, by: 7) {
            let visitor = Bench().connect()
            visitor.isHTTP = true
            visitor.write(Array(whole[..<cut]))
            visitor.write(Array(whole[cut...]))
            #expect(visitor.text.hasPrefix("HTTP/1.1 101 "))
            #expect(visitor.bytes.suffix(Self.pong.count).elementsEqual(Self.pong))
        }
    }

    @Test(
        "frames before or behind a request that is refused are not answered",
        arguments: [("HEAD", "1.1"), ("GET", "1.0"), ("POST", "1.1")])
    func no101(_ method: String, _ version: String) {
        let visitor = Bench().connect()
        visitor.isHTTP = true
        visitor.write(Self.request(method, version) + Self.ping)
        #expect(visitor.text.hasPrefix("HTTP/1.1 4") && !visitor.text.contains(" 101 "))
        #expect(!visitor.text.contains("early"))
        let early = Bench().connect()
        early.isHTTP = true
        early.write(Self.ping + Self.request())
        #expect(!early.text.contains("early") && !early.text.contains(" 101 "))
    }

    @Test("what comes before a bad frame in the same read is answered before the connection fails")
    func order() {
        let bench = Bench()
        let device = bench.device()
        device.bytes = []
        let bad: [UInt8] = [0xC1, 0x80, 0, 0, 0, 0]
        device.write(Self.ping + device.wire.frame(.ping) + bad + Self.ping)
        #expect(device.heard.contains { if case .pong = $0 { true } else { false } })
        #expect(device.closeCode == 1002)
        #expect(device.bytes.starts(with: Self.pong))
        // Nothing is read behind it, and the server is who closes.
        #expect(device.bytes.count { $0 == 0x8A } == 1)
        #expect(device.isShuttingDown)
    }

    @Test("a close in the middle of a message is answered with its code, and the server closes first")
    func closeMidMessage() {
        let bench = Bench()
        let device = bench.device()
        device.bytes = []
        device.write([0x01, 0x81, 0, 0, 0, 0, 0x7B])
        device.write([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE9])
        #expect(device.bytes == [0x88, 0x02, 0x03, 0xE9])
        #expect(device.closeCode == 1001)
        #expect(device.isShuttingDown)
    }

    @Test("a text that can not become UTF-8 fails at the bytes that say so, in the middle of its frame")
    func earlyUTF8() {
        let bench = Bench()
        let device = bench.device()
        device.write([0x81, 0xFE, 0x10, 0x00, 0, 0, 0, 0] + Array("{\"type\":\"".utf8))
        #expect(device.closeCode == nil)
        device.write([0xED, 0xA0])
        #expect(device.closeCode == 1007)
    }
}
