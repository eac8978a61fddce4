// The rules: what a request becomes in a state. Pure; `perform` applies what comes out.

/// What the rules say about a request.
enum Judgement {
    /// It becomes this; the text that an edit leads to was made to judge it.
    case does(EventBody, edited: Text? = nil)
    /// Somebody's did the same already.
    case wasDone(Receipt)
    /// It may not be.
    case breaks(Rejection)
}

extension Timeline {
    func judge(_ request: PasteRequest, ref: UInt64, now: Milliseconds) -> Judgement {
        switch request {
        case .append(let text): append(text)
        case .edit(let target, let base, let ops): edit(target, base: base, ops)
        case .keep(let base): keep(base: base, ref: ref)
        case .remove(let item): remove(item)
        case .clear(let last): clear(through: last)
        case .extend(let duration): extend(by: duration, now: now)
        }
    }

    private func append(_ text: Text) -> Judgement {
        if text.isEmpty { return .breaks(.emptyText) }
        if text.count > limits.textBytes { return .breaks(.textTooLarge(limit: limits.textBytes)) }
        if tentative.items.count >= limits.items { return .breaks(.tooManyItems(limit: limits.items)) }
        if text.count > limits.pasteBytes - tentative.byteCount {
            return .breaks(.pasteFull(limit: limits.pasteBytes))
        }
        return .does(.append(item: tentative.nextItem, text: text))
    }

    private func edit(_ target: EditTarget, base: UInt64, _ requested: TextEdit) -> Judgement {
        let text: Text
        let textSeq: UInt64
        switch target {
        case .pad:
            (text, textSeq) = (tentative.pad, tentative.padSeq)
        case .item(let number):
            guard let item = tentative.item(number) else { return .breaks(.noSuchItem) }
            (text, textSeq) = (item.text, item.textSeq)
        }
        guard base <= committed.cursor.seq, var ops = requested.normalised() else { return .breaks(.badEdit) }
        // The pad is typed on many systems: one kind of line end. Items are exact bytes.
        if target == .pad, ops.inserts(byte: UInt8(ascii: "\r")) { return .breaks(.badEdit) }
        guard let changes = log.changes(of: target, behind: base, textSeq: textSeq) else {
            return .breaks(.staleBase)
        }
        for change in changes {
            switch change {
            case .edit(let earlier): ops = ops.transformed(over: earlier)
            case .emptied: ops = ops.transformedOverEmptying()
            }
        }
        guard let edited = ops.apply(to: text) else { return .breaks(.badEdit) }
        // Under a limit that was lowered, a text may still shrink.
        let growth = edited.count - text.count
        if growth > 0, edited.count > limits.textBytes { return .breaks(.textTooLarge(limit: limits.textBytes)) }
        if growth > 0, growth > limits.pasteBytes - tentative.byteCount {
            return .breaks(.pasteFull(limit: limits.pasteBytes))
        }
        return .does(.edit(target: target, ops: ops), edited: edited)
    }

    private func keep(base: UInt64, ref: UInt64) -> Judgement {
        guard base <= committed.cursor.seq else { return .breaks(.badEdit) }
        guard let changes = log.changes(of: .pad, behind: base, textSeq: tentative.padSeq) else {
            return .breaks(.staleBase)
        }
        // The first keep behind the base kept what this person saw: two who press it together keep it once.
        for case .emptied(let seq, let item) in changes {
            return .wasDone(Receipt(ref: ref, seq: seq, item: item))
        }
        if tentative.pad.isEmpty { return .breaks(.emptyText) }
        if tentative.items.count >= limits.items { return .breaks(.tooManyItems(limit: limits.items)) }
        return .does(.keep(item: tentative.nextItem, text: tentative.pad))
    }

    private func remove(_ item: UInt64) -> Judgement {
        tentative.items.index(ofNumber: item) == nil ? .breaks(.noSuchItem) : .does(.remove(item: item))
    }

    /// Never beyond the items that there are: what comes later was not seen.
    private func clear(through last: UInt64) -> Judgement {
        guard let first = tentative.items.first, first.number <= last else { return .breaks(.noSuchItem) }
        return .does(.clear(through: min(last, tentative.nextItem - 1)))
    }

    private func extend(by duration: Milliseconds, now: Milliseconds) -> Judgement {
        guard duration >= 1, duration <= limits.lifetime else { return .breaks(.badExpiry(limit: limits.lifetime)) }
        return .does(.extend(expiresAt: now + duration))
    }
}
