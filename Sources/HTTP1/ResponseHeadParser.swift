import HTTPTypes

/// Reads the head of one response (RFC 9112 section 4) out of bytes that come in any pieces.
///
/// What follows the head is the caller's: after a 101 it is the new protocol.
public struct ResponseHeadParser: Sendable {
    /// What comes out.
    public enum Event: Hashable, Sendable {
        /// A whole head. The bytes from the offset on follow it.
        case head(ResponseHead)
        /// The server does not speak HTTP/1.1; a sentence says why. Close.
        case failed(String)
    }

    private let limits: HTTPLimits
    private var lines = LineReader()
    private var status: HTTPResponse.Status?
    private var fields = HTTPFields()
    private var lineBytes = 0
    /// After a failure everything is ignored.
    private var hasFailed = false

    /// A parser before the first byte.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits.clamped
    }

    /// The next event in `bytes` from `offset` on; nil when all bytes are used.
    public mutating func next(_ bytes: Span<UInt8>, at offset: inout Int) -> Event? {
        do throws(HTTPFailure) {
            while !hasFailed {
                let room = max(limits.headBytes &- lineBytes &- 4, 0)
                switch lines.next(bytes, at: &offset, limit: min(limits.fieldLineBytes, room)) {
                case .incomplete: return nil
                case .inBuffer(let range):
                    if let head = try take(bytes.extracting(range)) { return .head(head) }
                case .kept:
                    let line = lines.takeKept()
                    if let head = try take(line.span) { return .head(head) }
                case .tooLong: throw .badRequest("The head of the response is too long.")
                case .malformed(let sentence): throw .badRequest(sentence)
                }
            }
            offset = bytes.count
            return nil
        } catch {
            self = ResponseHeadParser(limits: limits)
            hasFailed = true
            offset = bytes.count
            return .failed(error.sentence)
        }
    }

    private mutating func take(_ line: Span<UInt8>) throws(HTTPFailure) -> ResponseHead? {
        lineBytes &+= line.count &+ 2
        guard let status else {
            status = try ResponseHeadParser.status(line)
            return nil
        }
        guard line.isEmpty else {
            guard fields.count < limits.fieldCount else { throw .badRequest("The response has too many fields.") }
            fields.append(try HTTPField(line: line))
            return nil
        }
        defer { self = ResponseHeadParser(limits: limits) }
        return ResponseHead(status: status, fields: fields)
    }

    /// `HTTP/1.1 101 Switching Protocols`; the phrase may be empty and is not looked at.
    private static func status(_ line: Span<UInt8>) throws(HTTPFailure) -> HTTPResponse.Status {
        guard line.count >= 12, line.extracting(..<7).equals("HTTP/1."), line[7].isDigit, line[8] == Byte.space,
            line[9].isDigit, line[9] > 0x30, line[10].isDigit, line[11].isDigit,
            line.count == 12 || line[12] == Byte.space
        else {
            throw .badRequest("The server does not answer in HTTP/1.1.")
        }
        let code = [9, 10, 11].reduce(0) { $0 * 10 + Int(line[$1] &- 0x30) }
        return HTTPResponse.Status(code: code)
    }
}
