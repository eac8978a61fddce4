extension PasteState {
    /// Local stand-in until the model's own arrives.
    public mutating func apply(_ event: Event, limits: Limits) {
        cursor = event.cursor
        var made: UInt64?
        switch event.body {
        case .append(let number, let text), .keep(let number, let text):
            if case .keep = event.body { byteCount -= pad.count; pad = .empty; padSeq = event.cursor.seq }
            items.append(
                Item(number: number, at: event.at, author: event.author, text: text, textSeq: event.cursor.seq))
            nextItem = number + 1
            byteCount += text.count
            made = number
        case .edit(.pad, _): padSeq = event.cursor.seq
        case .edit: break
        case .remove(let number): items.removeAll { $0.number == number }
        case .clear(let through): items.removeAll { $0.number <= through }
        case .extend(let at): expiresAt = at
        case .erased: break
        }
        byteCount = items.reduce(pad.count) { $0 + $1.text.count }
        var record = clients[event.author] ?? ClientRecord()
        record.receipts.append(Receipt(ref: event.ref, seq: event.cursor.seq, item: made))
        if record.receipts.count > limits.rememberedRefs { record.receipts.removeFirst(); record.isTruncated = true }
        clients[event.author] = record
    }
}
