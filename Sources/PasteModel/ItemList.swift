// The items of a state, in chunks that its copies share: after a copy (for a checkpoint, a snapshot, a rollback) the next
// change copies one chunk and the list of the chunks, not all items.

/// A paste's items, ascending by number. Equal when the items are: how they are divided does not show.
public struct ItemList: Sendable {
    /// The most items of a chunk: about the root of `Limits.items`, which makes a chunk as long as the list of them.
    static let chunkItems = 128

    /// How many items there are.
    public private(set) var count = 0
    /// None is empty, and no two neighbours would fit into one: at most `2 * count / chunkItems + 1` of them.
    private var chunks: [Chunk] = []

    private struct Chunk: Sendable {
        /// How many items precede it.
        var start: Int
        var items: [Item]
    }

    /// No items.
    public init() {}

    /// Items that ascend by number.
    public init(_ items: some Sequence<Item>) {
        for item in items { append(item) }
    }

    // MARK: Changing

    /// Adds an item of a greater number than all.
    mutating func append(_ item: Item) {
        if chunks.isEmpty {
            chunks.append(Chunk(start: 0, items: []))
        } else if chunks[chunks.count - 1].items.count >= Self.chunkItems {
            var items: [Item] = []
            // As many are to come as came before.
            items.reserveCapacity(Self.chunkItems)
            chunks.append(Chunk(start: count, items: items))
        }
        chunks[chunks.count - 1].items.append(item)
        count += 1
    }

    @discardableResult
    mutating func remove(at index: Int) -> Item {
        let place = place(of: index)
        let item = chunks[place.chunk].items.remove(at: place.offset)
        for later in (place.chunk + 1)..<chunks.count { chunks[later].start -= 1 }
        count -= 1
        join(around: place.chunk)
        return item
    }

    /// Removes so many items, at most all.
    mutating func removeFirst(_ removed: Int) {
        guard removed < count else { return self = ItemList() }
        let place = place(of: removed)
        chunks.removeFirst(place.chunk)
        chunks[0].items.removeFirst(place.offset)
        for chunk in chunks.indices { chunks[chunk].start = Swift.max(0, chunks[chunk].start - removed) }
        count -= removed
        join(around: 0)
    }

    /// Joins a chunk that has lost items with its neighbours when they fit into one.
    private mutating func join(around chunk: Int) {
        for left in [chunk, chunk - 1] where left >= 0 && left + 1 < chunks.count {
            guard chunks[left].items.count + chunks[left + 1].items.count <= Self.chunkItems else { continue }
            chunks[left].items += chunks.remove(at: left + 1).items
        }
        if count == 0 { chunks = [] }
    }

    // MARK: Finding

    /// The index of the item of that number.
    func index(ofNumber number: UInt64) -> Int? {
        guard number > 0 else { return nil }
        let index = firstIndex(behindNumber: number - 1)
        return index < count && self[index].number == number ? index : nil
    }

    /// The index of the first item with a greater number.
    func firstIndex(behindNumber number: UInt64) -> Int {
        let next = chunks.firstIndex(behind: { $0.items[0].number > number })
        guard next > 0 else { return 0 }
        let chunk = chunks[next - 1]
        return chunk.start + chunk.items.firstIndex(behind: { $0.number > number })
    }

    private func place(of index: Int) -> (chunk: Int, offset: Int) {
        precondition(index >= 0 && index < count, "an item that is not there")
        let chunk = chunks.firstIndex(behind: { $0.start > index }) - 1
        return (chunk, index - chunks[chunk].start)
    }
}

extension ItemList: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }
    /// How many items there are.
    public var endIndex: Int { count }

    /// The item at an index; what is put there has the same number.
    public internal(set) subscript(index: Int) -> Item {
        get {
            let place = place(of: index)
            return chunks[place.chunk].items[place.offset]
        }
        set {
            let place = place(of: index)
            chunks[place.chunk].items[place.offset] = newValue
        }
    }
}

extension ItemList: Hashable {
    /// Whether all items are equal.
    public static func == (a: ItemList, b: ItemList) -> Bool {
        a.elementsEqual(b)
    }

    /// Hashes all items.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for item in self { hasher.combine(item) }
    }
}
