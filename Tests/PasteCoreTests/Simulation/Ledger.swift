import PasteModel
import PasteProtocol

/// The truth: everything that became durable, as it became durable, kept for ever and worked out by rules of
/// its own. Whatever a device is shown is held against it at that moment.
final class Ledger {
    /// All of one paste.
    struct Book {
        let origin: Cursor
        var log: [Event] = []
        /// `states[n]` is the state after n events; receipts are not kept.
        var states: [PasteState]
        var isRemoved = false
        /// Somebody was told that it is over.
        var isOver = false

        var head: PasteState { states[states.count - 1] }
    }

    private struct Name: Hashable {
        let paste: PasteID
        let author: Author
        let ref: UInt64
    }

    /// What is wrong with what was seen.
    private(set) var violations: [String] = []
    /// Counted, so that a run that proves nothing is noticed.
    private(set) var eventsChecked = 0
    private(set) var eventsStored = 0
    private(set) var editsStored = 0
    private(set) var rebases = 0
    let letters = Letters()
    private var books: [PasteID: Book] = [:]
    private var order: [PasteID] = []
    private var requests: [Name: PasteRequest] = [:]
    private var seqs: [Name: UInt64] = [:]
    private var deletions: Set<PasteID> = []

    func violation(_ law: String) {
        violations.append(law)
    }

    func expect(_ holds: Bool, _ law: @autoclosure () -> String) {
        if !holds {
            violation(law())
        }
    }

    func book(_ id: PasteID) -> Book? { books[id] }

    /// Every paste that ever was, in the order of making.
    var ids: [PasteID] { order }

    // MARK: What devices ask for

    func asked(_ author: Author, _ ref: UInt64, _ request: PasteRequest, of id: PasteID) {
        let name = Name(paste: id, author: author, ref: ref)
        expect(requests[name] == nil || requests[name] == request, "a device used a ref twice: the test is wrong")
        requests[name] = request
    }

    /// An edit that did not take effect yet is made anew on a newer text, under its ref.
    func rebased(_ author: Author, _ ref: UInt64, _ request: PasteRequest, of id: PasteID) {
        rebases += 1
        requests[Name(paste: id, author: author, ref: ref)] = request
    }

    func askedToDelete(_ id: PasteID) {
        deletions.insert(id)
    }

    func wasAskedToDelete(_ id: PasteID) -> Bool { deletions.contains(id) }

    /// The seq that a request became.
    func seq(_ author: Author, _ ref: UInt64, of id: PasteID) -> UInt64? {
        seqs[Name(paste: id, author: author, ref: ref)]
    }

    /// Whether a request was a `keep`, in whose place another's may stand.
    func isKeep(_ author: Author, _ ref: UInt64, of id: PasteID) -> Bool {
        if case .keep? = requests[Name(paste: id, author: author, ref: ref)] { return true }
        return false
    }

    // MARK: What becomes durable

    func note(_ request: StoreRequest, _ answer: StoreAnswer, now: Milliseconds) {
        switch (request, answer) {
        case (.create(let id, let generation, let at, let expiresAt), .created(_, _, .success)):
            guard books[id] == nil else { break }
            let state = PasteState(generation: generation, createdAt: at, expiresAt: expiresAt)
            books[id] = Book(origin: state.cursor, states: [state])
            order.append(id)
        case (.commit(let id, let expected, let events), .committed(_, _, .success)):
            noteCommit(id, expected, events)
        case (.checkpoint(let id, let state), .checkpointed(_, .success(true))):
            noteCheckpoint(id, state)
        case (.remove(let id, _), .removed(_, .success)):
            guard let book = books[id], !book.isRemoved else { break }
            expect(
                deletions.contains(id) || book.head.expiresAt <= now, "law 5: a paste was removed before its time")
            books[id]?.isRemoved = true
        default: break
        }
    }

    private func noteCommit(_ id: PasteID, _ expected: Cursor, _ events: [Event]) {
        guard var book = books[id] else { return violation("a commit to a paste that was never made") }
        for event in events {
            let seq = event.cursor.seq
            if seq <= UInt64(book.log.count) {
                let first = book.log[Int(seq) - 1]
                expect(first == event, "law 2: two events at place \(seq) of the log: \(first) and \(event)")
                continue
            }
            expect(!book.isRemoved && !book.isOver, "law 5: a commit to a paste that is over")
            append(event, to: &book, of: id)
        }
        books[id] = book
    }

    private func append(_ event: Event, to book: inout Book, of id: PasteID) {
        let name = Name(paste: id, author: event.author, ref: event.ref)
        let head = book.head
        eventsStored += 1
        if case .edit = event.body { editsStored += 1 }
        expect(
            event.cursor == head.cursor.advanced(by: event.author, ref: event.ref),
            "law 3: event \(event.cursor.seq) does not follow \(head.cursor.seq)")
        let late = event.at - head.expiresAt
        expect(late < 0, "law 5: event \(event.cursor.seq) was accepted \(late) ms after the paste's end")
        if let first = seqs[name] {
            violation("law 2: ref \(event.ref) took effect as \(first) and as \(event.cursor.seq)")
        }
        seqs[name] = event.cursor.seq
        if let request = requests[name] {
            expect(event.body.answers(request, at: event.at), "law 4: event \(event.cursor.seq) is not what was asked")
        } else {
            violation("law 2: event \(event.cursor.seq) was not asked for")
        }
        var state = head
        if !state.follow(event) {
            violation("law 3: event \(event.cursor.seq) does not fit the state: \(event.body)")
        }
        book.log.append(event)
        book.states.append(state)
    }

    private func noteCheckpoint(_ id: PasteID, _ state: PasteState) {
        guard let book = books[id], state.cursor.seq < UInt64(book.states.count) else {
            return violation("a checkpoint of what is not durable")
        }
        var plain = state
        plain.clients = ClientTable()
        expect(plain == book.states[Int(state.cursor.seq)], "law 3: a checkpoint differs from the log at its place")
    }

    // MARK: What devices are shown

    func shown(_ event: Event, of id: PasteID) {
        eventsChecked += 1
        guard let book = books[id] else { return violation("law 1: an event of no paste was shown") }
        let index = Int(event.cursor.seq) - 1
        guard index >= 0, index < book.log.count else {
            return violation("law 1: event \(event.cursor.seq) was shown and is not durable")
        }
        expect(book.log[index] == event, "law 3: event \(event.cursor.seq) was shown otherwise than stored")
    }

    func shown(_ cursor: Cursor, of id: PasteID, as what: String) {
        guard let book = books[id], cursor.seq < UInt64(book.states.count) else {
            return violation("law 1: \(what) at \(cursor.seq) is not durable")
        }
        expect(book.states[Int(cursor.seq)].cursor == cursor, "law 3: \(what) at \(cursor.seq) has another tag")
    }

    /// Somebody was told that the paste is no more.
    func ended(_ id: PasteID, _ reason: EndReason, now: Milliseconds) {
        guard let book = books[id] else { return violation("law 5: the end of a paste that was never made") }
        books[id]?.isOver = true
        switch reason {
        case .deleted:
            // Like any other event, a deletion is shown when no crash can take it back.
            expect(book.isRemoved, "law 1: a deletion was shown before it was durable")
            expect(deletions.contains(id), "law 5: nobody asked for this deletion")
        case .expired:
            expect(book.head.expiresAt <= now, "law 5: expired before its time")
        }
    }

    /// Somebody was told that there is no such paste.
    func noSuchPaste(_ id: PasteID, now: Milliseconds) {
        guard let book = books[id], !deletions.contains(id) else { return }
        expect(book.isRemoved || book.head.expiresAt <= now, "law 5: noSuchPaste, and it lives")
    }

    func shown(receipt: Receipt, to author: Author, of id: PasteID) {
        guard let book = books[id], receipt.seq >= 1, receipt.seq <= UInt64(book.log.count) else {
            return violation("law 1: ref \(receipt.ref) was acknowledged as \(receipt.seq), which is not durable")
        }
        let event = book.log[Int(receipt.seq) - 1]
        var isIt = event.author == author && event.ref == receipt.ref
        if case .keep? = requests[Name(paste: id, author: author, ref: receipt.ref)], case .keep = event.body {
            // Another `keep` may have taken its place.
            isIt = true
        }
        expect(isIt, "law 2: ref \(receipt.ref) was acknowledged by event \(receipt.seq) of somebody else")
        // An item that is gone since need not be named.
        expect(
            receipt.item == nil && event.ref != receipt.ref || event.body.madeItem == receipt.item,
            "law 2: the receipt of ref \(receipt.ref) names another item")
    }
}

extension EventBody {
    var madeItem: UInt64? {
        switch self {
        case .append(let item, _), .keep(let item, _): item
        default: nil
        }
    }

    func answers(_ request: PasteRequest, at: Milliseconds) -> Bool {
        switch (self, request) {
        case (.append(_, let text), .append(let asked)): text == asked
        case (.keep, .keep): true
        case (.edit(let target, _), .edit(let asked, _, _)): target == asked
        case (.remove(let item), .remove(let asked)): item == asked
        case (.clear(let through), .clear(let asked)): through <= asked
        case (.extend(let expiresAt), .extend(let asked)): expiresAt == at + asked
        default: false
        }
    }
}

extension PasteState {
    /// The rules of a log once more, in the plainest way.
    /// - Returns: Whether the event may stand here.
    mutating func follow(_ event: Event) -> Bool {
        let seq = event.cursor.seq
        var isFit = true
        var kept = Array(items)
        cursor = event.cursor
        switch event.body {
        case .append(let number, let text):
            isFit = number == nextItem && !text.isEmpty
            kept.append(item(number, text, event))
        case .keep(let number, let text):
            isFit = number == nextItem && text == pad && !pad.isEmpty
            kept.append(item(number, text, event))
            pad = .empty
            padSeq = seq
        case .edit(.pad, let edit):
            isFit = pad.apply(edit)
            padSeq = seq
        case .edit(.item(let number), let edit):
            guard let index = kept.firstIndex(where: { $0.number == number }) else { return false }
            isFit = kept[index].text.apply(edit)
            kept[index].textSeq = seq
        case .remove(let number):
            isFit = kept.contains { $0.number == number }
            kept.removeAll { $0.number == number }
        case .clear(let through):
            kept.removeAll { $0.number <= through }
        case .extend(let end):
            expiresAt = end
        case .erased:
            isFit = false
        }
        items = ItemList(kept)
        byteCount = kept.reduce(pad.count) { $0 + $1.text.count }
        return isFit
    }

    private mutating func item(_ number: UInt64, _ text: Text, _ event: Event) -> Item {
        nextItem = number + 1
        return Item(number: number, at: event.at, author: event.author, text: text, textSeq: event.cursor.seq)
    }
}

extension Text {
    fileprivate mutating func apply(_ edit: TextEdit) -> Bool {
        var rest = string.unicodeScalars[...]
        var result = String.UnicodeScalarView()
        for op in edit.ops {
            switch op {
            case .retain(let count):
                guard rest.count >= count else { return false }
                result += rest.prefix(count)
                rest = rest.dropFirst(count)
            case .delete(let count):
                guard rest.count >= count else { return false }
                rest = rest.dropFirst(count)
            case .insert(let text):
                result += text.string.unicodeScalars
            }
        }
        result += rest
        self = Text(String(result))
        return true
    }
}
