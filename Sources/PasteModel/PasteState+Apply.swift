// What an event does to a state. The one place: a live paste, a replay and a store's checkpoint all use it.

extension PasteState {
    /// Moves the state over one event. False, and the state is as before, when the event does not follow: its
    /// cursor is not the next, or it changes what isn't there. A body that was erased since, and the removal
    /// of what it had made, follow all the same.
    /// - Parameter rememberedRefs: `Limits.rememberedRefs`.
    public mutating func apply(_ event: Event, rememberedRefs: Int = Limits().rememberedRefs) -> Bool {
        guard event.cursor == cursor.advanced(by: event.author, ref: event.ref) else { return false }
        return applyChained(event, rememberedRefs: rememberedRefs) { _ in nil }
    }

    /// The same for an event whose cursor was made from this state's, so that its hash needs no second look.
    /// - Parameter later: The texts of a state in which every edit up to this event's batch has been applied already:
    ///   they are shared instead of being made again.
    mutating func applyChained(_ event: Event, rememberedRefs: Int, texts later: (EditTarget) -> Text?) -> Bool {
        guard event.cursor.seq == cursor.seq &+ 1 else { return false }
        var made: UInt64?
        switch event.body {
        case .append(let number, let text):
            guard number >= nextItem else { return false }
            add(number, text, event)
            made = number
        case .edit(.pad, let ops):
            guard let text = later(.pad) ?? ops.apply(to: pad) else { return false }
            replacePad(by: text, at: event.cursor.seq)
        case .edit(.item(let number), let ops):
            guard let index = index(ofItem: number) else { return false }
            guard let text = later(.item(number)) ?? ops.apply(to: items[index].text) else { return false }
            byteCount += text.count - items[index].text.count
            items[index].text = text
            items[index].textSeq = event.cursor.seq
        case .keep(let number, let text):
            guard number >= nextItem else { return false }
            replacePad(by: .empty, at: event.cursor.seq)
            add(number, text, event)
            made = number
        case .remove(let number):
            nextItem = max(nextItem, number &+ 1)
            if let index = index(ofItem: number) { byteCount -= items.remove(at: index).text.count }
        case .clear(let last):
            nextItem = max(nextItem, last &+ 1)
            let end = firstIndex(behindItem: last)
            byteCount -= items[..<end].reduce(0) { $0 + $1.text.count }
            items.removeSubrange(..<end)
        case .extend(let time):
            expiresAt = time
        case .erased:
            break
        }
        cursor = event.cursor
        clients[event.author, default: ClientRecord()].add(
            Receipt(ref: event.ref, seq: event.cursor.seq, item: made), limit: rememberedRefs)
        return true
    }

    /// The text that an edit of this target would change.
    func text(of target: EditTarget) -> Text? {
        switch target {
        case .pad: pad
        case .item(let number): item(number)?.text
        }
    }

    /// The item of that number, if it is there.
    public func item(_ number: UInt64) -> Item? {
        index(ofItem: number).map { items[$0] }
    }

    func index(ofItem number: UInt64) -> Int? {
        guard number > 0 else { return nil }
        let index = firstIndex(behindItem: number - 1)
        return index < items.count && items[index].number == number ? index : nil
    }

    /// The index of the first item with a greater number: a binary search.
    func firstIndex(behindItem number: UInt64) -> Int {
        var low = 0
        var high = items.count
        while low < high {
            let middle = (low + high) / 2
            if items[middle].number <= number { low = middle + 1 } else { high = middle }
        }
        return low
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

extension ClientRecord {
    /// The receipt of that request, if it is remembered.
    public func receipt(of ref: UInt64) -> Receipt? {
        let index = firstIndex(atOrBehind: ref)
        return index < receipts.count && receipts[index].ref == ref ? receipts[index] : nil
    }

    /// Whether it can't be told any more whether this unremembered `ref` took effect.
    public func isStale(_ ref: UInt64) -> Bool {
        isTruncated && ref < (receipts.first?.ref ?? .max)
    }

    mutating func add(_ receipt: Receipt, limit: Int) {
        receipts.insert(receipt, at: firstIndex(atOrBehind: receipt.ref))
        if receipts.count > limit {
            receipts.removeFirst(receipts.count - limit)
            isTruncated = true
        }
    }

    private func firstIndex(atOrBehind ref: UInt64) -> Int {
        // Nearly always the end: refs rise.
        guard let last = receipts.last, last.ref >= ref else { return receipts.count }
        var low = 0
        var high = receipts.count
        while low < high {
            let middle = (low + high) / 2
            if receipts[middle].ref < ref { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
