// All the rules of one paste. Shard-confined; no clock, no randomness, no store.
//
// Two states: `committed` is what anybody may see; `tentative` is `committed` with the events applied that
// the store has not answered yet, and is what new requests are judged by. Law: applying `pending` to
// `committed` gives `tentative`.

/// A change that a device asks for.
public enum PasteRequest: Hashable, Sendable {
    /// Keep a new item.
    case append(Text)
    /// Change the pad or an item; `base` is the seq of the target's text that `ops` were made on.
    case edit(EditTarget, base: UInt64, TextEdit)
    /// The pad becomes an item and is emptied; `base` is the seq of the pad that the person saw.
    case keep(base: UInt64)
    /// Take one item away.
    case remove(item: UInt64)
    /// Take all items away up to that number.
    case clear(through: UInt64)
    /// End at `now` plus this.
    case extend(expiresIn: Milliseconds)
}

/// What became of a request.
public enum Outcome: Hashable, Sendable {
    /// It is an event now, tentative until the store has it.
    case accepted(Event)
    /// It took effect before (or, for a `keep`, somebody else's took its place): this is the receipt.
    case repeated(Receipt)
    /// It changed nothing.
    case refused(Rejection)
}

/// What a device that stands at a cursor needs next.
public enum Continuation: Hashable, Sendable {
    /// These committed events, in order; empty when it is level.
    case events(ArraySlice<Event>)
    /// A snapshot. `same` when the cursor belongs to this history.
    case snapshot(same: Bool)
}

/// A live paste.
public final class Paste {
    /// What is durable: the only state that is ever shown.
    public private(set) var committed: PasteState
    /// Accepted events that wait for the store, in order.
    public private(set) var pending: [Event] = []

    /// A new paste.
    public init(new state: PasteState, limits: Limits) {
        committed = state
    }
}
