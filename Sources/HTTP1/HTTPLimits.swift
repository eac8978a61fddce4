// Every limit of a request's head and content, with its unit and its reason.

/// What one HTTP/1.1 peer may make us hold or read; over a limit a request fails with the status named here.
public struct HTTPLimits: Hashable, Sendable {
    /// Bytes of a request line without its CRLF; over it: 414. RFC 9112 section 3 recommends 8,000 at least.
    public var requestLineBytes = 8_192
    /// Bytes of one field or trailer line without its CRLF; over it: 431. Room for a large cookie that is not ours.
    public var fieldLineBytes = 8_192
    /// Bytes of all lines of a head, line ends included; over it: 431. What one connection may make us keep.
    public var headBytes = 32_768
    /// Field lines of one head, and trailer lines of one content; over it: 431. Browsers send about 20.
    public var fieldCount = 100
    /// Bytes of one request's content; over it: 413, before any of it is read if the length is announced.
    public var bodyBytes = 6 * 1_048_576 + 65_536
    /// Bytes of chunk extensions over one whole content, which mean nothing to us; over it: 400
    /// (RFC 9112 section 7.1.1 asks for such a limit).
    public var chunkExtensionBytes = 4_096

    /// The default limits.
    public init() {}

    /// The same, each between 0 and what arithmetic and ``HTTPFields`` can bear.
    var clamped: HTTPLimits {
        var limits = self
        limits.requestLineBytes = min(max(requestLineBytes, 0), 1 << 30)
        limits.fieldLineBytes = min(max(fieldLineBytes, 0), 1 << 30)
        limits.headBytes = min(max(headBytes, 0), 1 << 30)
        limits.fieldCount = min(max(fieldCount, 0), 65_534)
        limits.bodyBytes = min(max(bodyBytes, 0), 1 << 50)
        limits.chunkExtensionBytes = min(max(chunkExtensionBytes, 0), 1 << 30)
        return limits
    }
}
