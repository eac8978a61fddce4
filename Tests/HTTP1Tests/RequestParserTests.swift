import HTTP1
import HTTPTypes
import Seeded
import Testing

@Suite("Request parser")
struct RequestParserTests {
    private static let least = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    @Test("an upgraded connection's bytes stay untouched behind the head")
    func upgrade() {
        var parser = RequestParser(limits: HTTPLimits())
        let bytes = Self.least + [0x81, 0x80]
        var offset = 0
        guard case .head = parser.next(bytes.span, at: &offset) else {
            Issue.record("no head")
            return
        }
        #expect(offset == Self.least.count)
    }

    @Test("a body's bytes are ranges of the caller's buffer, never a copy")
    func ranges() {
        var parser = RequestParser(limits: HTTPLimits())
        let bytes = Array("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd".utf8)
        var offset = 0
        _ = parser.next(bytes.span, at: &offset)
        #expect(parser.next(bytes.span, at: &offset) == .body(bytes.count - 4..<bytes.count))
        #expect(!parser.isIdle)
        #expect(parser.next(bytes.span, at: &offset) == .end)
        #expect(parser.isIdle)
    }

    @Test("idle only between requests: a half line is not idle")
    func idle() {
        var parser = RequestParser(limits: HTTPLimits())
        #expect(parser.isIdle)
        var offset = 0
        #expect(parser.next(Array("G".utf8).span, at: &offset) == nil)
        #expect(!parser.isIdle)
    }

    @Test("413 comes with the head, before a byte of the body")
    func tooLarge() {
        var limits = HTTPLimits()
        limits.bodyBytes = 3
        var parser = RequestParser(limits: limits)
        var offset = 0
        let bytes = Array("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n".utf8)
        guard case .failed(let failure) = parser.next(bytes.span, at: &offset) else {
            Issue.record("not refused")
            return
        }
        #expect(failure.status == .contentTooLarge)
        #expect(failure.sentence.contains("3 bytes"))
        offset = 0
        #expect(parser.next(Self.least.span, at: &offset) == nil, "nothing is parsed after a failure")
        #expect(offset == Self.least.count)
    }

    @Test("an endless line is refused at the limit, not kept")
    func endless() {
        var parser = RequestParser(limits: HTTPLimits())
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000)
        for round in 0..<9 {
            var offset = 0
            let event = parser.next(piece.span, at: &offset)
            if round < 8 {
                #expect(event == nil)
            } else if case .failed(let failure)? = event {
                #expect(failure.status == .uriTooLong)
            } else {
                Issue.record("not refused")
            }
        }
    }

    @Test("more fields than the vocabulary can hold are refused, not a trap, whatever the limit says")
    func fieldsBeyondTheVocabulary() {
        let limits = Self.limits(.max)
        var parser = RequestParser(limits: limits)
        let head = Array("GET / HTTP/1.1\r\n".utf8)
        let fields = [UInt8]((0..<65_540).map { _ in Array("a:\r\n".utf8) }.joined())
        var offset = 0
        #expect(parser.next(head.span, at: &offset) == nil)
        offset = 0
        guard case .failed(let failure) = parser.next(fields.span, at: &offset) else {
            Issue.record("not refused")
            return
        }
        #expect(failure.status == .requestHeaderFieldsTooLarge)
    }

    @Test("limits that make no sense do not trap, and do not let a length overflow")
    func senselessLimits() {
        let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \(UInt64.max)\r\n\r\n"
        for limits in [Self.limits(.max), Self.limits(.min), Self.limits(0)] {
            var parser = RequestParser(limits: limits)
            var offset = 0
            guard case .failed = parser.next(Array(head.utf8).span, at: &offset) else {
                Issue.record("not refused")
                return
            }
        }
    }

    private static func limits(_ value: Int) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.requestLineBytes = value
        limits.fieldLineBytes = value
        limits.headBytes = value
        limits.fieldCount = value
        limits.bodyBytes = value
        limits.chunkExtensionBytes = value
        return limits
    }

    @Test("a value that is not UTF-8 keeps its bytes")
    func bytesOfValues() {
        var parser = RequestParser(limits: HTTPLimits())
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0xFF, 0x41] + Array("\r\n\r\n".utf8)
        var offset = 0
        guard case .head(let head) = parser.next(bytes.span, at: &offset) else {
            Issue.record("no head")
            return
        }
        let field = head.fields.last
        #expect(field?.withUnsafeBytesOfValue { unsafe Array($0) } == [0xFF, 0x41])
    }

    @Test("100,000 random inputs give only documented events and never trap")
    func random() {
        var generator = SplitMix64(seed: 42)
        let alphabet = Array(
            "GET / HTTP/1.1\r\n: ,;chunkedContent-Length0123456789abTransfer-Encoding\0\u{7F}\t#%".utf8)
        for _ in 0..<100_000 {
            var bytes = generator.next() % 4 == 0 ? [] : Array("PUT / HTTP/1.1\r\nHost: a\r\n".utf8)
            if generator.next() % 2 == 0 { bytes += Array("Transfer-Encoding: chunked\r\n\r\n".utf8) }
            for _ in 0..<generator.next() % 40 {
                bytes.append(alphabet[Int(generator.next() % UInt64(alphabet.count))])
            }
            var parser = RequestParser(limits: HTTPLimits())
            var offset = 0
            var events = 0
            while parser.next(bytes.span, at: &offset) != nil { events += 1 }
            #expect(offset == bytes.count)
            #expect(events <= bytes.count + 2)
        }
    }
}
