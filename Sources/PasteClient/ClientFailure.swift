// What can go wrong for the person at the terminal, by what they can do about it.

import PasteProtocol

/// Why a command did not do what it was asked for. Each kind has an exit status of its own.
public struct ClientFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds. The number is the exit status; 2 is for a wrong command line.
    public enum Kind: Int32, CaseIterable, Sendable {
        /// Anything that has no kind of its own.
        case failed = 1
        /// No live paste has that key: it never was, or it has expired before.
        case noSuchPaste = 3
        /// The paste expired or was deleted while it was in use.
        case over = 4
        /// The server can't be reached, or what answers is no server of ours.
        case unreachable = 5
        /// The certificate is not trusted, or not the one that was pinned.
        case untrusted = 6
        /// A limit of the server: a text too large, a paste full, a quota reached.
        case limit = 7
        /// The input is not UTF-8.
        case notText = 8
        /// There is no such item.
        case noSuchItem = 9
        /// The paste is not the one that was followed before: a reused key or a restored backup.
        case otherHistory = 10
    }

    /// What kind it is.
    public let kind: Kind
    /// A stable word for scripts: the server's error code, or the kind's name.
    public let code: String
    /// A sentence for the person.
    public let description: String

    /// A failure of our own.
    public init(_ kind: Kind, _ sentence: String) {
        (self.kind, code, description) = (kind, "\(kind)", sentence)
    }

    /// A failure with a code of its own.
    public init(_ kind: Kind, code: String, _ sentence: String) {
        (self.kind, self.code, description) = (kind, code, sentence)
    }

    /// What the server refused.
    public init(_ error: ErrorMessage) {
        kind =
            switch error.known {
            case .noSuchPaste: .noSuchPaste
            case .noSuchItem: .noSuchItem
            case .textTooLarge, .pasteFull, .tooManyItems, .tooFast, .tooManyMisses, .quotaReached, .storageFull,
                .tooManyInFlight:
                .limit
            case .badText: .notText
            default: .failed
            }
        (code, description) = (error.code, error.message)
    }
}
