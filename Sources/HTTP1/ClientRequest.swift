import HTTPTypes

/// A request that a client sends (RFC 9112 section 3).
public struct ClientRequest: Hashable, Sendable {
    /// The method.
    public var method: HTTPRequest.Method
    /// Path and query, percent-encoded, beginning with a slash.
    public var target: String
    /// Host and port as in the address.
    public var host: String
    /// The fields in their order, without `Host` and those that ``serialized(body:)`` adds.
    public var fields: HTTPFields

    /// A request of its parts.
    public init(method: HTTPRequest.Method, target: String, host: String, fields: HTTPFields = [:]) {
        self.method = method
        self.target = target
        self.host = host
        self.fields = fields
    }

    /// The bytes of the head, up to and with its empty line. Control characters and spaces in `target` and `host`, which
    /// could smuggle a second request, are left out.
    ///
    /// - Parameter body: adds `Content-Length` or `Transfer-Encoding`.
    public func serialized(body: BodyLength) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(line: "\(method.rawValue) \(ClientRequest.visible(target)) HTTP/1.1")
        bytes.append(line: "Host: \(ClientRequest.visible(host))")
        bytes.append(fields: fields)
        switch body {
        case .none: break
        case .length(let count): bytes.append(line: "Content-Length: \(count)")
        case .chunked: bytes.append(line: "Transfer-Encoding: chunked")
        }
        bytes.append(line: "")
        return bytes
    }

    private static func visible(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 > Byte.space && $0 != 0x7F }, as: UTF8.self)
    }
}
