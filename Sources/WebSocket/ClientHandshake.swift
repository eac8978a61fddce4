import HTTP1
import HTTPTypes

/// The client's side of the opening handshake (RFC 6455 section 4.1).
public struct ClientHandshake: Hashable, Sendable {
    /// The value of `Sec-WebSocket-Key`.
    public let key: String
    /// Subprotocols that are offered, the preferred one first.
    public let subprotocols: [String]
    /// Whether permessage-deflate is offered.
    public let offersDeflate: Bool

    /// - Parameters:
    ///   - nonce: two fresh random numbers, 128 bits that make up the key.
    ///   - subprotocols: tokens, the preferred one first; none offers nothing.
    ///   - offersDeflate: whether to offer permessage-deflate.
    public init(nonce: (UInt64, UInt64), subprotocols: [String] = [], offersDeflate: Bool = false) {
        let bytes = [nonce.0, nonce.1].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
        }
        key = Base64.text(bytes)
        self.subprotocols = subprotocols
        self.offersDeflate = offersDeflate
    }

    /// The bytes of the request.
    ///
    /// - Parameters:
    ///   - host: host and port as in the address.
    ///   - target: path and query, beginning with a slash.
    ///   - extra: further fields, such as `User-Agent`.
    public func request(host: String, target: String, extra: HTTPFields = [:]) -> [UInt8] {
        var fields: HTTPFields = [
            .upgrade: "websocket", .connection: "Upgrade", .secWebSocketKey: key, .secWebSocketVersion: "13",
        ]
        if !subprotocols.isEmpty {
            fields[.secWebSocketProtocol] = subprotocols.joined(separator: ", ")
        }
        if offersDeflate { fields[.secWebSocketExtensions] = PerMessageDeflate.offer }
        fields.append(contentsOf: extra)
        return ClientRequest(method: .get, target: target, host: host, fields: fields).serialized(body: .none)
    }

    /// Why an answer does not open a WebSocket (section 4.1); close the TCP connection.
    public enum Failure: Error, Hashable, Sendable {
        /// Not 101: the server refuses, with this status.
        case refused(status: Int)
        /// A 101 that is no answer to this request.
        case invalid(String)
    }

    /// Holds the server's answer against the request.
    ///
    /// - Returns: the agreed subprotocol and what was agreed on about compression, nil for none. Every byte after the
    ///   head is WebSocket.
    public func check(
        _ response: ResponseHead
    ) throws(Failure) -> (subprotocol: String?, deflate: PerMessageDeflate?) {
        guard response.status == .switchingProtocols else { throw .refused(status: response.status.code) }
        guard FieldList(.upgrade, in: response.fields).contains("websocket"),
            FieldList(.connection, in: response.fields).contains("upgrade")
        else {
            throw .invalid("The server switched to something else than WebSocket.")
        }
        guard response.fields[values: .secWebSocketAccept] == [Handshake.acceptValue(for: key)] else {
            throw .invalid("The server did not answer the key.")
        }
        guard let extensions = ExtensionList.elements(response.fields), extensions.count <= (offersDeflate ? 1 : 0)
        else {
            throw .invalid("The server uses an extension that was not offered.")
        }
        let deflate = extensions.first.flatMap(PerMessageDeflate.check)
        guard extensions.isEmpty || deflate != nil else {
            throw .invalid("The server's compression is not what was offered.")
        }
        let agreed = FieldList(.secWebSocketProtocol, in: response.fields).elements
        guard agreed.count <= 1, agreed.allSatisfy(subprotocols.contains) else {
            throw .invalid("The server uses a subprotocol that was not offered.")
        }
        return (agreed.first, deflate)
    }
}
