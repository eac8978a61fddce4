import HTTP1
import HTTPTypes
import Testing
import WebSocket

/// One vector of Protocol/vectors/websocket/handshakes.json.
struct HandshakeVector: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let section: String
    let request: String
    let subprotocols: [String]?
    let origins: [String]?
    let accept: String?
    let subprotocol: String?
    let extensions: String?
    let failed: Int?
    let fields: [String: String]?
    var testDescription: String { name }
}

@Suite("Opening handshake")
struct HandshakeTests {
    static let vectors = (try? VectorFile<HandshakeVector>.read("websocket/handshakes.json")) ?? []

    @Test("the vectors are there") func present() {
        #expect(HandshakeTests.vectors.count > 50)
    }

    @Test("a server answers so", arguments: vectors)
    func server(_ vector: HandshakeVector) throws {
        let policy = Handshake.Policy(subprotocols: vector.subprotocols ?? [], origins: vector.origins ?? [])
        let head = try #require(Self.requestHead(vector.request))
        switch Handshake.check(head, policy: policy) {
        case .accepted(let response, let subprotocol, let deflate):
            #expect(vector.failed == nil)
            #expect(response.status == .switchingProtocols)
            #expect(response.fields[.secWebSocketAccept] == vector.accept)
            #expect(response.fields[.upgrade] == "websocket")
            #expect(response.fields[.connection] == "Upgrade")
            #expect(response.fields[.secWebSocketProtocol] == vector.subprotocol)
            #expect(response.fields[.secWebSocketExtensions] == vector.extensions)
            #expect((deflate != nil) == (vector.extensions != nil))
            #expect(subprotocol == vector.subprotocol)
        case .rejected(let failure):
            #expect(failure.status.code == vector.failed)
            for (name, value) in vector.fields ?? [:] {
                #expect(failure.fields[try #require(HTTPField.Name(name))] == value)
            }
        }
    }

    @Test("client and server agree through their own bytes")
    func bothSides() throws {
        let client = ClientHandshake(
            nonce: (0x0123_4567_89AB_CDEF, 0), subprotocols: ["pasted.v1"], offersDeflate: true)
        let request = String(decoding: client.request(host: "a:1", target: "/live"), as: UTF8.self)
        let head = try #require(Self.requestHead(request))
        let outcome = Handshake.check(head, policy: Handshake.Policy(subprotocols: ["pasted.v1"]))
        guard case .accepted(let response, _, let deflate) = outcome else {
            Issue.record("refused")
            return
        }
        let bytes = response.serialized(body: .none, keepsAlive: true, date: nil)
        var parser = ResponseHeadParser()
        var offset = 0
        guard case .head(let answer) = parser.next(bytes.span, at: &offset) else {
            Issue.record("no head")
            return
        }
        let agreed = try client.check(answer)
        #expect(agreed.subprotocol == "pasted.v1")
        #expect(agreed.deflate == deflate && deflate?.windowBits == 15)
    }

    @Test("a client refuses what does not answer its request")
    func client() {
        let client = ClientHandshake(nonce: (1, 2), subprotocols: ["pasted.v1"])
        let good = { () -> ResponseHead in
            let head = RequestHead(
                method: .get, target: "/",
                fields: [
                    .upgrade: "websocket", .connection: "upgrade", .secWebSocketKey: client.key,
                    .secWebSocketVersion: "13",
                ])
            guard case .accepted(let response, _, _) = Handshake.check(head, policy: .init()) else {
                return ResponseHead(status: .badRequest)
            }
            return response
        }()
        func failure(_ change: (inout ResponseHead) -> Void) -> ClientHandshake.Failure? {
            var response = good
            change(&response)
            do throws(ClientHandshake.Failure) {
                _ = try client.check(response)
                return nil
            } catch {
                return error
            }
        }
        #expect(failure { _ in } == nil)
        #expect(failure { $0.status = .ok } == .refused(status: 200))
        #expect(failure { $0.fields[.upgrade] = nil } != nil)
        #expect(failure { $0.fields[.connection] = "close" } != nil)
        #expect(failure { $0.fields[.secWebSocketAccept] = nil } != nil)
        #expect(failure { $0.fields[.secWebSocketAccept] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" } != nil)
        #expect(failure { $0.fields[.secWebSocketProtocol] = "chat" } != nil)
        #expect(failure { $0.fields[.secWebSocketProtocol] = "pasted.v1, pasted.v1" } != nil)
        #expect(failure { $0.fields[.secWebSocketExtensions] = "permessage-deflate" } != nil)
    }

    @Test(
        "a client takes of compression only what it offered, and keeps to the window that it is told",
        arguments: [
            ("permessage-deflate; server_no_context_takeover", 15),
            ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", 15),
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits=9", 9),
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits=8", 8),
            ("permessage-deflate; server_no_context_takeover; server_max_window_bits=8", 15),
            ("permessage-deflate", nil),
            ("permessage-deflate; client_no_context_takeover", nil),
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits", nil),
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits=16", nil),
            ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", nil),
            ("permessage-deflate; server_no_context_takeover; new=1", nil),
            ("permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover", nil),
            ("permessage-bzip2; server_no_context_takeover", nil),
            ("permessage-deflate; server_no_context_takeover;", nil),
        ])
    func clientDeflate(_ answer: String, _ windowBits: Int?) throws {
        let client = ClientHandshake(nonce: (1, 2), offersDeflate: true)
        let request = String(decoding: client.request(host: "a", target: "/"), as: UTF8.self)
        let head = try #require(Self.requestHead(request))
        guard case .accepted(var response, _, _) = Handshake.check(head, policy: .init()) else {
            Issue.record("refused")
            return
        }
        response.fields[.secWebSocketExtensions] = answer
        let agreed = try? client.check(response)
        #expect(agreed?.deflate.map { Int($0.windowBits) } == windowBits)
        #expect((agreed == nil) == (windowBits == nil))
        response.fields[.secWebSocketExtensions] = nil
        #expect(try client.check(response).deflate == nil)
    }

    private static func requestHead(_ text: String) -> RequestHead? {
        var parser = RequestParser(limits: HTTPLimits())
        var offset = 0
        let bytes = Array(text.utf8)
        guard case .head(let head) = parser.next(bytes.span, at: &offset) else { return nil }
        return head
    }
}
