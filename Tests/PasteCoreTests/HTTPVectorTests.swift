import Foundation
import PasteModel
import Seeded
import Testing

@testable import PasteCore

/// A file of Protocol/vectors/http.
struct HTTPVectorFile<Vector: Decodable>: Decodable {
    let vectors: [Vector]

    static func read(_ name: String) -> [Vector] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        guard let data = try? Data(contentsOf: root.appending(path: "Protocol/vectors/http/" + name)),
            let file = try? JSONDecoder().decode(HTTPVectorFile.self, from: data)
        else { return [] }
        return file.vectors
    }
}

/// Each character is one byte.
func bytes(of text: String) -> [UInt8] {
    text.unicodeScalars.flatMap { $0.value <= 0xFF ? [UInt8($0.value)] : Array(String($0).utf8) }
}

/// Bytes and what the whole service answers.
struct AnswerVector: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: String
    let statuses: [Int]
    let closes: Bool
    let has: [String]?
    let lacks: [String]?
    var testDescription: String { name }
}

/// Bytes that break a rule of the parser, from the parser's own vectors.
struct BrokenVector: Decodable, CustomTestStringConvertible, Sendable {
    struct Event: Decodable, Sendable { let failed: Int? }
    struct Limits: Decodable, Sendable {}
    let name: String
    let bytes: String
    let events: [Event]
    let limits: Limits?
    var testDescription: String { name }
}

@Suite("HTTP end to end, by vectors")
struct HTTPVectorTests {
    static let answers = HTTPVectorFile<AnswerVector>.read("answers.json")
    static let broken = HTTPVectorFile<BrokenVector>.read("requests.json").filter {
        $0.limits == nil && $0.events.count == 1 && $0.events[0].failed != nil
    }

    private static let site = Site(assets: [
        "/index.html": Site.Asset(
            body: Array("<html>page</html>".utf8), gzip: nil, etag: "\"p1\"", contentType: "text/html"),
        "/style.css": Site.Asset(body: Array("body {}".utf8), gzip: nil, etag: "\"s1\"", contentType: "text/css"),
    ])

    private func visit(_ pieces: [ArraySlice<UInt8>], _ bench: Bench) -> Visitor {
        let visitor = bench.connect()
        visitor.isHTTP = true
        for piece in pieces { visitor.write(Array(piece)) }
        return visitor
    }

    private func statuses(_ visitor: Visitor) -> [Int] {
        let text = visitor.text
        return text.ranges(of: "HTTP/1.1 ").compactMap { Int(text[$0.upperBound...].prefix(3)) }
    }

    @Test("the vectors are there")
    func present() {
        #expect(Self.answers.count > 60 && Self.broken.count > 130)
    }

    @Test("bytes are answered so, whole, cut at any one point and byte by byte", arguments: answers)
    func answered(_ vector: AnswerVector) {
        let input = bytes(of: vector.bytes)
        let bench = Bench(site: Self.site)
        let whole = visit([input[...]], bench)
        #expect(statuses(whole) == vector.statuses, "\(whole.text)")
        #expect(whole.isClosed == vector.closes)
        for part in vector.has ?? [] { #expect(whole.text.contains(part), "\(part) is missing") }
        for part in vector.lacks ?? [] { #expect(!whole.text.contains(part), "\(part) is there") }
        // Long inputs are cut where something happens: at their ends.
        let cuts = input.indices.filter { input.count < 1_000 || $0 < 100 || $0 > input.count - 100 }
        let bad = cuts.first { cut in
            let visitor = visit([input[..<cut], input[cut...]], bench)
            return statuses(visitor) != vector.statuses || visitor.isClosed != vector.closes
        }
        #expect(bad == nil, "cut there")
        let slow = visit(input.indices.map { input[$0...$0] }, bench)
        #expect(statuses(slow) == vector.statuses && slow.isClosed == vector.closes, "byte by byte")
    }

    @Test("what the parser refuses is answered with that status, then closed; nothing behind it is", arguments: broken)
    func refused(_ vector: BrokenVector) {
        let visitor = visit([(bytes(of: vector.bytes) + Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))[...]], Bench())
        #expect(statuses(visitor) == [vector.events[0].failed], "\(visitor.text)")
        #expect(visitor.isClosed)
        #expect(visitor.text.contains("Connection: close"))
    }

    @Test("the operator's address takes GET and HEAD, and no content")
    func operatorMethods() {
        for (request, status) in [
            ("GET /healthz", 200), ("HEAD /metrics", 200), ("DELETE /metrics", 405), ("POST /healthz", 405),
            ("BREW /healthz", 501), ("GET /live", 404),
        ] {
            let bench = Bench()
            let visitor = bench.connect(isOperator: true)
            visitor.isHTTP = true
            visitor.write(Array("\(request) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect(statuses(visitor) == [status], "\(request)")
        }
    }
}

/// Who a request is from.
struct ForwardedVector: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let peer: String
    let fields: [String]
    let client: String
    let isSecure: Bool?
    var testDescription: String { name }
}

@Suite("Proxies, by vectors")
struct ProxyVectorTests {
    static let forwarded = HTTPVectorFile<ForwardedVector>.read("forwarded.json")

    private func trusting() -> Bench {
        Bench { $0.proxies = ["10.0.0.0/8", "2001:db8:ffff::/48"].compactMap { AddressRange($0) } }
    }

    @Test("a request is from whom the nearest trusted proxy names, and from nobody else", arguments: forwarded)
    func from(_ vector: ForwardedVector) throws {
        let visitor = trusting().connect(peer: try #require(PeerAddress(vector.peer)), isSecure: false)
        visitor.isHTTP = true
        visitor.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\(vector.fields.map { $0 + "\r\n" }.joined())\r\n".utf8))
        #expect(visitor.session?.peer == PeerAddress(vector.client))
        #expect(visitor.session?.isSecure == vector.isSecure ?? false)
    }

    @Test("the next request of a proxy's connection may be somebody else's, and tells nothing of the one before")
    func perRequest() throws {
        let visitor = trusting().connect(peer: try #require(PeerAddress("10.0.0.1")), isSecure: false)
        visitor.isHTTP = true
        func ask(_ fields: String) -> PeerAddress? {
            visitor.write(Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8))
            return visitor.session?.peer
        }
        #expect(ask("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n") == PeerAddress("192.0.2.7"))
        #expect(visitor.session?.isSecure == true)
        #expect(ask("X-Forwarded-For: 192.0.2.8\r\n") == PeerAddress("192.0.2.8"))
        #expect(visitor.session?.isSecure == false)
        #expect(ask("") == PeerAddress("10.0.0.1"))
    }

    @Test("links are https when the proxy says so", arguments: [true, false])
    func links(isSecure: Bool) throws {
        let bench = trusting()
        let visitor = bench.connect(peer: try #require(PeerAddress("10.0.0.1")), isSecure: false)
        let head = String(decoding: visitor.wire.request, as: UTF8.self).dropLast()  // CR LF is one
        visitor.write(Array((head + "X-Forwarded-Proto: \(isSecure ? "https" : "http")\r\n\r\n").utf8))
        let url = bench.makePaste(by: visitor)?.url
        #expect(url?.hasPrefix(isSecure ? "https://" : "http://") == true, "\(url ?? "")")
    }
}

/// The beginning of a proxy's connection.
struct ProxyHeaderVector: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let text: String?
    let hex: String?
    let result: String?
    let byteCount: Int?
    let peer: String?
    var testDescription: String { name }

    var input: [UInt8] {
        if let text { return bytes(of: text) }
        let digits = Array((hex ?? "").utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
    }

    var outcome: ProxyHeader.Outcome {
        switch result {
        case "malformed": .malformed
        case "incomplete": .incomplete
        default: .complete(byteCount: byteCount ?? -1, peer: peer.flatMap { PeerAddress($0) })
        }
    }
}

@Suite("PROXY protocol, by vectors")
struct ProxyHeaderVectorTests {
    static let vectors = HTTPVectorFile<ProxyHeaderVector>.read("proxy-protocol.json")

    @Test("the vectors are there")
    func present() {
        #expect(Self.vectors.count > 60)
    }

    @Test("the bytes are this; every beginning of a header is the beginning of one", arguments: vectors)
    func read(_ vector: ProxyHeaderVector) {
        let input = vector.input
        #expect(ProxyHeader.read(input.span) == vector.outcome)
        guard case .complete(let byteCount, _) = vector.outcome else { return }
        #expect(byteCount <= ProxyHeader.limitBytes)
        for count in 0..<byteCount {
            #expect(ProxyHeader.read(input.span.extracting(first: count)) == .incomplete, "the first \(count)")
        }
        for count in byteCount...input.count {
            #expect(ProxyHeader.read(input.span.extracting(first: count)) == vector.outcome)
        }
    }

    @Test("what is malformed once never becomes a header, and no bytes wait for ever")
    func random() {
        var dice = SplitMix64(seed: 7)
        for vector in Self.vectors {
            for _ in 0..<200 {
                var input = vector.input
                if !input.isEmpty {
                    input[Int(dice.next() % UInt64(input.count))] = UInt8(truncatingIfNeeded: dice.next())
                }
                while input.count <= ProxyHeader.limitBytes { input.append(UInt8(truncatingIfNeeded: dice.next())) }
                #expect(ProxyHeader.read(input.span) != .incomplete)
            }
        }
    }
}
