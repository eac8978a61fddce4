import HeapModule
import PasteModel

/// What will happen, in the order of time; at the same time in the order of planning. The only clock there is.
final class Agenda {
    private struct Entry: Comparable {
        let at: Milliseconds
        let order: UInt64
        let action: () -> Void

        static func < (a: Entry, b: Entry) -> Bool { (a.at, a.order) < (b.at, b.order) }
        static func == (a: Entry, b: Entry) -> Bool { a.order == b.order }
    }

    private(set) var now: Milliseconds
    /// How many things have happened.
    private(set) var steps = 0
    private var entries = Heap<Entry>()
    private var order: UInt64 = 0

    init(now: Milliseconds) {
        self.now = now
    }

    func plan(after delay: Milliseconds, _ action: @escaping () -> Void) {
        plan(at: now + max(0, delay), action)
    }

    func plan(at time: Milliseconds, _ action: @escaping () -> Void) {
        order += 1
        entries.insert(Entry(at: max(now, time), order: order, action: action))
    }

    /// Lets the next thing happen.
    /// - Returns: Whether there was one not later than `end`; if not, it is `end` now.
    func step(until end: Milliseconds) -> Bool {
        guard let first = entries.min, first.at <= end else {
            now = max(now, end)
            return false
        }
        entries.removeMin()
        now = first.at
        steps += 1
        first.action()
        return true
    }
}
