import Foundation
import HTTP1
import HTTPTypes
import Testing

/// One vector of Protocol/vectors/http/requests.json.
struct RequestVector: Decodable, CustomTestStringConvertible, Sendable {
    struct Event: Decodable, Hashable {
        struct Head: Decodable, Hashable {
            var method: String
            var target: String
            var host: String?
            var minorVersion: Int?
            var body: Body?
            var keepsAlive: Bool?
            var expectsContinue: Bool?
        }
        enum Body: Decodable, Hashable {
            case length(Int), chunked
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                self = (try? container.decode(Int.self)).map(Body.length) ?? .chunked
            }
        }
        var head: Head?
        var body: String?
        var end: Bool?
        var failed: Int?
    }
    struct Limits: Decodable {
        var requestLineBytes: Int?
        var fieldLineBytes: Int?
        var headBytes: Int?
        var fieldCount: Int?
        var bodyBytes: Int?
        var chunkExtensionBytes: Int?
    }
    let name: String
    let section: String
    let limits: Limits?
    let bytes: String
    let events: [Event]
    var testDescription: String { name }

    /// Each character up to U+00FF is one byte; others never occur in a valid vector and become UTF-8.
    var input: [UInt8] {
        bytes.unicodeScalars.flatMap { $0.value <= 0xFF ? [UInt8($0.value)] : Array(String($0).utf8) }
    }

    var httpLimits: HTTPLimits {
        var result = HTTPLimits()
        guard let limits else { return result }
        result.requestLineBytes = limits.requestLineBytes ?? result.requestLineBytes
        result.fieldLineBytes = limits.fieldLineBytes ?? result.fieldLineBytes
        result.headBytes = limits.headBytes ?? result.headBytes
        result.fieldCount = limits.fieldCount ?? result.fieldCount
        result.bodyBytes = limits.bodyBytes ?? result.bodyBytes
        result.chunkExtensionBytes = limits.chunkExtensionBytes ?? result.chunkExtensionBytes
        return result
    }

    /// The events of the bytes when they come in these pieces; bodies in a row are joined.
    func replay(_ pieces: [ArraySlice<UInt8>]) -> [Event] {
        var parser = RequestParser(limits: httpLimits)
        var events: [Event] = []
        for piece in pieces.map(Array.init) {
            var offset = 0
            while let event = parser.next(piece.span, at: &offset) {
                events.append(joining: RequestVector.described(event, piece))
            }
            #expect(offset == piece.count, "all bytes are eaten before nil")
        }
        return events
    }

    static func described(_ event: RequestEvent, _ piece: [UInt8]) -> Event {
        switch event {
        case .head(let head):
            let host = head.authority.map { $0.port == nil ? $0.host : "\($0.host):\($0.port ?? 0)" }
            let body: Event.Body? =
                switch head.body {
                case .none: nil
                case .length(let count): .length(count)
                case .chunked: .chunked
                }
            return Event(
                head: Event.Head(
                    method: head.method.rawValue, target: head.target, host: host,
                    minorVersion: head.minorVersion == 1 ? nil : head.minorVersion, body: body,
                    keepsAlive: head.keepsAlive ? nil : false, expectsContinue: head.expectsContinue ? true : nil))
        case .body(let range):
            var text = ""
            text.unicodeScalars.append(contentsOf: piece[range].map { Unicode.Scalar($0) })
            return Event(body: text)
        case .end: return Event(end: true)
        case .failed(let failure): return Event(failed: failure.status.code)
        }
    }
}

extension [RequestVector.Event] {
    fileprivate mutating func append(joining event: RequestVector.Event) {
        if let body = event.body, let before = last?.body {
            self[count - 1].body = before + body
        } else {
            append(event)
        }
    }
}

@Suite("RFC 9112, by vectors")
struct RequestVectorTests {
    static let vectors = (try? VectorFile<RequestVector>.read("http/requests.json")) ?? []

    @Test("the vectors are there") func present() {
        #expect(RequestVectorTests.vectors.count > 150)
    }

    @Test("the bytes give these events, cut at any one point and byte by byte", arguments: vectors)
    func replay(_ vector: RequestVector) {
        let input = vector.input
        #expect(vector.replay([input[...]]) == vector.events, "whole; \(vector.section)")
        let bad = input.indices.first { vector.replay([input[..<$0], input[$0...]]) != vector.events }
        #expect(bad == nil, "cut there")
        #expect(vector.replay(input.indices.map { input[$0...$0] }) == vector.events, "byte by byte")
    }
}

/// One vector of Protocol/vectors/http/paths.json.
struct PathVector: Decodable, CustomTestStringConvertible, Sendable {
    let target: String
    let segments: [String]?
    let endsInSlash: Bool?
    let query: String?
    let failed: Int?
    var testDescription: String { target }
}

@Suite("Paths, by vectors")
struct PathVectorTests {
    static let vectors = (try? VectorFile<PathVector>.read("http/paths.json")) ?? []

    @Test("a target is these segments, byte for byte, or refused", arguments: vectors)
    func read(_ vector: PathVector) {
        do throws(HTTPFailure) {
            let path = try RequestPath(vector.target)
            #expect(vector.failed == nil)
            #expect(path.segments.map { Array($0.utf8) } == vector.segments?.map { Array($0.utf8) })
            #expect(path.endsInSlash == vector.endsInSlash ?? false)
            #expect(path.query == vector.query)
        } catch {
            #expect(error.status.code == vector.failed)
        }
    }

    @Test("the vectors are there") func present() {
        #expect(PathVectorTests.vectors.count > 40)
    }

    @Test("a parameter is the first of its name, decoded")
    func parameters() throws {
        let path = try RequestPath("/k/events?after=12&x=a%20b+c&after=13&flag&bad=%zz&e=a=b")
        #expect(path.parameter("after") == "12")
        #expect(path.parameter("x") == "a b c")
        #expect(path.parameter("flag") == "")
        #expect(path.parameter("e") == "a=b")
        #expect(path.parameter("bad") == nil)
        #expect(path.parameter("none") == nil)
    }
}
