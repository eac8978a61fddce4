import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// The static page and the door to the WebSocket, in bytes.
@Suite("HTTP")
struct PageTests {
    private static let site = Site(assets: [
        "/index.html": Site.Asset(
            body: Array("<html>page</html>".utf8), gzip: nil, etag: "\"p1\"", contentType: "text/html; charset=utf-8"),
        "/style.css": Site.Asset(
            body: Array("body { color: black }".utf8), gzip: [31, 139, 8], etag: "\"s1\"", contentType: "text/css"),
    ])

    private func ask(_ request: String, bench: Bench = Bench(site: site)) -> Visitor {
        let visitor = bench.connect()
        visitor.isHTTP = true
        visitor.write(Array(request.replacing("\n", with: "\r\n").utf8))
        return visitor
    }

    @Test(
        "the page is served at / and at every key, with the headers that keep it safe",
        arguments: ["/", "/maple-otter-cabin", "/7K3QWD"])
    func page(path: String) {
        let visitor = ask("GET \(path) HTTP/1.1\nHost: h\nAccept: text/html\n\n")
        #expect(visitor.text.hasPrefix("HTTP/1.1 200 "))
        #expect(visitor.text.hasSuffix("<html>page</html>"))
        let head = visitor.text.lowercased()
        for field in [
            "content-security-policy: default-src 'none'", "frame-ancestors 'none'", "x-content-type-options: nosniff",
            "referrer-policy: no-referrer", "x-robots-tag: noindex", "content-length: 17", "etag: \"p1\"",
        ] {
            #expect(head.contains(field), "\(field) is missing")
        }
        #expect(visitor.bench.asked.filter { !$0.request.isRead }.isEmpty, "looking at a key asks nothing of the store")
    }

    @Test("HEAD has the length and no content")
    func head() {
        let visitor = ask("HEAD /style.css HTTP/1.1\nHost: h\n\n")
        #expect(visitor.text.hasPrefix("HTTP/1.1 200 ") && visitor.text.lowercased().contains("content-length: 21"))
        #expect(visitor.text.hasSuffix("\r\n\r\n"))
    }

    @Test("what the browser has is not sent again", arguments: ["\"s1\"", "W/\"s1\"", "\"x\", \"s1\"", "*"])
    func notModified(tags: String) {
        let visitor = ask("GET /style.css HTTP/1.1\nHost: h\nIf-None-Match: \(tags)\n\n")
        #expect(visitor.text.hasPrefix("HTTP/1.1 304 ") && visitor.text.hasSuffix("\r\n\r\n"))
    }

    @Test(
        "gzip is sent to who takes it",
        arguments: [("gzip", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false), ("br", false)])
    func gzip(accepted: String, isSent: Bool) {
        let visitor = ask("GET /style.css HTTP/1.1\nHost: h\nAccept-Encoding: \(accepted)\n\n")
        #expect(visitor.text.lowercased().contains("content-encoding: gzip") == isSent)
        #expect((visitor.bytes.suffix(3) == [31, 139, 8]) == isSent)
    }

    @Test(
        "what is wrong with a request is said in its status",
        arguments: [
            ("GET /nothing/here HTTP/1.1\nHost: h\n\n", "404"), ("GET /x HTTP/1.1\nHost: h\n\n", "404"),
            ("PATCH / HTTP/1.1\nHost: h\nContent-Length: 0\n\n", "405"),
            ("GET / HTTP/1.1\n\n", "400"), ("GET / HTTP/1.1\nHost: a\nHost: b\n\n", "400"),
            ("GET /../etc/passwd HTTP/1.1\nHost: h\n\n", "400"),
            ("GET /live HTTP/1.1\nHost: h\n\n", "426"),
        ])
    func statuses(request: String, status: String) {
        let visitor = ask(request)
        #expect(visitor.text.hasPrefix("HTTP/1.1 \(status) "), "\(visitor.text.prefix(40))")
    }

    @Test("requests may come in one piece, byte by byte, and one after the other")
    func pipelining() {
        let bench = Bench(site: Self.site)
        let visitor = bench.connect()
        visitor.isHTTP = true
        let request = "GET /style.css HTTP/1.1\r\nHost: h\r\n\r\n"
        visitor.write(Array((request + request).utf8))
        for byte in request.utf8 { visitor.write([byte]) }
        #expect(visitor.text.components(of: "HTTP/1.1 200 ") == 3)
        #expect(!visitor.isClosed)
        visitor.write(Array("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".utf8))
        #expect(visitor.isClosed)
    }

    private func upgrade(origin: String? = nil, version: String = "13", protocols: String? = "pasted.v1") -> String {
        """
        GET /live HTTP/1.1\nHost: h.test:8443\nUpgrade: websocket\nConnection: Upgrade\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: \(version)\n\
        \(protocols.map { "Sec-WebSocket-Protocol: \($0)\n" } ?? "")\(origin.map { "Origin: \($0)\n" } ?? "")\n
        """
    }

    @Test(
        "an upgrade is granted to our own page and to who is no browser",
        arguments: [nil, "https://h.test:8443", "https://friend.test"])
    func granted(origin: String?) {
        let bench = Bench(site: Self.site) { $0.allowedOrigins = ["https://friend.test"] }
        let visitor = ask(upgrade(origin: origin), bench: bench)
        #expect(visitor.text.hasPrefix("HTTP/1.1 101 "))
        #expect(visitor.text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        #expect(visitor.text.contains("\"type\":\"welcome\""))
    }

    @Test("an upgrade is refused to another site's page, another version, another protocol")
    func refused() {
        #expect(ask(upgrade(origin: "https://evil.test")).text.hasPrefix("HTTP/1.1 403 "))
        #expect(ask(upgrade(version: "12")).text.hasPrefix("HTTP/1.1 426 "))
        #expect(ask(upgrade(protocols: "chat")).text.hasPrefix("HTTP/1.1 400 "))
        #expect(ask(upgrade(protocols: nil)).text.hasPrefix("HTTP/1.1 101 "))
    }
}

extension String {
    /// How often a part occurs.
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
