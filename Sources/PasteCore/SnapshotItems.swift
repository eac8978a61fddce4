// Items as JSON for the snapshots of this moment. After a restart, or when a link is shared, a thousand devices ask for the
// same paste within seconds: each gets a snapshot of its own (its name, what of its requests took effect), but the items,
// which are most of it, are encoded once.

import PasteModel
import PasteProtocol

/// The parts of snapshots that were asked for last. A class, as `Outbox` is one: each commit asks whether there are any.
final class SnapshotItems {
    /// Bytes of JSON that are kept for those who ask next: half of the largest paste, or a crowd's few small ones.
    static let keptBytes = 8 << 20
    /// What a part takes beside its JSON, about.
    private static let partBytes = 256

    /// What is kept of one paste.
    private struct Kept {
        let cursor: Cursor
        var parts: [Range<Int>: EncodedItems] = [:]
        var byteCount = 0
    }

    private var pastes: [PasteID: Kept] = [:]
    private var byteCount = 0
    /// How often a part was encoded.
    private(set) var encodings = 0

    /// What is kept always takes something.
    var isEmpty: Bool { byteCount == 0 }

    /// Some of a state's items.
    func part(_ range: Range<Int>, of state: PasteState, in paste: PasteID) -> EncodedItems {
        if let kept = pastes[paste], kept.cursor == state.cursor, let known = kept.parts[range] { return known }
        let items = EncodedItems(state.items[range])
        encodings += 1
        keep(items, range, state.cursor, paste)
        return items
    }

    private func keep(_ items: EncodedItems, _ range: Range<Int>, _ cursor: Cursor, _ paste: PasteID) {
        if pastes[paste]?.cursor != cursor { forget(paste) }
        let bytes = items.byteCount + Self.partBytes
        if byteCount + bytes > Self.keptBytes {
            // Others' go. Of one paste the first parts stay: whoever comes next begins with them.
            let own = pastes[paste]
            pastes = [:]
            pastes[paste] = own
            byteCount = own?.byteCount ?? 0
        }
        guard byteCount + bytes <= Self.keptBytes else { return }
        pastes[paste, default: Kept(cursor: cursor)].parts[range] = items
        pastes[paste]?.byteCount += bytes
        byteCount += bytes
    }

    /// The paste has changed, or is put away: nobody asks for these parts again, and what was removed is not kept.
    func forget(_ paste: PasteID) {
        guard !isEmpty else { return }
        byteCount -= pastes.removeValue(forKey: paste)?.byteCount ?? 0
    }
}
