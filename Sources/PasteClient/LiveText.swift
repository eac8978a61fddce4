// A text that is edited in a file while others edit it too. Pure.
//
//     known --flight--> --held--> merged          what the server has, what it was sent, what it was not sent yet
//     file --ahead--> merged                      what the file holds, and what others did that it does not show
//
// The file is never written while it is open in an editor: a save is a change of the text as the file had it, and is
// carried over everything that happened since. One edit is in flight; it is sent again as it was until it is answered.

import PasteModel

/// One text, its place in the log, and what a person did to it that the server has not confirmed.
public struct LiveText: Sendable {
    private var known: Text
    private var seq: UInt64
    private var flight: (ref: UInt64, edit: TextEdit)?
    private var held = TextEdit(ops: [])
    private var file: Text
    private var ahead = TextEdit(ops: [])

    /// A text as the server has it at `seq`, which goes into the file.
    public init(_ text: Text, seq: UInt64) {
        (known, file) = (text, text)
        self.seq = seq
    }

    /// Whether everything that was saved is with the server.
    public var isSent: Bool { flight == nil && held.ops.isEmpty }

    /// The ref of the edit that waits for its answer.
    public var waitingRef: UInt64? { flight?.ref }

    /// What everybody will see when all is sent.
    public var merged: Text {
        let sent = flight.flatMap { $0.edit.apply(to: known) } ?? known
        return held.apply(to: sent) ?? sent
    }

    // MARK: The person

    /// The file was saved with this text.
    public mutating func saved(_ text: Text) {
        let edit = TextEdit.difference(from: file, to: text)
        file = text
        guard !edit.ops.isEmpty else { return }
        held = held.composed(with: edit.transformed(over: ahead))
        ahead = ahead.transformed(over: edit, goesFirst: true)
    }

    /// The next edit to send, when none is in flight: its base and its steps. Tell the ref that it gets by `sent`.
    public mutating func next() -> (base: UInt64, TextEdit)? {
        guard flight == nil, !held.ops.isEmpty else { return nil }
        if held.ops.count > TextEdit.maximumOps {
            held = TextEdit.difference(from: known, to: held.apply(to: known) ?? known)
        }
        return held.ops.isEmpty ? nil : (seq, held)
    }

    /// What `next` gave is sent under this ref.
    public mutating func sent(ref: UInt64) {
        flight = (ref, held)
        held = TextEdit(ops: [])
    }

    // MARK: The server

    /// An event changed the text: somebody's edit, or, for the pad, a keep, which empties it.
    /// - Parameter ownRef: The ref when it is one of our own.
    public mutating func changed(by edit: TextEdit, seq: UInt64, ownRef: UInt64?) {
        guard let text = edit.apply(to: known) else { return }
        if let flight, flight.ref == ownRef {
            landed(in: text)
        } else {
            others(edit)
        }
        (known, self.seq) = (text, seq)
    }

    /// The pad was kept: it is empty now.
    public mutating func emptied(seq: UInt64, ownRef: UInt64?) {
        let count = known.scalarCount
        changed(by: TextEdit(ops: count > 0 ? [.delete(count)] : []), seq: seq, ownRef: ownRef)
    }

    /// A snapshot brought the text as it is now.
    /// - Parameter taken: Whether the edit in flight is in it.
    /// - Returns: The edit in flight as it is to be sent now, under the same ref; nil when there is none, or nothing is
    ///   left of it: then withdraw the request.
    public mutating func level(_ text: Text, seq: UInt64, taken: Bool) -> (ref: UInt64, base: UInt64, TextEdit)? {
        if taken { landed(in: text) } else { others(TextEdit.difference(from: known, to: text)) }
        (known, self.seq) = (text, seq)
        guard let (ref, edit) = flight else { return nil }
        // Others have done the same meanwhile.
        guard !edit.ops.isEmpty else {
            flight = nil
            return nil
        }
        return (ref, seq, edit)
    }

    /// The edit in flight was refused: it is held again, before what came after it.
    public mutating func refused() {
        guard let edit = flight?.edit else { return }
        flight = nil
        held = edit.composed(with: held)
    }

    /// Others changed the text that is known.
    private mutating func others(_ edit: TextEdit) {
        var edit = edit
        if let (ref, mine) = flight {
            flight = (ref, mine.transformed(over: edit))
            edit = edit.transformed(over: mine, goesFirst: true)
        }
        let mine = held
        held = mine.transformed(over: edit)
        ahead = ahead.composed(with: edit.transformed(over: mine, goesFirst: true))
    }

    /// The edit in flight is in `text`, perhaps with others' changes, or not exactly as we believed.
    private mutating func landed(in text: Text) {
        let expected = flight.flatMap { $0.edit.apply(to: known) } ?? known
        flight = nil
        if expected != text { others(TextEdit.difference(from: expected, to: text)) }
    }
}
