// The devices of a paste. An ascending array: authors are keyed hashes already, so there is nothing to hash, a paste has
// a handful of them and at most `Limits.clients`, and a state's stored bytes come in one order.

/// What is remembered of each device's requests, ascending by author.
public struct ClientTable: Hashable, Sendable {
    private var entries: [Entry] = []

    private struct Entry: Hashable, Sendable {
        let author: Author
        var record: ClientRecord
    }

    /// No devices.
    public init() {}

    /// The devices of a dictionary.
    public init(_ records: [Author: ClientRecord]) {
        entries = records.map { Entry(author: $0, record: $1) }
            .sorted { $0.author.rawValue < $1.author.rawValue }
    }

    /// How many devices are remembered.
    public var count: Int { entries.count }

    /// What is remembered of a device; nil of one that is unknown.
    public subscript(author: Author) -> ClientRecord? {
        self[place(of: author)]
    }

    /// Where a device is, or belongs: found once, used until the table changes.
    struct Place {
        let author: Author
        let index: Int
        let isKnown: Bool
    }

    func place(of author: Author) -> Place {
        let index = entries.firstIndex(behind: { $0.author.rawValue >= author.rawValue })
        return Place(
            author: author, index: index, isKnown: index < entries.count && entries[index].author == author)
    }

    subscript(place: Place) -> ClientRecord? {
        place.isKnown ? entries[place.index].record : nil
    }

    /// Remembers one more request of the device at that place.
    /// - Parameter limit: `Limits.rememberedRefs`.
    mutating func add(_ receipt: Receipt, at place: Place, limit: Int) {
        if !place.isKnown {
            entries.insert(Entry(author: place.author, record: ClientRecord()), at: place.index)
        }
        entries[place.index].record.add(receipt, limit: limit)
    }
}

extension ClientTable: Sequence {
    /// The devices with their records, ascending by author.
    public func makeIterator() -> some IteratorProtocol<(author: Author, record: ClientRecord)> {
        entries.lazy.map { (author: $0.author, record: $0.record) }.makeIterator()
    }
}
