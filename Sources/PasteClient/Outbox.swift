// Requests from asking to answer. Pure.

import PasteModel
import PasteProtocol

/// What a client asks for, under a number.
public enum Wish: Hashable, Sendable {
    /// A change of a paste.
    case change(PasteRequest)
    /// The end of the paste that is followed.
    case delete
    /// A new paste.
    case create(key: String?, expiresIn: Milliseconds?, isPrivate: Bool)
}

/// The requests that have no answer yet, in the order of their refs. A request keeps its ref and stays as it is until
/// it is answered, over any number of connections: that is what makes it take effect once.
struct Outbox {
    struct Entry {
        let ref: UInt64
        var wish: Wish
        var isSent = false
        /// Held back until it was rebased: the server was asked for a snapshot.
        var isHeld = false
        /// It took effect, says an `ack` on this connection; what became of it is still to come.
        var receipt: Receipt?
    }

    private(set) var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    /// Bytes of the texts that wait.
    private(set) var byteCount = 0

    mutating func add(_ wish: Wish, ref: UInt64) {
        entries.append(Entry(ref: ref, wish: wish))
        byteCount += wish.byteCount
    }

    subscript(ref: UInt64) -> Entry? { entries.first { $0.ref == ref } }

    /// Takes out what was answered; nil when it was before.
    mutating func remove(_ ref: UInt64) -> Entry? {
        guard let index = entries.firstIndex(where: { $0.ref == ref }) else { return nil }
        byteCount -= entries[index].wish.byteCount
        return entries.remove(at: index)
    }

    /// The connection is lost: whatever was sent may have arrived or not.
    mutating func interrupted() {
        for index in entries.indices { (entries[index].isSent, entries[index].receipt) = (false, nil) }
    }

    /// Sends it again later, as it is.
    mutating func postpone(_ ref: UInt64, isHeld: Bool = false) {
        guard let index = entries.firstIndex(where: { $0.ref == ref }) else { return }
        (entries[index].isSent, entries[index].isHeld) = (false, isHeld)
    }

    /// It took effect; it stays until its event or a snapshot shows it.
    mutating func note(_ receipt: Receipt) {
        guard let index = entries.firstIndex(where: { $0.ref == receipt.ref }) else { return }
        entries[index].receipt = receipt
    }

    /// The same request on a newer text, for an edit that did not take effect.
    mutating func amend(_ ref: UInt64, _ wish: Wish) {
        guard let index = entries.firstIndex(where: { $0.ref == ref }) else { return }
        byteCount += wish.byteCount - entries[index].wish.byteCount
        entries[index].wish = wish
        entries[index].isHeld = false
    }

    /// The next one to send, when fewer than `window` wait for an answer. In order: one that waits holds up the rest.
    mutating func next(window: Int) -> Entry? {
        guard let index = entries.firstIndex(where: { !$0.isSent }), index < window, !entries[index].isHeld else {
            return nil
        }
        entries[index].isSent = true
        return entries[index]
    }

    /// The one with the largest text: what a server closed a connection for with 1009.
    var largest: Entry? { entries.filter(\.isSent).max { $0.wish.byteCount < $1.wish.byteCount } }
}

extension Wish {
    var byteCount: Int {
        switch self {
        case .change(.append(let text)): text.count
        case .change(.edit(_, _, let edit)): edit.byteCount
        default: 0
        }
    }
}
