import Seeded
import Testing

@testable import PasteModel

private func item(_ number: UInt64, _ text: String = "") -> Item {
    Item(number: number, at: 0, author: Author(rawValue: 1), text: Text(text), textSeq: number)
}

/// The items of each chunk.
private func chunks(of list: ItemList) -> [[Item]] {
    guard let chunks = Mirror(reflecting: list).descendant("chunks") else { return [] }
    return Mirror(reflecting: chunks).children.compactMap {
        Mirror(reflecting: $0.value).descendant("items") as? [Item]
    }
}

@Suite struct ItemListTests {
    static let full = ItemList.chunkItems

    @Test("Whatever is added, changed and removed: the list is the plain array, and copies stay", arguments: 0..<8)
    func laws(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var (list, plain) = (ItemList(), [Item]())
        var copies: [(ItemList, [Item])] = []
        var next: UInt64 = 1
        for step in 0..<100 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3:
                for _ in 0..<Int.random(in: 1...150, using: &random) {
                    list.append(item(next))
                    plain.append(item(next))
                    next += .random(in: 1...3, using: &random)
                }
            case 4...7:
                for _ in 0..<min(plain.count, .random(in: 1...100, using: &random)) {
                    let index = Int.random(in: plain.indices, using: &random)
                    let removed = [list.remove(at: index), plain.remove(at: index)]
                    #expect(removed[0] == removed[1])
                }
            case 8 where !plain.isEmpty:
                let index = Int.random(in: plain.indices, using: &random)
                let changed = item(plain[index].number, "\(step)")
                (list[index], plain[index]) = (changed, changed)
            default:
                let count = Int.random(in: 0...max(1, plain.count / 4), using: &random)
                list.removeFirst(min(count, plain.count))
                plain.removeFirst(min(count, plain.count))
            }
            if step % 20 == 0 { copies.append((list, plain)) }
            #expect(Array(list) == plain, "step \(step)")
            let parts = chunks(of: list)
            #expect(parts.flatMap(\.self) == plain && parts.allSatisfy { 1...Self.full ~= $0.count })
            #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.count + $1.count > Self.full }, "step \(step)")
        }
        for number in 0...next {
            #expect(list.index(ofNumber: number) == plain.firstIndex { $0.number == number })
            #expect(list.firstIndex(behindNumber: number) == plain.firstIndex { $0.number > number } ?? plain.count)
        }
        for (list, plain) in copies { #expect(Array(list) == plain) }
        #expect(list == ItemList(plain) && list.hashValue == ItemList(plain).hashValue)
    }

    @Test("A chunk is full at its limit: -1, 0 and +1")
    func boundaries() {
        for (count, expected) in [
            (0, []), (1, [1]), (Self.full - 1, [Self.full - 1]), (Self.full, [Self.full]),
            (Self.full + 1, [Self.full, 1]), (2 * Self.full + 1, [Self.full, Self.full, 1]),
        ] {
            var list = ItemList((0..<UInt64(count)).map { item($0 + 1) })
            #expect(chunks(of: list).map(\.count) == expected)
            // What fits into one chunk again becomes one.
            guard count == Self.full + 1 else { continue }
            list.remove(at: 0)
            #expect(chunks(of: list).map(\.count) == [Self.full])
        }
        var list = ItemList((0..<UInt64(2 * Self.full)).map { item($0 + 1) })
        list.removeFirst(Self.full - 1)
        #expect(chunks(of: list).map(\.count) == [1, Self.full] && list.first?.number == UInt64(Self.full))
        list.removeFirst(1)
        #expect(chunks(of: list).map(\.count) == [Self.full])
        list.removeFirst(Self.full)
        #expect(list.isEmpty && chunks(of: list).isEmpty)
    }

    @Test("A change behind a copy leaves all chunks but one shared")
    func sharing() {
        var list = ItemList((0..<UInt64(10 * Self.full + 5)).map { item($0 + 1) })
        let copy = list
        list.append(item(UInt64(10 * Self.full + 6)))
        list[3 * Self.full] = item(UInt64(3 * Self.full + 1), "changed")
        let places = [list, copy].map { chunks(of: $0).map { $0.withUnsafeBufferPointer { $0.baseAddress } } }
        #expect((0...10).filter { places[0][$0] != places[1][$0] } == [3, 10])
    }

    @Test("Lists are equal when their items are, however they are divided")
    func equality() {
        var list = ItemList((0..<UInt64(3 * Self.full)).map { item($0 + 1) })
        for _ in 0..<Self.full - 1 { list.remove(at: Self.full / 2) }
        #expect(chunks(of: list).count == 3)
        let again = ItemList(Array(list))
        #expect(chunks(of: again).map(\.count) != chunks(of: list).map(\.count))
        #expect(list == again && Set([list, again]).count == 1)
        list[0] = item(1, "other")
        #expect(list != again)
    }
}
