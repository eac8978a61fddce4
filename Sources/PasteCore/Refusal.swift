// Errors over HTTP: the one place where a code of the protocol becomes a status.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

/// Why a request is not done, as HTTP says it: a status, and a message that is sent as it is, or as its sentence.
struct Refusal: Error, Sendable {
    let status: HTTPResponse.Status
    private(set) var message: ErrorMessage
    /// What the status requires.
    var fields: HTTPFields = [:]

    /// A refusal of the core's. The status is the code's; `Retry-After` in whole seconds where waiting helps.
    init(_ error: ErrorMessage) {
        message = error
        status = Self.status(error.known?.httpStatus ?? 500)
        if let wait = error.retryAfter ?? (error.retry == .later ? 1_000 : nil) {
            fields[.retryAfter] = "\((max(0, wait) + 999) / 1_000)"
        }
    }

    /// A refusal that only HTTP knows; its code is its status in words.
    init(_ failure: HTTPFailure) {
        let isBusy = failure.status == .serviceUnavailable || failure.status == .tooManyRequests
        message = ErrorMessage(
            code: Self.code(of: failure.status), message: failure.sentence, retry: isBusy ? .later : .never)
        status = failure.status
        fields = failure.fields
    }

    init(_ status: HTTPResponse.Status, _ sentence: String, fields: HTTPFields = [:]) {
        self.init(HTTPFailure(status, sentence, fields: fields))
    }

    /// A refusal under a code of the protocol, in words that fit HTTP better than its own.
    init(_ code: ErrorCode, _ sentence: String) {
        self.init(Self.status(code.httpStatus), sentence)
        message = ErrorMessage(code: code.rawValue, message: sentence, retry: code.retry)
    }

    /// A status with its phrase.
    private static func status(_ code: Int) -> HTTPResponse.Status {
        let known: [HTTPResponse.Status] = [
            .badRequest, .forbidden, .notFound, .conflict, .contentTooLarge, .tooManyRequests, .internalServerError,
            .serviceUnavailable, HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"),
        ]
        return known.first { $0.code == code } ?? HTTPResponse.Status(code: code)
    }

    /// `415 Unsupported Media Type` is `unsupportedMediaType`.
    private static func code(of status: HTTPResponse.Status) -> String {
        let words = status.reasonPhrase.split { !$0.isLetter }
        return words.enumerated().map { $0.offset == 0 ? $0.element.lowercased() : String($0.element) }.joined()
    }
}
