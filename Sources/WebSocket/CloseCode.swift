/// Why a WebSocket ends (RFC 6455 section 7.4 and the IANA registry).
///
/// Of the range for applications, 4000 to 4999, the hundreds carry the retry rule of PROTOCOL.md: see ``retry``.
public struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number; any 16 bits, sendable or not.
    public let rawValue: UInt16

    /// A code of a number. Whether it may go over the wire says ``isSendable``.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose is fulfilled.
    public static let normal = CloseCode(rawValue: 1000)
    /// 1001: the server goes down, or the page is left.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// 1002: the peer broke RFC 6455.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// 1003: a kind of message that this endpoint does not take.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// 1007: a text that is not UTF-8.
    public static let invalidPayload = CloseCode(rawValue: 1007)
    /// 1008: the peer broke a rule of this endpoint.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// 1009: a message over the limit.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// 1010: the client wanted an extension that the server did not take.
    public static let mandatoryExtension = CloseCode(rawValue: 1010)
    /// 1011: the server failed.
    public static let internalError = CloseCode(rawValue: 1011)
    /// 1012: the server restarts.
    public static let serviceRestart = CloseCode(rawValue: 1012)
    /// 1013: overload; try again later.
    public static let tryAgainLater = CloseCode(rawValue: 1013)
    /// 1014: a gateway got no valid answer.
    public static let badGateway = CloseCode(rawValue: 1014)

    /// Whether the code may stand in a close frame, in either direction (section 7.4.2).
    ///
    /// 1004, 1005, 1006 and 1015 are for reporting only; 0 to 999, 1016 to 2999 and 5000 on are not in use.
    public var isSendable: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// What a client does after a close with an application's code.
    public enum Retry: Hashable, Sendable {
        /// 4000 to 4399: come back, with back-off.
        case later
        /// 4400 to 4499: this paste is over.
        case pasteIsOver
        /// 4500 to 4999: this client is wrong and should not retry.
        case never
    }

    /// The retry rule; nil for a code that is not an application's.
    public var retry: Retry? {
        switch rawValue {
        case 4000...4399: .later
        case 4400...4499: .pasteIsOver
        case 4500...4999: .never
        default: nil
        }
    }
}
