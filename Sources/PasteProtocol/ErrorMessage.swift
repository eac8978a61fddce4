// Errors on the wire, and the one place where what went wrong inside becomes one.

import PasteModel

/// What is wrong with a message: thrown by reading, answered with `error`; the connection stays.
public struct MessageError: Error, Hashable, Sendable {
    /// The row of the error table.
    public let code: ErrorCode
    /// The request's number, if it could be read.
    public var ref: UInt64?
    /// What exactly, in a developer's words. Never quotes the peer's bytes: it may be logged.
    public let explanation: String

    /// An error from its parts.
    public init(_ code: ErrorCode, ref: UInt64? = nil, _ explanation: String) {
        self.code = code
        self.ref = ref
        self.explanation = explanation
    }

    /// The error of a text that is no JSON.
    init(_ error: JSONError) {
        self.init(.badMessage, "the message \(error.fault.rawValue) (byte \(error.offset))")
    }
}

/// The server's `error` message.
public struct ErrorMessage: Hashable, Sendable {
    /// The request that was refused; nil when the error is no request's.
    public var ref: UInt64?
    /// The key that a refused `subscribe` named, as it was written: it has no `ref` to be known by.
    public var paste: String?
    /// The stable code. A newer server may have codes that are not in `ErrorCode`.
    public let code: String
    /// A sentence for a person.
    public let message: String
    /// Whether trying again can help.
    public let retry: Retry
    /// How long to wait before that, if it is known.
    public var retryAfter: Milliseconds?
    /// The limit that was hit, in its code's unit.
    public let limit: Int64?

    /// The code's row of the table, if it is one of this version's.
    public var known: ErrorCode? { ErrorCode(rawValue: code) }

    /// An error of the table, with its sentence.
    /// - Parameters:
    ///   - limit: The limit that was hit, in the unit of `code.limitUnit`.
    ///   - detail: What exactly is wrong, for developers; goes behind the sentence.
    public init(
        code: ErrorCode, ref: UInt64? = nil, retryAfter: Milliseconds? = nil, limit: Int64? = nil,
        detail: String? = nil
    ) {
        let sentence = code.sentence(limit: limit)
        self.init(
            ref: ref, code: code.rawValue, message: detail.map { "\(sentence) (\($0))" } ?? sentence,
            retry: code.retry, retryAfter: retryAfter, limit: limit)
    }

    /// The answer to a message that could not be read.
    public init(_ error: MessageError) {
        self.init(code: error.code, ref: error.ref, detail: error.explanation)
    }

    /// The answer to a request that a rule refused.
    public init(_ rejection: Rejection, ref: UInt64?) {
        switch rejection {
        case .emptyText: self.init(code: .emptyText, ref: ref)
        case .textTooLarge(let limit): self.init(code: .textTooLarge, ref: ref, limit: Int64(limit))
        case .pasteFull(let limit): self.init(code: .pasteFull, ref: ref, limit: Int64(limit))
        case .tooManyItems(let limit): self.init(code: .tooManyItems, ref: ref, limit: Int64(limit))
        case .noSuchItem: self.init(code: .noSuchItem, ref: ref)
        case .badExpiry(let limit): self.init(code: .badExpiry, ref: ref, limit: limit)
        case .staleRef: self.init(code: .staleRef, ref: ref)
        case .tooManyClients(let limit): self.init(code: .busy, ref: ref, limit: Int64(limit))
        case .badEdit: self.init(code: .badEdit, ref: ref)
        case .staleBase: self.init(code: .staleBase, ref: ref)
        }
    }

    /// The answer to a request that the store did not carry out.
    public init(_ error: StoreError, ref: UInt64?) {
        switch error {
        case .gone: self.init(code: .noSuchPaste, ref: ref)
        case .exists: self.init(code: .keyTaken, ref: ref)
        case .full: self.init(code: .storageFull, ref: ref)
        case .busy: self.init(code: .busy, ref: ref)
        case .conflict, .unavailable: self.init(code: .unavailable, ref: ref)
        case .corrupt: self.init(code: .damaged, ref: ref)
        }
    }

    /// An error that is not of the table: a client decides by `retry`.
    public init(code: String, message: String, retry: Retry) {
        self.init(ref: nil, code: code, message: message, retry: retry, retryAfter: nil, limit: nil)
    }

    /// An error as it was read.
    init(ref: UInt64?, code: String, message: String, retry: Retry, retryAfter: Milliseconds?, limit: Int64?) {
        self.ref = ref
        self.code = code
        self.message = message
        self.retry = retry
        self.retryAfter = retryAfter
        self.limit = limit
    }
}
