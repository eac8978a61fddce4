/// A small random source with a seed (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

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
    func pick<Element>(from elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[within(0...elements.count - 1)]
    }
}
