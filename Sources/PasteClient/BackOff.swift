// How long to wait before trying again. Pure.

import PasteModel

/// Waits that grow, each random below its bound, so that not everybody comes back at once after a restart.
struct BackOff: Sendable {
    static let longest: Milliseconds = 30_000

    private let first: Milliseconds
    private var bound: Milliseconds

    init(first: Milliseconds = 500) {
        (self.first, bound) = (first, first)
    }

    /// The next wait, in milliseconds.
    mutating func next(random: Double) -> Milliseconds {
        defer { bound = min(bound * 2, Self.longest) }
        return Milliseconds(Double(bound) * min(max(random, 0), 1))
    }

    mutating func reset() {
        bound = first
    }
}
