/// How often a measure fell into which range: fixed bounds, plain numbers, copied without allocation.
public struct Histogram: Sendable {
    /// What is measured, which decides the bounds.
    public enum Scale: Sendable {
        /// Durations in microseconds, from a tenth of a millisecond to ten seconds.
        case microseconds
        /// Sizes, in powers of two up to 16,384.
        case count
    }

    /// Upper bounds of all ranges but the last, which has none.
    public static let bounds = 15

    /// What is measured.
    public let scale: Scale
    private var counts = InlineArray<16, UInt64>(repeating: 0)
    /// All measures together, in the scale's unit.
    public private(set) var sum: UInt64 = 0

    /// Nothing measured yet.
    public init(_ scale: Scale) {
        self.scale = scale
    }

    /// Counts one measure.
    public mutating func add(_ value: UInt64) {
        var place = 0
        while place < Self.bounds, value > bound(place) { place += 1 }
        counts[place] &+= 1
        sum &+= value
    }

    /// Counts all that another one of the same scale has counted.
    public mutating func add(_ other: Histogram) {
        for place in 0...Self.bounds { counts[place] &+= other.counts[place] }
        sum &+= other.sum
    }

    /// How many measures were made.
    public var total: UInt64 { upTo(Self.bounds) }

    /// How many measures were at most the bound at that place; at `bounds`, all.
    public func upTo(_ place: Int) -> UInt64 {
        (0...place).reduce(0) { $0 &+ counts[$1] }
    }

    /// The upper bound at a place in `0..<bounds`.
    public func bound(_ place: Int) -> UInt64 {
        switch scale {
        case .microseconds: Self.microseconds[place]
        case .count: 1 << UInt64(place)
        }
    }

    private static let microseconds: [UInt64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
        10_000_000,
    ]
}
