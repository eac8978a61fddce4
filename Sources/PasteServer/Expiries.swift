import PasteCore
import PasteModel

/// Connections that have a while for something, all the same while: by the time when it is over, which is in the order
/// of their coming.
struct Expiries {
    private var entries: [(id: ConnectionID, until: Milliseconds)] = []
    private var first = 0

    /// When the next one is over.
    var next: Milliseconds? { first < entries.count ? entries[first].until : nil }

    mutating func add(_ id: ConnectionID, until: Milliseconds) {
        entries.append((id, until))
    }

    /// The next connection whose while is over.
    /// - Parameter isMeant: Whether a connection is still there and has not done what the while was for.
    mutating func popDue(now: Milliseconds, isMeant: (ConnectionID) -> Bool) -> ConnectionID? {
        while first < entries.count {
            let (id, until) = entries[first]
            let isMeant = isMeant(id)
            guard !isMeant || until <= now else { return nil }
            first += 1
            // Compacted when half of it is past: constant work for each connection.
            if first > 64, first * 2 > entries.count {
                entries.removeFirst(first)
                first = 0
            }
            if isMeant { return id }
        }
        return nil
    }
}
