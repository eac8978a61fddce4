import PasteModel
import PasteProtocol

/// What a device knows and wants of one paste.
final class File {
    let key: String
    let id: PasteID
    let author: Author
    /// The paste as the device sees it.
    private(set) var known: PasteState?
    /// A snapshot of which more items are to come.
    private(set) var underWay: Snapshot?
    /// Whether that is of the history that was known.
    private var isSame = false
    /// What was asked for and not acknowledged, in order.
    var outbox: [Wish] = []
    /// The texts that the person has open.
    var drafts: [Draft] = []
    /// An edit's base or fate is not known any more: what is known must come as a snapshot.
    var needsSnapshot = false
    private(set) var isOver = false
    private(set) var acknowledged: [UInt64] = []

    let ledger: Ledger

    /// One request of the device.
    struct Wish {
        let ref: UInt64
        /// Unaltered until it is answered, but for an edit after a snapshot.
        var message: ClientMessage
        /// Sent on the present connection and not answered.
        var isSent = false
        /// Sent twice without waiting for an answer: a refusal of the one says nothing of the other.
        var isDoubled = false
        /// An `ack` named it on this connection; its event is still to come, or a snapshot that holds it.
        var receipt: Receipt?
        /// Its base is too old: it waits for a snapshot.
        var isHeld = false
        /// Not to be sent before.
        var from: Milliseconds = 0
    }

    init(key: String, id: PasteID, author: Author, ledger: Ledger) {
        self.key = key
        self.id = id
        self.author = author
        self.ledger = ledger
    }

    var cursor: Cursor? { underWay == nil ? known?.cursor : nil }

    /// The oldest refs that wait, as many as `subscribe` may name.
    var pending: [UInt64] { outbox.prefix(AnnouncedLimits.pendingRefs).map(\.ref) }

    func isLevel() -> Bool {
        guard let known, let head = ledger.book(id)?.head else { return false }
        return known.cursor == head.cursor
    }

    /// The rest of a snapshot will not come.
    func forgetPart() {
        underWay = nil
    }

    // MARK: What the server says

    /// - Parameter mayInterrupt: Whether it was asked for more than once: the last answer counts.
    /// - Parameter goesOn: Whether it was followed on this connection before: then it is the same paste still.
    func take(_ snapshot: Snapshot, askedFrom cursor: Cursor?, mayInterrupt: Bool, goesOn: Bool) {
        ledger.expect(underWay == nil || mayInterrupt, "law 3: a snapshot within a snapshot")
        ledger.expect(snapshot.you == author, "a snapshot names its reader wrongly")
        ledger.expect(
            PasteSpelling.isSame(snapshot.paste, key), "a snapshot names another key: \(snapshot.paste), not \(key)")
        if snapshot.same, let cursor {
            ledger.shown(cursor, of: id, as: "a cursor that a snapshot calls its own")
        }
        underWay = snapshot
        isSame = cursor == nil ? goesOn : snapshot.same
        finishSnapshot(more: snapshot.more)
    }

    func take(items: [Item], more: Bool, mayBeEarlier: Bool) {
        guard underWay != nil else {
            // The rest of a snapshot that an earlier `subscribe` on this connection got.
            return ledger.expect(mayBeEarlier, "law 3: items without a snapshot")
        }
        underWay?.items += items
        finishSnapshot(more: more)
    }

    private func finishSnapshot(more: Bool) {
        guard !more, let snapshot = underWay else { return }
        underWay = nil
        ledger.shown(snapshot.cursor, of: id, as: "a snapshot")
        var state = PasteState(generation: 0, createdAt: 0, expiresAt: snapshot.expiresAt)
        state.cursor = snapshot.cursor
        state.pad = snapshot.pad
        state.padSeq = snapshot.padSeq
        state.items = ItemList(snapshot.items)
        known = state
        expectTruth("after a snapshot")
        // A device that reads slowly is sent a snapshot unasked. It names no requests: their acks came before it.
        let acked = snapshot.acked + outbox.compactMap(\.receipt).filter { $0.seq <= snapshot.cursor.seq }
        for receipt in acked {
            acknowledge(receipt)
        }
        carryOverSnapshot(acked: acked, isSame: isSame)
    }

    func take(_ resumed: Resumed) {
        ledger.expect(underWay == nil, "law 3: resumed within a snapshot")
        ledger.expect(resumed.you == author, "resumed names its reader wrongly")
        ledger.expect(resumed.cursor == known?.cursor, "law 3: resumed at another place than the events led to")
        ledger.expect(resumed.expiresAt == known?.expiresAt, "law 3: resumed with another expiry")
        for receipt in resumed.acked {
            // Two subscriptions on one connection: the earlier one's snapshot held the edit and did not name it.
            if isEdit(receipt.ref) { needsSnapshot = true } else { acknowledge(receipt) }
        }
        for index in outbox.indices { outbox[index].isHeld = false }
    }

    func take(_ event: Event) {
        guard underWay == nil, var state = known else {
            return ledger.violation("law 3: event \(event.cursor.seq) to a device that has no state yet")
        }
        // Asked for twice, once by each of two subscriptions on one connection.
        guard event.cursor.seq > state.cursor.seq else { return }
        guard event.cursor == state.cursor.advanced(by: event.author, ref: event.ref) else {
            return ledger.violation("law 3: event \(event.cursor.seq) came after \(state.cursor.seq)")
        }
        if let item = event.body.madeItem {
            // A snapshot does not tell the number of an item that is gone already.
            ledger.expect(item >= state.nextItem, "law 3: an item number was used again")
            state.nextItem = item
        }
        ledger.expect(state.follow(event), "law 3: event \(event.cursor.seq) does not fit what the device shows")
        known = state
        if event.author == author {
            acknowledge(Receipt(ref: event.ref, seq: event.cursor.seq, item: event.body.madeItem))
        }
        carry(over: event)
    }

    /// An `ack`: of a request that took effect, or of the paste's end.
    func take(_ receipt: Receipt) {
        if case .delete? = outbox.first(where: { $0.ref == receipt.ref })?.message {
            let isRemoved = ledger.book(id)?.isRemoved == true
            ledger.expect(isRemoved, "law 1: a deletion was acknowledged before it was durable")
            return end()
        }
        if isEdit(receipt.ref) {
            ledger.shown(receipt: receipt, to: author, of: id)
            // Its event tells what became of it: that is still to come, or was in a text that did not name it.
            if let known, receipt.seq <= known.cursor.seq { needsSnapshot = true }
            for index in outbox.indices where outbox[index].ref == receipt.ref { outbox[index].receipt = receipt }
            return
        }
        acknowledge(receipt)
    }

    private func acknowledge(_ receipt: Receipt) {
        ledger.shown(receipt: receipt, to: author, of: id)
        guard let index = outbox.firstIndex(where: { $0.ref == receipt.ref }) else { return }
        outbox.remove(at: index)
        acknowledged.append(receipt.ref)
    }

    /// The paste is no more; its text stays readable, what was not sent is offered to the person.
    func end() {
        isOver = true
        underWay = nil
        outbox = []
        for draft in drafts { giveBack(draft) }
        drafts = []
    }

    /// What the device shows has to be what the log says at that place, byte for byte.
    func expectTruth(_ when: String) {
        guard let known, let book = ledger.book(id), known.cursor.seq < UInt64(book.states.count) else {
            return ledger.violation("law 3: a device shows what is not in the log \(when)")
        }
        let truth = book.states[Int(known.cursor.seq)]
        ledger.expect(known.cursor == truth.cursor, "law 3: another history \(when)")
        ledger.expect(known.items == truth.items, "law 3: other items at \(known.cursor.seq) \(when)")
        ledger.expect(known.pad == truth.pad, "law 3: another pad at \(known.cursor.seq) \(when)")
        ledger.expect(known.expiresAt == truth.expiresAt, "law 3: another end at \(known.cursor.seq) \(when)")
    }
}

enum PasteSpelling {
    /// Whether two spellings are one key.
    static func isSame(_ a: String, _ b: String) -> Bool {
        a.utf8.elementsEqual(b.utf8)
    }
}
