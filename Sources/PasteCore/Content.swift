// What a request brings, as far as it has come: never more than its limit.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

/// The content of one request.
struct Content: Sendable {
    /// What it is to be.
    enum Kind: Hashable, Sendable {
        /// One text, as it is.
        case text
        /// A form (RFC 7578): each part is a text.
        case form(boundary: [UInt8])
        /// One message of the protocol.
        case message
    }

    let kind: Kind
    private(set) var bytes: [UInt8] = []
    private let limit: Int
    private let textLimit: Int
    private var validator = UTF8Validator()
    /// When it was let in.
    let begunAt: Milliseconds

    /// Content that a head announces.
    /// - Throws: What to say instead of letting it in.
    init(_ head: RequestHead, isMessage: Bool, settings: CoreSettings, now: Milliseconds) throws(Refusal) {
        if let coding = head.fields[.contentEncoding], !coding.isEmpty, coding.lowercased() != "identity" {
            throw Refusal(
                .unsupportedMediaType, "Content codings are not understood here: send the text as it is.",
                fields: [.acceptEncoding: "identity"])
        }
        kind = isMessage ? .message : try Self.kind(head.fields[.contentType] ?? "")
        textLimit = settings.limits.textBytes
        limit = kind == .text ? textLimit : settings.messageBytes
        begunAt = now
        if case .length(let count) = head.body, count > limit { throw tooLarge }
    }

    /// The next bytes.
    /// - Throws: 413 with the first byte that is too many, 415 with the first that is no text's.
    mutating func add(_ more: Span<UInt8>) throws(Refusal) {
        guard more.count <= limit - bytes.count else { throw tooLarge }
        guard kind != .text || validator.accept(more, 0..<more.count) else { throw Self.isNoText }
        bytes.append(more)
    }

    /// The texts in it, in their order; none for a message. What is there already is taken out.
    /// - Throws: What is wrong with it.
    mutating func takeTexts() throws(Refusal) -> [FormPart] {
        defer { bytes = [] }
        switch kind {
        case .message: return []
        case .text:
            guard validator.isComplete else { throw Self.isNoText }
            guard !bytes.isEmpty else { throw Refusal(ErrorMessage(code: .emptyText)) }
            return [FormPart(text: Text(uncheckedUTF8: bytes), isFile: true)]
        case .form(let boundary):
            let parts = try FormPart.parts(of: bytes, boundary: boundary, textLimit: textLimit)
            guard !parts.isEmpty else { throw Refusal(ErrorMessage(code: .emptyText)) }
            return parts
        }
    }

    static let isNoText = Refusal(
        .unsupportedMediaType,
        "This is not UTF-8 text, and only text can be kept. Send it as text, for example by: base64 FILE | curl -T- URL"
    )

    private var tooLarge: Refusal {
        guard kind == .text else {
            return Refusal(
                .contentTooLarge, "The content is larger than \(limit) bytes, the most that one request may have.")
        }
        return Refusal(ErrorMessage(code: .textTooLarge, limit: Int64(limit)))
    }

    /// A form is told by its type; anything else is text, whatever its sender calls it: curl says of `-d` that it is a
    /// form that it is not.
    private static func kind(_ contentType: String) throws(Refusal) -> Kind {
        guard contentType.lowercased().hasPrefix("multipart/form-data") else { return .text }
        guard let boundary = FormPart.boundary(in: contentType) else {
            throw Refusal(.badRequest, "The form's Content-Type has no boundary of 1 to 70 characters.")
        }
        return .form(boundary: boundary)
    }
}
