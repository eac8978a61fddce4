import HeapModule
import PasteModel

/// What a deadline is about.
enum DeadlineSubject: Hashable {
    case connection(ConnectionID)
    /// A session that asked too fast may go on.
    case permit(ConnectionID)
    /// It is the turn of a session that waited for a limit of its address or of everybody.
    case turn(ConnectionID, PacedLimit)
    /// Expiry, a retry, the `devices` message or unloading: the paste knows which.
    case paste(PasteID)
    case sweep
    /// The next connection of a drain is sent away.
    case departure
}

/// All deadlines of a shard, the earliest first. Entries are never taken back: who is called too early
/// looks at the clock and comes again.
struct Deadlines {
    private struct Entry: Comparable {
        let at: Milliseconds
        let subject: DeadlineSubject

        static func < (a: Entry, b: Entry) -> Bool { a.at < b.at }
        static func == (a: Entry, b: Entry) -> Bool { a.at == b.at }
    }

    private var entries = Heap<Entry>()

    var next: Milliseconds? { entries.min?.at }

    mutating func add(_ subject: DeadlineSubject, at time: Milliseconds) {
        entries.insert(Entry(at: time, subject: subject))
    }

    /// Takes the earliest entry out if it is due.
    mutating func popDue(now: Milliseconds) -> DeadlineSubject? {
        guard let first = entries.min, first.at <= now else { return nil }
        return entries.popMin()?.subject
    }
}
