// What an event does to a state. The one place: a live paste, a replay and a store's checkpoint all use it.

extension PasteState {
    /// Moves the state over one event. False, and the state is as before, when the event does not follow: its
    /// cursor is not the next, or it changes what isn't there. A body that was erased since, and the removal
    /// of what it had made, follow all the same.
    /// - Parameter rememberedRefs: `Limits.rememberedRefs`.
    public mutating func apply(_ event: Event, rememberedRefs: Int = Limits().rememberedRefs) -> Bool {
        guard event.cursor == cursor.advanced(by: event.author, ref: event.ref) else { return false }
        return applyChained(event, by: clients.place(of: event.author), rememberedRefs: rememberedRefs)
    }

    /// The same for an event whose cursor was made from this state's, so that its hash needs no second look.
    /// - Parameters:
    ///   - device: The place of the event's author in `clients`.
    ///   - edited: The text that an edit leads to, when it was made before: it is shared instead of being made again.
    mutating func applyChained(
        _ event: Event, by device: ClientTable.Place, rememberedRefs: Int, edited: Text? = nil
    ) -> Bool {
        guard event.cursor.seq == cursor.seq &+ 1 else { return false }
        var made: UInt64?
        switch event.body {
        case .append(let number, let text):
            guard number >= nextItem else { return false }
            add(number, text, event)
            made = number
        case .edit(.pad, let ops):
            guard let text = edited ?? ops.apply(to: pad) else { return false }
            replacePad(by: text, at: event.cursor.seq)
        case .edit(.item(let number), let ops):
            guard let index = items.index(ofNumber: number) else { return false }
            var item = items[index]
            guard let text = edited ?? ops.apply(to: item.text) else { return false }
            byteCount += text.count - item.text.count
            (item.text, item.textSeq) = (text, event.cursor.seq)
            items[index] = item
        case .keep(let number, let text):
            guard number >= nextItem else { return false }
            replacePad(by: .empty, at: event.cursor.seq)
            add(number, text, event)
            made = number
        case .remove(let number):
            nextItem = max(nextItem, number &+ 1)
            if let index = items.index(ofNumber: number) { byteCount -= items.remove(at: index).text.count }
        case .clear(let last):
            nextItem = max(nextItem, last &+ 1)
            let end = items.firstIndex(behindNumber: last)
            byteCount -= items[..<end].reduce(0) { $0 + $1.text.count }
            items.removeFirst(end)
        case .extend(let time):
            expiresAt = time
        case .erased:
            break
        }
        cursor = event.cursor
        clients.add(
            Receipt(ref: event.ref, seq: event.cursor.seq, item: made), at: device, limit: rememberedRefs)
        return true
    }

    /// The item of that number, if it is there.
    public func item(_ number: UInt64) -> Item? {
        items.index(ofNumber: number).map { items[$0] }
    }

    private mutating func add(_ number: UInt64, _ text: Text, _ event: Event) {
        items.append(
            Item(number: number, at: event.at, author: event.author, text: text, textSeq: event.cursor.seq))
        nextItem = number &+ 1
        byteCount += text.count
    }

    private mutating func replacePad(by text: Text, at seq: UInt64) {
        byteCount += text.count - pad.count
        pad = text
        padSeq = seq
    }
}

// What was before an event: for the log, which links the events of one text.
extension PasteState {
    /// The text that stands where this event has edited one.
    func text(editedBy body: EventBody) -> Text? {
        switch body {
        case .edit(.pad, _): pad
        case .edit(.item(let number), _): item(number)?.text
        case .append, .keep, .remove, .clear, .extend, .erased: nil
        }
    }

    /// The event that last changed the text that this one is about to change; 0 when there is none.
    func seq(before body: EventBody) -> UInt64 {
        switch body {
        case .edit(.pad, _), .keep: padSeq
        case .edit(.item(let number), _): item(number)?.textSeq ?? 0
        case .append, .remove, .clear, .extend, .erased: 0
        }
    }

    /// The events that last changed the texts of the items that this one is about to take away.
    func seqs(ofItemsRemovedBy body: EventBody) -> [UInt64] {
        switch body {
        case .remove(let number): item(number).map { [$0.textSeq] } ?? []
        case .clear(let last): items[..<items.firstIndex(behindNumber: last)].map(\.textSeq)
        case .append, .edit, .keep, .extend, .erased: []
        }
    }
}
