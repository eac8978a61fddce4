// The held part of a log: committed events, and behind them the pending ones.
//
//     older cursors (tags only) | committed events, with bodies | pending
//                               ^ base                          ^ committedSeq
//
// Dense and indexed by seq. Each event also knows the preceding event that touched the same text, so that the
// edits since a base, and the bodies of a removed item, are found without a look at the rest of the log.

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
    /// The last event that touched a text; absent when it is not held.
    private var last: [EditTarget: UInt64] = [:]
    /// The newest event that came erased from a store: what it was is unknown, it may have emptied the pad.
    private var unknownSeq: UInt64 = 0

    /// The greatest item number that the log ever named, and the number up to which all are erased.
    private var newestItem: UInt64 = 0
    private var erasedThrough: UInt64 = 0
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
    init(checkpoint: Cursor, history: [Event], olderCursors: [Cursor]) throws(StoreError) {
        guard zip(olderCursors, olderCursors.dropFirst()).allSatisfy({ $0.seq + 1 == $1.seq }) else {
            throw .corrupt("the held cursors have a gap")
        }
        // What precedes the history: without a cursor for it the first event only serves as one.
        var cursor = olderCursors.last ?? history.first?.cursor ?? checkpoint
        self.init(base: cursor, older: olderCursors.dropLast())
        for event in olderCursors.isEmpty ? history.dropFirst() : history[...] {
            guard event.cursor == cursor.advanced(by: event.author, ref: event.ref) else {
                throw .corrupt("the history does not follow at event \(event.cursor.seq)")
            }
            cursor = event.cursor
            append(event)
        }
        committedSeq = headSeq
        guard cursor == checkpoint else { throw .corrupt("the history does not lead to the checkpoint") }
    }

    /// The last event's seq, pending ones included.
    var headSeq: UInt64 { base.seq + UInt64(entries.count) }

    private func index(of seq: UInt64) -> Int { Int(seq - base.seq) - 1 }

    // MARK: Growing

    mutating func append(_ event: Event) {
        let seq = event.cursor.seq
        var previous: UInt64 = 0
        var emptiedPad = false
        switch event.body {
        case .append(let item, _):
            last[.item(item)] = seq
            newestItem = max(newestItem, item)
        case .edit(let target, _):
            if case .item(let item) = target { newestItem = max(newestItem, item) }
            previous = last.updateValue(seq, forKey: target) ?? 0
        case .keep(let item, _):
            previous = last.updateValue(seq, forKey: .pad) ?? 0
            last[.item(item)] = seq
            newestItem = max(newestItem, item)
            emptiedPad = true
        case .erased:
            newestErased = seq
            unknownSeq = seq
        case .remove, .clear, .extend:
            break
        }
        entries.append(Entry(event: event, previous: previous, emptiedPad: emptiedPad))
        textBytes += event.body.textBytes
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
        while headSeq > committedSeq, let entry = entries.popLast() {
            textBytes -= entry.event.body.textBytes
            switch entry.event.body {
            case .append(let item, _): last[.item(item)] = nil
            case .edit(let target, _): restore(target, entry.previous)
            case .keep(let item, _):
                last[.item(item)] = nil
                restore(.pad, entry.previous)
            case .remove, .clear, .extend, .erased: break
            }
        }
    }

    private mutating func restore(_ target: EditTarget, _ seq: UInt64) {
        last[target] = seq > base.seq ? seq : nil
    }

    private mutating func trimFirst(_ limits: Limits) {
        guard let entry = entries.popFirst() else { return }
        textBytes -= entry.event.body.textBytes
        older.append(base.tag)
        base = entry.event.cursor
        while older.count > max(limits.heldTags, 0) { older.removeFirst() }
        switch entry.event.body {
        case .append(let item, _): forget(.item(item), entry)
        case .edit(let target, _): forget(target, entry)
        case .keep(let item, _):
            forget(.item(item), entry)
            forget(.pad, entry)
        case .erased where entry.emptiedPad: forget(.pad, entry)
        case .erased, .remove, .clear, .extend: break
        }
    }

    private mutating func forget(_ target: EditTarget, _ entry: Entry) {
        if last[target] == entry.event.cursor.seq { last[target] = nil }
    }

    /// Erases what is held of the items that a committed event removed.
    mutating func erase(removedBy event: Event) {
        switch event.body {
        case .remove(let item):
            erase(item: item)
        case .clear(let through):
            let end = min(through, newestItem)
            guard end > erasedThrough else { return }
            if end - erasedThrough <= UInt64(last.count) {
                for item in (erasedThrough + 1)...end { erase(item: item) }
            } else {
                for case .item(let item) in Array(last.keys) where item <= end { erase(item: item) }
            }
            erasedThrough = end
        case .append, .edit, .keep, .extend, .erased:
            break
        }
    }

    private mutating func erase(item: UInt64) {
        guard var seq = last.removeValue(forKey: .item(item)) else { return }
        while seq > base.seq {
            let index = index(of: seq)
            let entry = entries[index]
            eraseBody(at: index)
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
        while seq > max(base.seq, erasedPadThrough) {
            let index = index(of: seq)
            if case .edit = entries[index].event.body { eraseBody(at: index) }
            seq = entries[index].previous
        }
        erasedPadThrough = max(erasedPadThrough, keep)
    }

    private mutating func eraseBody(at index: Int) {
        textBytes -= entries[index].event.body.textBytes
        entries[index].event = entries[index].event.erased
    }

    // MARK: Reading

    /// The pending events. Changes nothing: `mutating` spares the copies of the log's parts that a look costs else.
    mutating func pending() -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(Int(headSeq - committedSeq))
        for index in index(of: committedSeq + 1)..<entries.count { events.append(entries[index].event) }
        return events
    }

    /// Whether the cursor belongs to this history: false too when its tag is no longer held.
    func holds(_ cursor: Cursor) -> Bool {
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

    /// The committed events behind a held cursor, about `maxBytes` of them and at least one; nil when a body
    /// is gone.
    func next(after cursor: Cursor, maxBytes: Int) -> ArraySlice<Event>? {
        guard cursor.seq >= base.seq, cursor.seq >= newestErased else { return nil }
        var events: [Event] = []
        var bytes = 0
        var seq = cursor.seq
        while seq < committedSeq, events.isEmpty || bytes < maxBytes {
            seq += 1
            let event = entries[index(of: seq)].event
            bytes += event.byteCount
            events.append(event)
        }
        return events[...]
    }

    /// What happened to a text behind `base`, in order, pending events included.
    /// - Parameter textSeq: The event that last changed the text.
    /// - Returns: nil when not all of it is held.
    func changes(of target: EditTarget, behind seq: UInt64, textSeq: UInt64) -> [TextChange]? {
        guard textSeq > seq else { return [] }
        guard seq >= base.seq, target != .pad || seq >= unknownSeq else { return nil }
        var changes: [TextChange] = []
        var at = last[target] ?? 0
        while at > seq {
            let entry = entries[index(of: at)]
            switch entry.event.body {
            case .edit(_, let ops):
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
