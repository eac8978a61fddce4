// What can go wrong, by blame.

import COpenSSL

/// Why a TLS connection or its set-up failed.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The peer broke the protocol, or speaks none of what is on offer. Send what is on the wire (an alert
    /// may be) and close.
    case peer(PeerFault)
    /// The peer speaks HTTP without TLS. Answer it in plain text, then close.
    case plainHTTP
    /// The operator's files can't be used: which, and why.
    case certificate(String)
    /// The system has no memory, no randomness or no such algorithm.
    case system(String)

    /// A sentence.
    public var description: String {
        switch self {
        case .peer(let fault): fault.sentence
        case .certificate(let sentence), .system(let sentence): sentence
        case .plainHTTP: "plain HTTP on a TLS port"
        }
    }
}

/// What a peer did.
public struct PeerFault: Hashable, Sendable {
    /// By what an operator would do about it.
    public enum Kind: Int32, Hashable, Sendable {
        /// No TLS at all, a damaged record, a message out of place.
        case broken
        /// It speaks no version of ours.
        case version
        /// It has no cipher, group or signature in common with us.
        case parameters
        /// It offers other application protocols than ours.
        case applicationProtocol
        /// It told us an alert: mostly, that it does not trust the certificate.
        case alert
    }

    /// The kind.
    public let kind: Kind
    /// For the log.
    public let sentence: String

    init(_ number: Int32, _ sentence: String) {
        kind = Kind(rawValue: number) ?? .broken
        self.sentence = sentence
    }
}
