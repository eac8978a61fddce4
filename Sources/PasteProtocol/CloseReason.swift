/// Why the server closes a WebSocket on its own account. The range of the code is the rule for the client:
/// 4000-4399 come back with back-off, 4400-4499 this paste is over, 4500-4999 don't retry.
///
/// Beside these, the codes of RFC 6455 are used as it defines them; `CloseRule` covers both.
public enum CloseReason: UInt16, CaseIterable, Sendable {
    /// The server has no room for this connection now.
    case busy = 4000
    /// The client read nothing at all for a minute while there was something to read.
    case slowReader = 4001
    /// The client answered no ping.
    case silent = 4002
    /// A message took too long from its first byte to its last.
    case slowMessage = 4003
    /// The paste's time is over. `expired` was sent before.
    case expired = 4400
    /// Somebody ended the paste. `expired` was sent before.
    case deleted = 4401
    /// A newer connection with the same `client` took over.
    case replaced = 4500
    /// A `hello` that can not be read.
    case badHello = 4501
    /// Error after error: this client does not speak the protocol.
    case tooManyErrors = 4502

    /// The reason text of the close frame: at most 123 bytes (RFC 6455 section 5.5).
    public var text: String {
        switch self {
        case .busy: "the server is busy, come back later"
        case .slowReader: "nothing was read for too long, come back"
        case .silent: "no answer to a ping, come back"
        case .slowMessage: "a message took too long to come, come back"
        case .expired: "the paste has expired"
        case .deleted: "the paste was deleted"
        case .replaced: "a newer connection of this client took over"
        case .badHello: "hello needs a client of 32 hexadecimal digits"
        case .tooManyErrors: "too many errors"
        }
    }
}

/// What a client does when its connection was closed.
public enum CloseRule: String, CaseIterable, Sendable {
    /// Connect again, with back-off and jitter, and resume.
    case comeBack
    /// The paste is over: its text stays readable, there is nothing to come back to.
    case pasteOver
    /// Coming back would end the same way.
    case stop

    /// The rule for a close code.
    /// - Parameter code: From the close frame; 1005 and 1006 if there was none (RFC 6455 section 7.1.5).
    public init(code: UInt16) {
        switch code {
        // Protocol error, unacceptable data, not UTF-8, policy, missing extension. Not 1009 (too big): that ends
        // one message, not the client, which comes back without it.
        case 1002, 1003, 1007, 1008, 1010: self = .stop
        case 4400...4499: self = .pasteOver
        case 4500...4999: self = .stop
        default: self = .comeBack
        }
    }
}
