import HTTPTypes

/// How the content of a request is delimited (RFC 9112 section 6).
public enum BodyLength: Hashable, Sendable {
    /// No content.
    case none
    /// That many bytes, at least one.
    case length(Int)
    /// Chunks; the length is not known before the last one.
    case chunked
}

/// The head of one request, already held against RFC 9112: what reaches a caller is well-formed.
public struct RequestHead: Hashable, Sendable {
    /// The method; any token, known or not.
    public var method: HTTPRequest.Method
    /// Path and query as they came, percent-encoded, beginning with `/` (RFC 9112 section 3.2.1). An absolute-form
    /// target is reduced to this. ``RequestPath`` decodes it safely.
    public var target: String
    /// The host that is asked for: that of an absolute-form target, else of `Host` (RFC 9112 section 3.3). Nil only
    /// with HTTP/1.0.
    public var authority: Authority?
    /// 0 for HTTP/1.0, 1 for HTTP/1.1 and for any later HTTP/1.x.
    public var minorVersion: Int
    /// The fields in their order, as they came. `Host` is there at most once and valid; ``authority`` rules over it.
    public var fields: HTTPFields
    /// What follows the head.
    public var body: BodyLength
    /// Whether the client may use the connection again after this request (RFC 9112 section 9.3). HTTP/1.0 never does.
    public var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the content (RFC 9110 section 10.1.1): answer with
    /// that or with a final status.
    public var expectsContinue: Bool

    /// A head of its parts; a parser makes them, tests may.
    public init(
        method: HTTPRequest.Method, target: String, authority: Authority? = nil, minorVersion: Int = 1,
        fields: HTTPFields = [:],
        body: BodyLength = .none, keepsAlive: Bool = true, expectsContinue: Bool = false
    ) {
        self.method = method
        self.target = target
        self.authority = authority
        self.minorVersion = minorVersion
        self.fields = fields
        self.body = body
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
    }
}

/// What a ``RequestParser`` found next.
public enum RequestEvent: Hashable, Sendable {
    /// A whole head. If it asks for an upgrade that is granted, the bytes from the offset on belong to the new protocol.
    case head(RequestHead)
    /// Bytes of the content: a range of the caller's buffer, valid until that buffer changes. Never empty.
    case body(Range<Int>)
    /// The request is complete; the next byte begins the next one.
    case end
    /// The peer broke a rule. Answer with it, then close; the parser ignores what follows.
    case failed(HTTPFailure)
}
