// The pastes that were used from here: `recent.json`. It holds keys, so it is for its owner only.

import FoundationEssentials
import PasteModel

/// A paste that was used.
public struct RecentPaste: Codable, Hashable, Sendable {
    /// The key as the server spells it, or as it was typed.
    public var key: String
    /// Its server.
    public var server: String
    /// When it was last used, in milliseconds since 1970.
    public var usedAt: Int64
    /// When it ends, if that is known.
    public var expiresAt: Int64?

    /// An entry of its parts.
    public init(key: String, server: String, usedAt: Int64, expiresAt: Int64?) {
        (self.key, self.server, self.usedAt, self.expiresAt) = (key, server, usedAt, expiresAt)
    }

    /// The paste's address.
    public var url: String { "\(server)/\(key)" }
}

/// The pastes that were used last, the newest first.
public struct RecentPastes: Sendable {
    /// How many are remembered.
    public static let count = 50

    private let path: String
    /// All of them, without those that are known to have ended.
    public private(set) var entries: [RecentPaste]

    /// Reads the file; it is empty when it is not there.
    /// - Parameter now: Milliseconds since 1970.
    public init(_ directories: Directories, now: Milliseconds) throws(ClientFailure) {
        path = directories.state + "/recent.json"
        entries = try Directories.read([RecentPaste].self, from: path) ?? []
        entries.removeAll { $0.expiresAt.map { $0 <= now } ?? false }
    }

    /// Puts one in front.
    public mutating func add(_ entry: RecentPaste) throws(ClientFailure) {
        var entry = entry
        if let index = entries.firstIndex(where: { $0.isSame(as: entry) }) {
            entry.expiresAt = entry.expiresAt ?? entries[index].expiresAt
            entries.remove(at: index)
        }
        entries.insert(entry, at: 0)
        entries = Array(entries.prefix(Self.count))
        try Directories.write(entries, to: path)
    }

    /// Forgets one: it has ended.
    public mutating func remove(key: String, server: String) throws(ClientFailure) {
        let gone = RecentPaste(key: key, server: server, usedAt: 0, expiresAt: nil)
        entries.removeAll { $0.isSame(as: gone) }
        try Directories.write(entries, to: path)
    }

    /// Forgets all.
    public mutating func clear() throws(ClientFailure) {
        entries = []
        try Directories.write(entries, to: path)
    }
}

extension RecentPaste {
    fileprivate func isSame(as other: RecentPaste) -> Bool {
        // Two spellings of one key are one paste.
        let keys = [key, other.key].map { PasteKey(parsing: $0)?.canonical ?? $0 }
        return server == other.server && keys[0] == keys[1]
    }
}
