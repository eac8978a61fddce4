import HTTPTypes

/// How the content of a response is delimited.
public enum ResponseBody: Hashable, Sendable {
    /// No content and no length: 1xx, 204, 304 and an accepted upgrade (RFC 9112 section 6.3).
    case none
    /// That many bytes follow, or would follow in answer to `HEAD`.
    case length(Int)
    /// ``ChunkedBody`` follows; only to HTTP/1.1.
    case chunked
    /// Until the connection closes: what HTTP/1.0 gets when the length is not known.
    case untilClose
}

/// The status line and the fields of one response (RFC 9112 section 4).
public struct ResponseHead: Hashable, Sendable {
    /// The status.
    public var status: HTTPResponse.Status
    /// The fields in their order, without those that ``serialized(body:keepsAlive:date:)`` adds.
    public var fields: HTTPFields

    /// A head of a status and its fields.
    public init(status: HTTPResponse.Status, fields: HTTPFields = [:]) {
        self.status = status
        self.fields = fields
    }

    /// The bytes of the head, up to and with its empty line.
    ///
    /// - Parameters:
    ///   - body: adds `Content-Length` or `Transfer-Encoding`.
    ///   - keepsAlive: false adds `Connection: close`: close after the content. ``RequestHead/keepsAlive`` must be true
    ///     for true. With ``ResponseBody/untilClose`` it is false in any case.
    ///   - date: the value of `Date`, as ``HTTPDate`` writes it; nil leaves it out (1xx).
    public func serialized(body: ResponseBody, keepsAlive: Bool, date: String?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256 &+ fields.count &* 48)
        bytes.append(line: "HTTP/1.1 \(status.code) \(status.reasonPhrase)")
        if let date {
            bytes.append(line: "Date: \(date)")
        }
        bytes.append(fields: fields)
        switch body {
        case .none, .untilClose: break
        case .length(let count): bytes.append(line: "Content-Length: \(count)")
        case .chunked: bytes.append(line: "Transfer-Encoding: chunked")
        }
        if !keepsAlive || body == .untilClose {
            bytes.append(line: "Connection: close")
        }
        bytes.append(line: "")
        return bytes
    }

    /// `100 Continue`, whole (RFC 9110 section 15.2.1).
    public static var goOn: [UInt8] {
        ResponseHead(status: .continue).serialized(body: .none, keepsAlive: true, date: nil)
    }
}

/// Content of unknown length in chunks (RFC 9112 section 7.1).
public enum ChunkedBody {
    /// One chunk with this data; nothing for no data, which would end the content.
    public static func chunk(_ data: [UInt8]) -> [UInt8] {
        guard !data.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(data.count &+ 20)
        bytes.append(line: String(data.count, radix: 16))
        bytes += data
        bytes.append(line: "")
        return bytes
    }

    /// What ends the content.
    public static let end: [UInt8] = Array("0\r\n\r\n".utf8)
}

extension [UInt8] {
    mutating func append(fields: HTTPFields) {
        for field in fields {
            self += field.name.rawName.utf8
            self += ": ".utf8
            self += field.value.utf8
            self += [Byte.carriageReturn, Byte.lineFeed]
        }
    }

    mutating func append(line: String) {
        self += line.utf8
        self += [Byte.carriageReturn, Byte.lineFeed]
    }
}
