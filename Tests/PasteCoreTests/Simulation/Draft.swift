import PasteClient
import PasteModel

/// A text that a person has open in an editor: the real client's model of it, and what the editor shows.
struct Draft {
    let target: EditTarget
    private(set) var live: LiveText
    /// What the person sees and types into. Others' changes show when it is opened anew.
    private(set) var shown: Text
    /// A snapshot stood for events since the edit in flight was made: what the server makes of it can't be foretold.
    private var isRebased = false

    init(_ target: EditTarget, _ text: Text, seq: UInt64) {
        self.target = target
        live = LiveText(text, seq: seq)
        shown = text
    }

    /// The person changes what is shown.
    mutating func type(_ edit: TextEdit) {
        guard let text = edit.apply(to: shown) else { return }
        shown = text
        live.saved(text)
    }

    /// The next edit, if one may go; it is in flight then.
    mutating func next(_ takeRef: () -> UInt64) -> (ref: UInt64, request: PasteRequest)? {
        guard let (base, edit) = live.next() else { return nil }
        let ref = takeRef()
        live.sent(ref: ref)
        isRebased = false
        return (ref, .edit(target, base: base, edit))
    }

    /// An event changed the text.
    /// - Returns: Whether an own edit became what the person was shown of it all along.
    mutating func changed(by edit: TextEdit, seq: UInt64, ownRef: UInt64?) -> Bool {
        let isOwn = live.waitingRef != nil && live.waitingRef == ownRef
        let before = live.merged
        live.changed(by: edit, seq: seq, ownRef: ownRef)
        return !isOwn || isRebased || live.merged == before
    }

    /// The pad became an item.
    mutating func emptied(seq: UInt64) {
        live.emptied(seq: seq, ownRef: nil)
    }

    /// A snapshot came.
    /// - Returns: What the edit in flight is now; nil when there is none any more.
    mutating func level(_ text: Text, seq: UInt64, taken: Bool) -> PasteRequest? {
        isRebased = true
        return live.level(text, seq: seq, taken: taken).map { .edit(target, base: $0.base, $0.2) }
    }
}

extension PasteState {
    /// A text of the paste and the seq of the event that last changed it; nil when it is gone.
    func text(of target: EditTarget) -> (text: Text, seq: UInt64)? {
        guard case .item(let number) = target else { return (pad, padSeq) }
        return items.first { $0.number == number }.map { ($0.text, $0.textSeq) }
    }
}
