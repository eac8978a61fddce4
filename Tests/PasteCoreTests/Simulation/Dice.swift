import Seeded

/// What decides everything that is left to chance in a simulation. Its rules are its own, so that a seed means
/// the same run with every standard library.
final class Dice {
    private var source: SplitMix64

    init(seed: UInt64) {
        source = SplitMix64(seed: seed)
    }

    func next() -> UInt64 { source.next() }

    /// A number of the range.
    func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(source.next() % UInt64(range.count))
    }

    /// A duration of the range.
    func milliseconds(_ range: ClosedRange<Int>) -> Int64 {
        Int64(within(range))
    }

    /// True that many times in a thousand.
    func chance(_ perMille: Int) -> Bool {
        within(0...999) < perMille
    }

    /// One of them; the first is what there is at least.
    func pick<Element>(_ first: Element, _ others: Element...) -> Element {
        let index = within(0...others.count)
        return index == 0 ? first : others[index - 1]
    }

    /// One of them.
    func pick<Elements: RandomAccessCollection<Element>, Element>(from elements: Elements) -> Element?
    where Elements.Index == Int {
        elements.isEmpty ? nil : elements[elements.startIndex + within(0...elements.count - 1)]
    }
}
