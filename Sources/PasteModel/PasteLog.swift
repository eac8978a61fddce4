// The held part of a log: committed events, and behind them the pending ones.
//
//     older cursors (tags only) | committed events, with bodies | pending
//                               ^ base                          ^ committedSeq
//
// Dense and indexed by seq. Each event also knows the preceding event that touched the same text, and a state knows
// the newest one: so the edits since a base, and the bodies of a removed item, are found without a look at the rest
// of the log.

import DequeModule

struct PasteLog {
    /// The cursor before the first held event.
    private(set) var base: Cursor
    /// How far the log is committed.
    private(set) var committedSeq: UInt64
    /// The newest event whose body is gone: a device that stands before it needs a snapshot.
    private(set) var newestErased: UInt64 = 0

    private var older: Deque<UInt64> = []
    private var entries: Deque<Entry> = []
    /// Bytes of text in `entries`.
    private(set) var textBytes = 0
    /// The newest event that came erased from a store: what it was is unknown, it may have emptied the pad.
    private var unknownSeq: UInt64 = 0

    /// The pad's edits up to here are erased: a text that they made was kept, and is gone.
    private var erasedPadThrough: UInt64 = 0

    private struct Entry {
        var event: Event
        /// The seq of the preceding event that touched the same text; 0 for none. Of a `keep`: the pad's.
        let previous: UInt64
        /// The body is erased in place; this tells a `keep` from the rest.
        var emptiedPad: Bool
    }

    init(base: Cursor, older: some Sequence<Cursor> = []) {
        self.base = base
        self.older = Deque(older.map(\.tag))
        committedSeq = base.seq
    }

    /// The log of a stored paste up to its checkpoint.
    init(checkpoint: PasteState, history: [Event], olderCursors: [Cursor]) throws(StoreError) {
        guard zip(olderCursors, olderCursors.dropFirst()).allSatisfy({ $0.seq + 1 == $1.seq }) else {
            throw .corrupt("the held cursors have a gap")
        }
        // What precedes the history: without a cursor for it the first event only serves as one.
        var cursor = olderCursors.last ?? history.first?.cursor ?? checkpoint.cursor
        self.init(base: cursor, older: olderCursors.dropLast())
        var newest: [EditTarget: UInt64] = [:]
        for event in olderCursors.isEmpty ? history.dropFirst() : history[...] {
            guard event.cursor == cursor.advanced(by: event.author, ref: event.ref) else {
                throw .corrupt("the history does not follow at event \(event.cursor.seq)")
            }
            cursor = event.cursor
            append(event, previous: newest.note(event))
        }
        committedSeq = headSeq
        guard cursor == checkpoint.cursor else { throw .corrupt("the history does not lead to the checkpoint") }
        for case (.item(let item), let seq) in newest where checkpoint.items.index(ofNumber: item) == nil {
            erase(from: seq)
        }
    }

    /// The last event's seq, pending ones included.
    var headSeq: UInt64 { base.seq + UInt64(entries.count) }
    var hasPending: Bool { headSeq > committedSeq }

    private func index(of seq: UInt64) -> Int { Int(seq - base.seq) - 1 }

    private func entry(at seq: UInt64) -> Entry? {
        seq > base.seq && seq <= headSeq ? entries[index(of: seq)] : nil
    }

    // MARK: Growing

    /// Adds a pending event.
    /// - Parameter previous: The preceding event that changed the same text, by the state before this one; 0 for none.
    mutating func append(_ event: Event, previous: UInt64) {
        var emptiedPad = false
        switch event.body {
        case .keep: emptiedPad = true
        case .erased: (newestErased, unknownSeq) = (event.cursor.seq, event.cursor.seq)
        case .append, .edit, .remove, .clear, .extend: break
        }
        entries.append(Entry(event: event, previous: previous, emptiedPad: emptiedPad))
        textBytes += event.textBytes
    }

    /// Makes the next `count` pending events committed; what is over the limits goes.
    mutating func commit(_ count: Int, limits: Limits) {
        committedSeq += UInt64(count)
        while committedSeq - base.seq > UInt64(max(limits.heldEvents, 0))
            || textBytes > limits.heldBytes && committedSeq > base.seq
        { trimFirst(limits) }
    }

    /// Drops all pending events.
    mutating func rollback() {
        while hasPending, let entry = entries.popLast() { textBytes -= entry.event.textBytes }
    }

    private mutating func trimFirst(_ limits: Limits) {
        guard let entry = entries.popFirst() else { return }
        textBytes -= entry.event.textBytes
        older.append(base.tag)
        base = entry.event.cursor
        while older.count > max(limits.heldTags, 0) { older.removeFirst() }
    }

    /// Erases what is held of an item that is gone.
    /// - Parameter newest: The event that last changed its text.
    mutating func erase(from newest: UInt64) {
        var seq = newest
        while let entry = entry(at: seq) {
            eraseBody(at: seq)
            newestErased = max(newestErased, seq)
            switch entry.event.body {
            case .edit: seq = entry.previous
            case .keep: return erasePadEdits(before: seq, newest: entry.previous)
            case .append, .remove, .clear, .extend, .erased: return
            }
        }
    }

    /// The edits of the pad hold the text that a keep made an item of. All of them go, not only those since the
    /// keep before: a person may have moved text from one kept pad to the next.
    private mutating func erasePadEdits(before keep: UInt64, newest: UInt64) {
        var seq = newest
        while seq > erasedPadThrough, let entry = entry(at: seq) {
            if case .edit = entry.event.body { eraseBody(at: seq) }
            seq = entry.previous
        }
        erasedPadThrough = max(erasedPadThrough, keep)
    }

    private mutating func eraseBody(at seq: UInt64) {
        let index = index(of: seq)
        textBytes -= entries[index].event.textBytes
        entries[index].event = entries[index].event.erased
    }

    // MARK: Reading

    /// The pending events; `mutating` as in `Timeline`.
    mutating func pending() -> [Event] {
        guard hasPending else { return [] }
        var events: [Event] = []
        events.reserveCapacity(Int(headSeq - committedSeq))
        for index in index(of: committedSeq + 1)..<entries.count { events.append(entries[index].event) }
        return events
    }

    /// Whether the cursor belongs to this history: false too when its tag is no longer held.
    private func holds(_ cursor: Cursor) -> Bool {
        self.cursor(at: cursor.seq) == cursor
    }

    /// The cursor of a committed place; nil when it is no longer held.
    func cursor(at seq: UInt64) -> Cursor? {
        if seq > committedSeq { return nil }
        if seq > base.seq { return entries[index(of: seq)].event.cursor }
        if seq == base.seq { return base }
        let age = base.seq - seq
        return age <= UInt64(older.count) ? Cursor(seq: seq, tag: older[older.count - Int(age)]) : nil
    }

    /// What a device that stands at `cursor` needs next: committed events of about `maxBytes`, at least one.
    func next(after cursor: Cursor, maxBytes: Int) -> Continuation {
        guard holds(cursor) else { return .snapshot(same: false) }
        guard cursor.seq >= base.seq, cursor.seq >= newestErased else { return .snapshot(same: true) }
        var events: [Event] = []
        var bytes = 0
        var seq = cursor.seq
        while seq < committedSeq, events.isEmpty || bytes < maxBytes {
            seq += 1
            let event = entries[index(of: seq)].event
            bytes += event.byteCount
            events.append(event)
        }
        return .events(events[...])
    }

    /// What happened to a text behind `base`, in order, pending events included.
    /// - Parameter textSeq: The event that last changed the text.
    /// - Returns: nil when not all of it is held.
    func changes(of target: EditTarget, behind seq: UInt64, textSeq: UInt64) -> [TextChange]? {
        guard textSeq > seq else { return [] }
        guard seq >= base.seq, target != .pad || seq >= unknownSeq else { return nil }
        var changes: [TextChange] = []
        var at = textSeq
        while at > seq {
            guard let entry = entry(at: at) else { return nil }
            switch entry.event.body {
            case .edit(target, let ops):
                changes.append(.edit(ops))
            case .keep(let item, _) where target == .pad:
                changes.append(.emptied(at, item: item))
            case .erased where target == .pad:
                // An erased edit has a keep behind it, which leaves nothing of what it did.
                if entry.emptiedPad { changes.append(.emptied(at, item: nil)) }
            default:
                return nil
            }
            at = entry.previous
        }
        return changes.reversed()
    }
}

/// What can happen to a text.
enum TextChange {
    case edit(TextEdit)
    /// A `keep` of that seq made this item of the pad; nil when the item is gone.
    case emptied(UInt64, item: UInt64?)
}

extension Event {
    /// About what the event costs to hold and to send.
    var byteCount: Int {
        switch body {
        case .append(_, let text), .keep(_, let text): text.count + 128
        case .edit(_, let ops): ops.byteCount + 128
        case .remove, .clear, .extend, .erased: 128
        }
    }
}

extension [EditTarget: UInt64] {
    /// Notes that an event is the newest of its texts.
    /// - Returns: The one that was the newest of the text that it changes; 0 for none.
    fileprivate mutating func note(_ event: Event) -> UInt64 {
        let seq = event.cursor.seq
        switch event.body {
        case .append(let item, _):
            self[.item(item)] = seq
        case .edit(let target, _):
            return updateValue(seq, forKey: target) ?? 0
        case .keep(let item, _):
            self[.item(item)] = seq
            return updateValue(seq, forKey: .pad) ?? 0
        case .remove, .clear, .extend, .erased:
            break
        }
        return 0
    }
}
