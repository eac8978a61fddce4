import PasteModel
import Testing

@testable import PasteCore

/// The address without TLS, and what the one with it says to browsers.
@Suite("Redirect")
struct RedirectTests {
    private struct OneChallenge: Challenges {
        func answer(token: String) -> [UInt8]? { token == "tok_EN-1" ? Array("tok_EN-1.print".utf8) : nil }
    }

    private func ask(_ request: String, port: UInt16 = 8443, challenges: (any Challenges)? = nil) -> Visitor {
        let bench = Bench(site: Site(assets: [:])) { $0.redirect = Redirect(port: port, challenges: challenges) }
        let visitor = bench.connect(forRedirect: true)
        visitor.isHTTP = true
        visitor.write(Array(request.replacing("\n", with: "\r\n").utf8))
        return visitor
    }

    @Test(
        "everything is sent to the same host and path with TLS, by 308 so that a method stays what it is",
        arguments: [
            "GET /7K3QWD?a=b HTTP/1.1\nHost: h.test:80\n\n",
            "PUT /7K3QWD?a=b HTTP/1.1\nHost: h.test\nContent-Length: 3\n\nabc",
            "GET http://h.test/7K3QWD?a=b HTTP/1.1\nHost: other\n\n", "GET /7K3QWD?a=b HTTP/1.0\nHost: h.test\n\n",
            "GET /7K3QWD?a=b HTTP/1.1\nHost: h.test\nUpgrade: websocket\nConnection: Upgrade\n\n",
        ])
    func redirected(request: String) {
        let answer = ask(request).text
        #expect(answer.hasPrefix("HTTP/1.1 308 "))
        #expect(answer.contains("Location: https://h.test:8443/7K3QWD?a=b\r\n"))
    }

    @Test("the usual port is not written, an IPv6 address keeps its brackets")
    func spelling() {
        #expect(ask("GET / HTTP/1.1\nHost: [::1]:80\n\n", port: 443).text.contains("Location: https://[::1]/\r\n"))
    }

    @Test("without a host there is nowhere to send to")
    func noHost() {
        #expect(ask("GET / HTTP/1.0\n\n").text.hasPrefix("HTTP/1.1 400 "))
    }

    @Test(
        "a challenge of the certificate authority is answered here, anything like it is not",
        arguments: [
            ("GET", "tok_EN-1", "200"), ("GET", "other", "404"), ("GET", "tok_EN-1/", "308"), ("GET", "tok.1", "308"),
            ("GET", "..", "400"), ("GET", "%2e%2e", "400"), ("POST", "tok_EN-1", "405"), ("GET", "tok_EN-1?x", "308"),
        ])
    func challenges(method: String, token: String, status: String) {
        let request = "\(method) /.well-known/acme-challenge/\(token) HTTP/1.1\nHost: h\nContent-Length: 0\n\n"
        let answer = ask(request, challenges: OneChallenge()).text
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.hasSuffix("tok_EN-1.print") == (status == "200"))
    }

    @Test("a request here has as long as one there")
    func deadline() {
        let bench = Bench { $0.redirect = Redirect(port: 443) }
        let visitor = bench.connect(forRedirect: true)
        visitor.isHTTP = true
        for _ in 0..<9 {
            visitor.write([UInt8(ascii: "G")])
            bench.pass(1_000)
        }
        #expect(!visitor.isClosed)
        bench.pass(2_000)
        #expect(visitor.isClosed)
    }

    @Test("browsers are told to insist on TLS by answers that came with TLS, when the operator wants it")
    func strictTransport() {
        for (seconds, isSecure) in [(nil, true), (86_400, true), (86_400, false)] as [(Int64?, Bool)] {
            let bench = Bench {
                $0.strictTransportSeconds = seconds
                $0.redirect = Redirect(port: 443)
            }
            for request in ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
                let visitor = bench.connect(forRedirect: !isSecure)
                visitor.isHTTP = true
                visitor.write(Array(request.utf8))
                let isSaid = visitor.text.contains("Strict-Transport-Security: max-age=86400\r\n")
                #expect(isSaid == (isSecure && seconds != nil))
            }
        }
    }
}
