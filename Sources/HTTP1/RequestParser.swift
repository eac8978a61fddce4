import HTTPTypes

// One connection's requests, one after the other (RFC 9112). All transitions are in this file:
//
//   idle ──empty line──> requestLine          one empty line before a request is forgiven (section 2.2)
//   idle, requestLine ──a request line──> fields
//   fields ──an empty line──> complete        no content
//                        └──> content         Content-Length
//                        └──> chunkSize       Transfer-Encoding: chunked
//   chunkSize ──n──> chunkData ──n bytes──> chunkEnd ──CRLF──> chunkSize
//   chunkSize ──0──> trailers ──an empty line──> complete
//   content ──all bytes──> complete ──.end──> idle
//   any ──a broken rule──> failed             for good

/// Reads requests out of bytes that come in any pieces: bytes in, ``RequestEvent``s out, nothing else.
///
/// Between requests it holds no allocation. It keeps no content: that is reported as ranges of the caller's buffer.
public struct RequestParser: Sendable {
    private enum Phase {
        case idle, requestLine, fields, content, chunkSize, chunkData, chunkEnd, trailers, complete, failed
    }

    private let limits: HTTPLimits
    private var phase = Phase.idle
    private var lines = LineReader()
    /// The head so far; nil outside of one.
    private var line: RequestLine?
    private var fields = HTTPFields()
    /// Bytes of the lines of this head or these trailers.
    private var lineBytes = 0
    /// Trailer lines so far.
    private var trailerCount = 0
    /// Bytes of the content or the chunk that are still to come.
    private var remaining = 0
    /// Bytes of content that later chunks may still hold.
    private var room = 0
    /// Bytes of chunk extensions so far.
    private var extensionBytes = 0

    /// A parser at the beginning of a connection.
    public init(limits: HTTPLimits) {
        self.limits = limits.clamped
    }

    /// Whether no byte of a request has come since the last one ended: the connection may be closed without loss.
    public var isIdle: Bool { phase == .idle && lines.isEmpty }

    /// Bytes of the head or the trailers that are kept until their end comes: 0 between requests.
    public var heldBytes: Int { (phase == .fields ? lineBytes : 0) &+ lines.count }

    /// The next event in `bytes` from `offset` on.
    ///
    /// - Parameter offset: where to read; moved behind what the event used.
    /// - Returns: nil when all bytes are used: call again with more. The caller handles each event before it asks for
    ///   the next one; to answer requests in order it may also wait with the rest of the buffer.
    public mutating func next(_ bytes: Span<UInt8>, at offset: inout Int) -> RequestEvent? {
        do throws(HTTPFailure) {
            while true {
                switch phase {
                case .content, .chunkData:
                    return takeContent(bytes.count, at: &offset)
                case .complete:
                    phase = .idle
                    return .end
                case .failed:
                    offset = bytes.count
                    return nil
                case .idle, .requestLine, .fields, .chunkSize, .chunkEnd, .trailers:
                    switch lines.next(bytes, at: &offset, limit: lineLimit) {
                    case .incomplete: return nil
                    case .inBuffer(let range):
                        if let head = try take(bytes.extracting(range)) { return .head(head) }
                    case .kept:
                        let line = lines.takeKept()
                        if let head = try take(line.span) { return .head(head) }
                    case .tooLong: throw lineTooLong
                    case .malformed(let sentence): throw .badRequest(sentence)
                    }
                }
            }
        } catch {
            self = RequestParser(limits: limits)
            phase = .failed
            offset = bytes.count
            return .failed(error)
        }
    }

    /// One whole line of the current phase; the head when the line was its last one.
    private mutating func take(_ bytes: Span<UInt8>) throws(HTTPFailure) -> RequestHead? {
        switch phase {
        case .idle where bytes.isEmpty:
            phase = .requestLine
        case .idle, .requestLine:
            line = try RequestLine(bytes)
            lineBytes = bytes.count &+ 2
            phase = .fields
        case .fields where bytes.isEmpty:
            return try finishHead()
        case .fields:
            guard fields.count < limits.fieldCount else { throw .tooManyFields(limits) }
            fields.append(try HTTPField(line: bytes))
            lineBytes &+= bytes.count &+ 2
        case .chunkSize:
            try beginChunk(bytes)
        case .chunkEnd:
            phase = .chunkSize  // the line is empty: its limit is 0
        case .trailers where bytes.isEmpty:
            phase = .complete
        case .trailers:
            // RFC 9112 section 7.1.2: trailers may be discarded; they must still be well-formed.
            guard trailerCount < limits.fieldCount else { throw .tooManyFields(limits) }
            _ = try HTTPField(line: bytes)
            trailerCount &+= 1
            lineBytes &+= bytes.count &+ 2
        case .content, .chunkData, .complete, .failed:
            break
        }
        return nil
    }

    private mutating func finishHead() throws(HTTPFailure) -> RequestHead? {
        guard let line else { return nil }
        let framing = try Framing(line, fields, limits: limits)
        let head = RequestHead(
            method: line.method, target: line.target, authority: framing.authority,
            minorVersion: line.minorVersion, fields: fields, body: framing.body,
            keepsAlive: framing.keepsAlive, expectsContinue: framing.expectsContinue)
        self = RequestParser(limits: limits)
        switch framing.body {
        case .none:
            phase = .complete
        case .length(let count):
            remaining = count
            phase = .content
        case .chunked:
            room = limits.bodyBytes
            phase = .chunkSize
        }
        return head
    }

    private mutating func beginChunk(_ bytes: Span<UInt8>) throws(HTTPFailure) {
        let chunk = try ChunkLine(bytes, room: room, limits: limits)
        extensionBytes &+= chunk.extensionBytes
        guard extensionBytes <= limits.chunkExtensionBytes else {
            throw .badRequest("The chunk extensions are too long.")
        }
        room &-= chunk.size
        remaining = chunk.size
        phase = chunk.size == 0 ? .trailers : .chunkData
    }

    private mutating func takeContent(_ end: Int, at offset: inout Int) -> RequestEvent? {
        let count = min(remaining, end &- offset)
        guard count > 0 else { return nil }
        defer { offset &+= count }
        remaining &-= count
        if remaining == 0 {
            phase = phase == .content ? .complete : .chunkEnd
        }
        return .body(offset..<offset &+ count)
    }

    /// The most bytes of the line that is being read; its CRLF and the last empty line must fit into the head too.
    private var lineLimit: Int {
        switch phase {
        case .idle, .requestLine: limits.requestLineBytes
        case .fields, .trailers: min(limits.fieldLineBytes, max(limits.headBytes &- lineBytes &- 4, 0))
        case .chunkSize: ChunkLine.limitBytes
        default: 0
        }
    }

    private var lineTooLong: HTTPFailure {
        switch phase {
        case .idle, .requestLine:
            HTTPFailure(.uriTooLong, "The request line is longer than \(limits.requestLineBytes) bytes.")
        case .fields, .trailers:
            HTTPFailure(.requestHeaderFieldsTooLarge, "The fields are longer than this server accepts.")
        case .chunkSize:
            .badRequest("The line before a chunk is too long.")
        default:
            .badRequest("A chunk is longer than its size.")
        }
    }
}

extension HTTPFailure {
    fileprivate static func tooManyFields(_ limits: HTTPLimits) -> HTTPFailure {
        HTTPFailure(.requestHeaderFieldsTooLarge, "There are more than \(limits.fieldCount) fields.")
    }
}
