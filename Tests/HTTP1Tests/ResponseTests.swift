import HTTP1
import HTTPTypes
import Testing

@Suite("Responses")
struct ResponseTests {
    private let date = HTTPDate.text(secondsSince1970: 784_111_777)

    @Test("a head is its status line, Date, fields, framing and an empty line")
    func head() {
        let head = ResponseHead(status: .ok, fields: [.contentType: "text/plain"])
        #expect(
            text(head.serialized(body: .length(3), keepsAlive: true, date: date))
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n"
                + "Content-Length: 3\r\n\r\n")
        #expect(
            text(head.serialized(body: .chunked, keepsAlive: false, date: nil))
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n"
                + "Connection: close\r\n\r\n")
        #expect(text(head.serialized(body: .untilClose, keepsAlive: true, date: nil)).contains("Connection: close"))
        #expect(text(ResponseHead.goOn) == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test("a value can not begin a second response")
    func splitting() {
        let head = ResponseHead(status: .found, fields: [.location: "/a\r\nSet-Cookie: x\u{0}"])
        #expect(!text(head.serialized(body: .none, keepsAlive: true, date: nil)).contains("\r\nSet-Cookie"))
    }

    @Test("a failure closes, says its sentence, and carries what its status requires")
    func failure() {
        let failure = HTTPFailure(.methodNotAllowed, "Use GET.", fields: [.allow: "GET, HEAD"])
        #expect(
            text(failure.serialized(date: date, extra: [.xContentTypeOptions: "nosniff"]))
                == "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: GET, HEAD\r\n"
                + "X-Content-Type-Options: nosniff\r\nContent-Type: text/plain; charset=utf-8\r\n"
                + "Content-Length: 9\r\nConnection: close\r\n\r\nUse GET.\n")
        #expect(text(failure.serialized(date: date, omitsBody: true)).hasSuffix("close\r\n\r\n"))
    }

    @Test("chunks come back from the parser as they went in; an empty chunk can not end the body")
    func chunks() {
        var bytes = Array("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        let data = (0..<1_000).map { UInt8(truncatingIfNeeded: $0) }
        bytes += ChunkedBody.chunk(data) + ChunkedBody.chunk([]) + ChunkedBody.chunk([1]) + ChunkedBody.end
        var parser = RequestParser(limits: HTTPLimits())
        var offset = 0
        var body: [UInt8] = []
        var ended = false
        while let event = parser.next(bytes.span, at: &offset) {
            if case .body(let range) = event { body += bytes[range] }
            if event == .end { ended = true }
        }
        #expect(body == data + [1])
        #expect(ended)
    }

    @Test(
        "dates as RFC 9110 5.6.7 writes them",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (1_709_251_200, "Fri, 01 Mar 2024 00:00:00 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"), (Int64.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String)])
    func dates(_ seconds: Int64, _ expected: String) {
        #expect(HTTPDate.text(secondsSince1970: seconds) == expected)
    }

    @Test("a client reads a head at any cut and leaves what follows")
    func responseHead() {
        let head = Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nX:\r\n\r\n".utf8)
        for cut in 0...head.count {
            var parser = ResponseHeadParser()
            var offset = 0
            var event = parser.next(Array(head[..<cut]).span, at: &offset)
            if event == nil {
                offset = 0
                event = parser.next((Array(head[cut...]) + [0x81]).span, at: &offset)
                #expect(offset == head.count - cut)
            }
            guard case .head(let found) = event else {
                Issue.record("no head, cut at \(cut)")
                continue
            }
            #expect(found.status == .switchingProtocols)
            #expect(found.fields[.upgrade] == "websocket")
        }
    }

    @Test(
        "a client refuses what is not HTTP/1.1",
        arguments: [
            "HTTP/2 200\r\n", "HTTP/1.1 20\r\n", "HTTP/1.1 099 x\r\n", "HTTP/1.1  200 OK\r\n", "SSH-2.0-x\r\n",
            "HTTP/1.1 200 OK\n", "HTTP/1.1 2000\r\n", "\r\n",
        ])
    func notHTTP(_ line: String) {
        var parser = ResponseHeadParser()
        var offset = 0
        guard case .failed = parser.next(Array(line.utf8).span, at: &offset) else {
            Issue.record("accepted")
            return
        }
        offset = 0
        #expect(parser.next(Array("HTTP/1.1 200 OK\r\n\r\n".utf8).span, at: &offset) == nil, "failed for good")
    }

    @Test("a client's target can not begin a second request")
    func requestSplitting() {
        let request = ClientRequest(method: .get, target: "/a b\r\nX: y", host: "h\r\n", fields: [:])
        #expect(text(request.serialized(body: .none)) == "GET /abX:y HTTP/1.1\r\nHost: h\r\n\r\n")
    }

    private func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
