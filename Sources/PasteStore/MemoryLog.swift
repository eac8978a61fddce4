import PasteModel

/// One paste of `MemoryStore`: a checkpoint and the log around it.
final class MemoryLog {
    /// The cursor it began with.
    let origin: Cursor
    /// When it ends, by the newest event.
    private(set) var expiresAt: Milliseconds
    /// Bytes of text in the checkpoint and the held events.
    private(set) var byteCount = 0

    private let limits: Limits
    private var base: PasteState
    /// Events that are held with their bodies, up to the head; `base` lies among them or at an end.
    private var events: [Event] = []
    /// Cursors from before `events`, whose bodies are gone; the origin first, while it is held.
    private var older: [Cursor]

    init(_ state: PasteState, limits: Limits) {
        origin = state.cursor
        expiresAt = state.expiresAt
        base = state
        older = [state.cursor]
        self.limits = limits
    }

    /// The newest cursor.
    var head: Cursor { events.last?.cursor ?? base.cursor }

    /// The answer to `open`.
    var stored: StoredPaste {
        let split = baseIndex
        return StoredPaste(
            checkpoint: base, events: Array(events[split...]), history: Array(events[..<split]),
            olderCursors: base.cursor == origin ? [] : older)
    }

    /// Whether this cursor is known to be a prefix of the log.
    func holds(_ cursor: Cursor) -> Bool {
        if cursor == origin || cursor == head { return true }
        if let first = events.first, cursor.seq >= first.cursor.seq {
            let index = cursor.seq - first.cursor.seq
            return index < UInt64(events.count) && events[Int(index)].cursor == cursor
        }
        guard let first = older.first, cursor.seq >= first.seq else { return false }
        let index = cursor.seq - first.seq
        return index < UInt64(older.count) && older[Int(index)] == cursor
    }

    /// The answer to `changes`.
    func changes(after cursor: Cursor, limit: Int) -> StoredChanges {
        guard holds(cursor) else { return .reset(same: false) }
        let held = head.seq - UInt64(events.count)
        guard cursor.seq >= held else { return .reset(same: true) }
        let rest = events[Int(cursor.seq - held)...]
        guard !rest.contains(where: { $0.body == .erased }) else { return .reset(same: true) }
        let page = rest.prefix(max(1, limit))
        return .events(Array(page), more: page.count < rest.count)
    }

    /// Adds events that follow the head. When items are taken away, their texts go at once.
    /// - Throws: What the events can't be replayed for; then nothing was changed.
    func append(_ batch: [Event]) throws(StoreError) {
        let takesAway = batch.contains { event in
            switch event.body {
            case .remove, .clear: true
            case .append, .edit, .keep, .extend, .erased: false
            }
        }
        let state = takesAway ? try base.replaying(events[baseIndex...] + batch, limits: limits) : nil
        for event in batch {
            if case .extend(let expiresAt) = event.body { self.expiresAt = expiresAt }
            byteCount += event.textBytes
        }
        changeEvents { events in
            for event in batch { events.append(event) }
        }
        guard let state else { return }
        take(state)
        erase()
    }

    /// Takes the state as the new checkpoint; false when it is stale. Nothing was taken away since the one before: that
    /// would have made one.
    func checkpoint(_ state: PasteState) -> Bool {
        guard state.cursor.seq > base.cursor.seq, holds(state.cursor) else { return false }
        take(state)
        return true
    }

    private func take(_ state: PasteState) {
        byteCount += state.byteCount - base.byteCount
        base = state
        trim(to: baseIndex)
    }

    /// Erases the texts of the items that are gone by the checkpoint.
    private func erase() {
        let owners = events[..<baseIndex].map { TextOwner($0.body) }
        for index in textsToErase(owners, isLive: { base.item($0) != nil }) {
            byteCount -= events[index].textBytes
            changeEvents { $0[index] = $0[index].erased }
        }
    }

    /// Where in `events` those behind the checkpoint begin.
    private var baseIndex: Int {
        events.count - Int(head.seq - base.cursor.seq)
    }

    /// Moved out, changed and moved in: else the runtime checks at every look whether one of these changes is under way.
    private func changeEvents(_ change: (inout [Event]) -> Void) {
        var all: [Event] = []
        swap(&all, &events)
        change(&all)
        swap(&all, &events)
    }

    private func trim(to split: Int) {
        let surplus = min(split, events.count - max(1, limits.heldEvents))
        guard surplus > 0 else { return }
        byteCount -= events[..<surplus].reduce(0) { $0 + $1.textBytes }
        older.append(contentsOf: events[..<surplus].map(\.cursor))
        changeEvents { $0.removeFirst(surplus) }
        // The cursor right before the held events stays: without it they could not be checked.
        older.removeFirst(max(0, min(older.count - 1, older.count + events.count - max(1, limits.heldTags))))
    }
}
