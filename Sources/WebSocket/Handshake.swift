import Digest
import HTTP1
import HTTPTypes

/// The opening handshake (RFC 6455 section 4): the server's side here, the client's in ``ClientHandshake``.
public enum Handshake {
    /// What a server answers.
    public enum Outcome: Hashable, Sendable {
        /// Send this head (``ResponseHead/serialized(body:keepsAlive:date:)`` with no body and `keepsAlive`); every byte
        /// after the request's head is WebSocket, in the agreed subprotocol if there is one, and compressed if that was
        /// agreed on.
        case accepted(ResponseHead, subprotocol: String?, deflate: PerMessageDeflate?)
        /// Send this failure and close.
        case rejected(HTTPFailure)
    }

    /// The subprotocols that a server speaks and the origins that may use it.
    public struct Policy: Hashable, Sendable {
        /// Subprotocols, the preferred one first.
        public var subprotocols: [String]
        /// Origins beside the server's own, such as `https://example.org`.
        public var origins: [String]

        /// A policy of its parts.
        public init(subprotocols: [String] = [], origins: [String] = []) {
            self.subprotocols = subprotocols
            self.origins = origins
        }
    }

    /// Holds a request against section 4.2.1. A client that offers no subprotocol is accepted without one; a client that
    /// offers only unknown ones is refused, because its browser would fail the connection anyway.
    public static func check(_ head: RequestHead, policy: Policy) -> Outcome {
        do throws(HTTPFailure) {
            try checkRequest(head)
            let accept = try acceptValue(head.fields)
            guard Origin.isAllowed(head, alsoAllowed: policy.origins) else {
                throw HTTPFailure(.forbidden, "Pages of another site may not connect here.")
            }
            let subprotocol = try subprotocol(head.fields, policy)
            guard let offers = ExtensionList.elements(head.fields) else {
                throw HTTPFailure(.badRequest, "Sec-WebSocket-Extensions is not a list of extensions.")
            }
            let deflate = PerMessageDeflate.accept(offers)
            var fields: HTTPFields = [.upgrade: "websocket", .connection: "Upgrade", .secWebSocketAccept: accept]
            fields[.secWebSocketProtocol] = subprotocol
            fields[.secWebSocketExtensions] = deflate?.answer
            return .accepted(
                ResponseHead(status: .switchingProtocols, fields: fields), subprotocol: subprotocol,
                deflate: deflate?.agreed)
        } catch {
            return .rejected(error)
        }
    }

    /// `GET`, HTTP/1.1, no body, and the upgrade asked for.
    private static func checkRequest(_ head: RequestHead) throws(HTTPFailure) {
        guard head.method == .get else {
            throw HTTPFailure(.methodNotAllowed, "A WebSocket is opened by GET.", fields: [.allow: "GET"])
        }
        guard head.minorVersion >= 1 else {
            throw HTTPFailure(.badRequest, "A WebSocket needs HTTP/1.1.")
        }
        guard head.body == .none else {
            throw HTTPFailure(.badRequest, "A request that opens a WebSocket must not have a body.")
        }
        guard FieldList(.upgrade, in: head.fields).contains("websocket"),
            FieldList(.connection, in: head.fields).contains("upgrade")
        else {
            throw HTTPFailure(
                .upgradeRequired, "This address speaks WebSocket: ask for the upgrade.",
                fields: [.upgrade: "websocket", .connection: "Upgrade"])
        }
        guard head.fields[values: .secWebSocketVersion] == ["13"] else {
            // Section 4.4.
            throw HTTPFailure(
                .upgradeRequired, "This server speaks version 13 of WebSocket.",
                fields: [.upgrade: "websocket", .connection: "Upgrade", .secWebSocketVersion: "13"])
        }
    }

    /// The answer to the request's key, which must be there once and stand for 16 bytes.
    private static func acceptValue(_ fields: HTTPFields) throws(HTTPFailure) -> String {
        let keys = fields[values: .secWebSocketKey]
        guard let key = keys.first, keys.count == 1, Base64.byteCount(key) == 16 else {
            throw HTTPFailure(.badRequest, "Sec-WebSocket-Key must be there once and be 16 bytes in base 64.")
        }
        return acceptValue(for: key)
    }

    /// Section 4.2.2, step 5.4.
    static func acceptValue(for key: String) -> String {
        Base64.text(sha1(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
    }

    /// The server's most preferred subprotocol of those that the client offers.
    private static func subprotocol(_ fields: HTTPFields, _ policy: Policy) throws(HTTPFailure) -> String? {
        let offered = FieldList(.secWebSocketProtocol, in: fields).elements
        if offered.isEmpty || policy.subprotocols.isEmpty { return nil }
        guard let best = policy.subprotocols.first(where: offered.contains) else {
            throw HTTPFailure(
                .badRequest, "This server speaks the subprotocol \(policy.subprotocols.joined(separator: ", ")).")
        }
        return best
    }
}

/// The `Origin` of a request (RFC 6454): what a browser says of the page that asks, and nobody can forge there.
public enum Origin {
    /// Whether a page of this origin may use the server: no origin (not a browser), the server's own host and port, or
    /// one of a list.
    ///
    /// - Parameter alsoAllowed: origins as browsers write them, `https://example.org` or with a port.
    public static func isAllowed(_ head: RequestHead, alsoAllowed: [String] = []) -> Bool {
        let origins = head.fields[values: .origin]
        guard let origin = origins.first else { return true }
        guard origins.count == 1, let (scheme, page) = parse(origin) else { return false }
        let standard = scheme == "https" ? UInt16(443) : 80
        if let own = head.authority, own.host == page.host, (own.port ?? standard) == (page.port ?? standard) {
            return true
        }
        return alsoAllowed.contains { text in
            guard let (otherScheme, other) = parse(text) else { return false }
            return otherScheme == scheme && other.host == page.host
                && (other.port ?? standard) == (page.port ?? standard)
        }
    }

    /// `http` or `https` and the authority; nil for anything else, `null` included.
    private static func parse(_ origin: String) -> (scheme: String, Authority)? {
        for scheme in ["https", "http"] {
            let prefix = scheme + "://"
            if origin.utf8.starts(with: prefix.utf8) {
                return Authority(String(origin.dropFirst(prefix.count))).map { (scheme, $0) }
            }
        }
        return nil
    }
}
