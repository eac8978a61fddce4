import HTTPTypes

/// Why a request is refused: a status, and a sentence that tells a person what is wrong and what to do.
///
/// On the wire it is that status with the sentence as a plain text; ``serialized(date:)`` makes the bytes. After a
/// failure of the parser the connection must be closed: where the next request begins is not known.
public struct HTTPFailure: Error, Hashable, Sendable {
    /// The status to answer with, 4xx or 5xx.
    public let status: HTTPResponse.Status
    /// One sentence for a person, ASCII, without internals.
    public let sentence: String
    /// Fields that the status requires: `Allow` with 405, `Upgrade` with 426.
    public let fields: HTTPFields

    /// A failure with its status, its sentence and the fields that the status requires.
    public init(_ status: HTTPResponse.Status, _ sentence: String, fields: HTTPFields = [:]) {
        self.status = status
        self.sentence = sentence
        self.fields = fields
    }

    /// The whole response: head and sentence, with `Connection: close`.
    ///
    /// - Parameters:
    ///   - date: the value of `Date`, as ``HTTPDate`` writes it.
    ///   - extra: further fields, such as the security headers of every answer.
    ///   - omitsBody: true in answer to `HEAD` (RFC 9110 section 9.3.2).
    public func serialized(date: String, extra: HTTPFields = [:], omitsBody: Bool = false) -> [UInt8] {
        var all = fields
        all.append(contentsOf: extra)
        all[.contentType] = "text/plain; charset=utf-8"
        let content = Array(sentence.utf8) + [0x0A]
        let head = ResponseHead(status: status, fields: all)
        var bytes = head.serialized(body: .length(content.count), keepsAlive: false, date: date)
        if !omitsBody {
            bytes += content
        }
        return bytes
    }

    static func badRequest(_ sentence: String) -> HTTPFailure {
        HTTPFailure(.badRequest, sentence)
    }
}
