import HTTPTypes

/// What the fields of a whole head decide: its host, its content, and whether the connection goes on.
///
/// Wherever RFC 9112 lets a server choose between repair and refusal, this refuses: a proxy in front may have chosen
/// otherwise, and the difference is how requests are smuggled (section 11.2).
struct Framing: Sendable {
    let authority: Authority?
    let body: BodyLength
    let keepsAlive: Bool
    let expectsContinue: Bool

    init(_ line: RequestLine, _ fields: HTTPFields, limits: HTTPLimits) throws(HTTPFailure) {
        let host = try Framing.host(line, fields)
        authority = line.authority ?? host
        body = try Framing.body(line, fields, limits: limits)
        // RFC 9112 section 9.3. The HTTP/1.0 way of keeping a connection is optional, and old proxies get it wrong.
        keepsAlive = line.minorVersion > 0 && !FieldList(.connection, in: fields).contains("close")
        expectsContinue = try Framing.expectsContinue(line, fields, body)
    }

    /// RFC 9112 section 3.2: exactly one valid `Host`; HTTP/1.0 may leave it out.
    private static func host(_ line: RequestLine, _ fields: HTTPFields) throws(HTTPFailure) -> Authority? {
        var hosts: [String] = []
        for field in fields where field.name.canonicalName == "host" {
            hosts.append(field.value)
        }
        guard hosts.count == 1 || (hosts.isEmpty && line.minorVersion == 0) else {
            throw .badRequest(hosts.isEmpty ? "The Host field is missing." : "The Host field is repeated.")
        }
        guard let text = hosts.first else { return nil }
        guard let host = Authority(text) else {
            throw .badRequest("The Host field does not name a valid host.")
        }
        return host
    }

    /// RFC 9112 section 6.3.
    private static func body(
        _ line: RequestLine, _ fields: HTTPFields, limits: HTTPLimits
    ) throws(HTTPFailure) -> BodyLength {
        let lengths = fields[values: .contentLength]
        guard fields.contains(.transferEncoding) else {
            return try length(lengths, limits: limits)
        }
        // Section 6.1: with HTTP/1.0 the framing is faulty; beside Content-Length it is an attack or an error.
        guard line.minorVersion > 0 else {
            throw .badRequest("HTTP/1.0 has no Transfer-Encoding.")
        }
        guard lengths.isEmpty else {
            throw .badRequest("Transfer-Encoding and Content-Length must not come together.")
        }
        let values = fields[values: .transferEncoding]
        guard values.count == 1, values[0].equalsIgnoringCase("chunked") else {
            let codings = FieldList(.transferEncoding, in: fields).elements
            guard codings.count > 1, let last = codings.last, last.equalsIgnoringCase("chunked") else {
                throw .badRequest("The last transfer coding of a request must be chunked.")
            }
            throw HTTPFailure(.notImplemented, "Chunked is the only transfer coding that this server knows.")
        }
        return .chunked
    }

    /// One `Content-Length` of digits only; the repair that section 6.3 permits for equal values is not made.
    private static func length(_ values: [String], limits: HTTPLimits) throws(HTTPFailure) -> BodyLength {
        guard let value = values.first else { return .none }
        guard values.count == 1, !value.isEmpty, value.utf8.allSatisfy(\.isDigit) else {
            throw .badRequest("Content-Length must be there once, as a plain number.")
        }
        var count = 0
        for digit in value.utf8 {
            count = count &* 10 &+ Int(digit &- 0x30)
            guard count <= limits.bodyBytes else { throw .contentTooLarge(limits) }
        }
        return count == 0 ? .none : .length(count)
    }

    /// RFC 9110 section 10.1.1: ignored with HTTP/1.0, and without content there is nothing to wait for.
    private static func expectsContinue(
        _ line: RequestLine, _ fields: HTTPFields, _ body: BodyLength
    ) throws(HTTPFailure) -> Bool {
        guard line.minorVersion > 0, fields.contains(.expect) else { return false }
        let list = FieldList(.expect, in: fields).elements
        guard list.allSatisfy({ $0.equalsIgnoringCase("100-continue") }) else {
            throw HTTPFailure(.expectationFailed, "The only expectation that this server knows is 100-continue.")
        }
        return !list.isEmpty && body != .none
    }
}

extension HTTPFailure {
    static func contentTooLarge(_ limits: HTTPLimits) -> HTTPFailure {
        HTTPFailure(.contentTooLarge, "The content is larger than \(limits.bodyBytes) bytes.")
    }
}
