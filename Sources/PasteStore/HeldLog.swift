// Rules about a stored log that every implementation shares.

import PasteModel

/// Whether `events` are the events right behind `expected`: dense, each tag made from the one before it.
public func follows(_ expected: Cursor, _ events: [Event]) -> Bool {
    var cursor = expected
    for event in events {
        cursor = cursor.advanced(by: event.author, ref: event.ref)
        guard event.cursor == cursor else { return false }
    }
    return true
}

/// Whose text an event holds: what decides whether its body goes when items are taken away.
public enum TextOwner: Hashable, Sendable {
    /// An item's: its append, or an edit of it.
    case item(UInt64)
    /// An item's that was the pad before: the edits of the pad up to here hold the same text.
    case kept(UInt64)
    /// The pad's.
    case pad

    /// The owner of the text in `body`; nil when it holds none.
    public init?(_ body: EventBody) {
        switch body {
        case .append(let item, _), .edit(.item(let item), _): self = .item(item)
        case .keep(let item, _): self = .kept(item)
        case .edit(.pad, _): self = .pad
        case .remove, .clear, .extend, .erased: return nil
        }
    }
}

/// Where in `owners` (ascending by seq) the texts stand that must go, as indices, ascending: those of items
/// that live no more, and the edits of the pad that became such an item.
///
/// All pad edits before such a `keep` go, not only the last stretch: a person may have moved text from one
/// kept pad to the next, and a device so far behind is as well served by a snapshot.
public func textsToErase(_ owners: [TextOwner?], isLive: (UInt64) -> Bool) -> [Int] {
    let lastKept = owners.lastIndex { owner in
        if case .kept(let item)? = owner { !isLive(item) } else { false }
    }
    return owners.indices.filter { index in
        switch owners[index] {
        case .item(let item), .kept(let item): !isLive(item)
        case .pad: index < lastKept ?? 0
        case nil: false
        }
    }
}
