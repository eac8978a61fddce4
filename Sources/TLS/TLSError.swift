// What can go wrong, by blame.

/// Why a TLS connection or its set-up failed.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The peer broke the protocol, or speaks none of what is on offer. Send what is on the wire (an alert
    /// may be) and close. The sentence is for the log.
    case peer(String)
    /// The peer speaks HTTP without TLS. Answer it in plain text, then close.
    case plainHTTP
    /// The operator's files can't be used: which, and why.
    case certificate(String)
    /// The system has no memory, no randomness or no such algorithm.
    case system(String)

    /// A sentence.
    public var description: String {
        switch self {
        case .peer(let sentence), .certificate(let sentence), .system(let sentence): sentence
        case .plainHTTP: "plain HTTP on a TLS port"
        }
    }
}
