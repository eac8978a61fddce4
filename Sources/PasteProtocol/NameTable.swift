// Names that are looked up in each message: by words, not byte by byte, and without making strings of them.

/// The names of all cases of an enumeration.
struct NameTable<Name: CaseIterable & Sendable>: Sendable {
    private let entries: [Entry]
    private let longest: Int

    private struct Entry {
        /// The first bytes as one word: one comparison tells nearly always.
        let head: UInt64
        let bytes: [UInt8]
        let name: Name
    }

    /// The cases' own names, as they are written in code.
    init() {
        entries = Name.allCases.map { name in
            let bytes = Array("\(name)".utf8)
            return Entry(head: Self.head(of: bytes.span), bytes: bytes, name: name)
        }
        longest = entries.reduce(0) { max($0, $1.bytes.count) }
    }

    /// The case that a string names, however it is escaped.
    func name(_ token: JSONToken, in text: Span<UInt8>) -> Name? {
        guard token.decodedCount <= longest, !token.hasLoneSurrogate else { return nil }
        guard token.isVerbatim else {
            let bytes = token.bytes(in: text)
            return name(bytes.span)
        }
        return name(text.extracting(token.start + 1..<token.end - 1))
    }

    private func name(_ bytes: Span<UInt8>) -> Name? {
        let head = Self.head(of: bytes)
        for index in entries.indices where entries[index].head == head && entries[index].bytes.count == bytes.count {
            guard bytes.count <= 8 || bytes.indices.allSatisfy({ entries[index].bytes[$0] == bytes[$0] }) else {
                continue
            }
            return entries[index].name
        }
        return nil
    }

    private static func head(of bytes: Span<UInt8>) -> UInt64 {
        var head: UInt64 = 0
        for index in 0..<min(bytes.count, 8) { head |= UInt64(bytes[index]) << UInt64(index * 8) }
        return head
    }
}
