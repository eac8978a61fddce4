import PasteModel
import PasteProtocol

/// What a person types into the texts of a paste: PROTOCOL.md, "Edits".
extension File {
    /// Whether nothing waits for the server.
    var isDone: Bool { outbox.isEmpty && drafts.allSatisfy(\.live.isSent) }

    /// The draft of a text, opened if it is not; nil when there is no such text.
    func open(_ target: EditTarget, anew: Bool) -> Int? {
        if let index = drafts.firstIndex(where: { $0.target == target }) {
            guard anew, drafts[index].live.isSent else { return index }
            drafts.remove(at: index)
        }
        guard let (text, seq) = known?.text(of: target) else { return nil }
        drafts.append(Draft(target, text, seq: seq))
        return drafts.count - 1
    }

    /// Moves what may be sent to the outbox: one edit of each text.
    func collectEdits(_ takeRef: () -> UInt64) {
        for index in drafts.indices {
            guard let (ref, request) = drafts[index].next(takeRef) else { continue }
            ledger.asked(author, ref, request, of: id)
            outbox.append(Wish(ref: ref, message: .request(ref: ref, request, paste: nil)))
        }
    }

    /// Whether a request that waits is an edit.
    func isEdit(_ ref: UInt64) -> Bool {
        outbox.contains { $0.ref == ref && $0.target != nil }
    }

    /// Carries what is typed over an event that was just applied to what is known.
    func carry(over event: Event) {
        let ownRef = event.author == author ? event.ref : nil
        switch event.body {
        case .edit(let target, let edit):
            guard let index = drafts.firstIndex(where: { $0.target == target }) else { return }
            let isForetold = drafts[index].changed(by: edit, seq: event.cursor.seq, ownRef: ownRef)
            ledger.expect(
                isForetold, "diverged: an own edit came back as event \(event.cursor.seq) otherwise than shown")
        case .keep:
            guard let index = drafts.firstIndex(where: { $0.target == .pad }) else { return }
            drafts[index].emptied(seq: event.cursor.seq)
        case .remove, .clear:
            giveBackOrphans()
        case .append, .extend, .erased:
            return
        }
        expectDraftsLevel()
    }

    /// Carries what is typed over a snapshot that was just taken in.
    /// - Parameter isSame: Whether the history goes on.
    func carryOverSnapshot(acked: [Receipt], isSame: Bool) {
        guard isSame else { return setAside() }
        giveBackOrphans()
        let acked = Set(acked.map(\.ref))
        for index in drafts.indices {
            guard let (text, seq) = known?.text(of: drafts[index].target) else { continue }
            let ref = drafts[index].live.waitingRef
            if !drafts[index].live.isSent { ledger.letters.blur(author) }
            let rebased = drafts[index].level(text, seq: seq, taken: ref.map(acked.contains) ?? false)
            if let ref, !acked.contains(ref) { amend(ref, rebased) }
        }
        expectDraftsLevel()
    }

    /// Another history: nothing is merged, all that waits is offered to the person.
    private func setAside() {
        for draft in drafts { giveBack(draft) }
        drafts = []
        outbox.removeAll { $0.target != nil }
    }

    /// The same edit under the same ref, made on the newer text; nil: there is nothing left to do.
    private func amend(_ ref: UInt64, _ request: PasteRequest?) {
        guard let index = outbox.firstIndex(where: { $0.ref == ref }) else {
            return ledger.violation("an edit in flight is not in the outbox: the test is wrong")
        }
        guard let request else {
            outbox.remove(at: index)
            return
        }
        ledger.rebased(author, ref, request, of: id)
        outbox[index].message = .request(ref: ref, request, paste: nil)
        outbox[index].isSent = false
        outbox[index].isHeld = false
    }

    /// An edit was refused for good: the person gets the text back.
    func refused(_ wish: Wish) {
        guard let target = wish.target, let index = drafts.firstIndex(where: { $0.target == target }) else { return }
        giveBack(drafts.remove(at: index))
    }

    /// What was typed into items that are gone.
    private func giveBackOrphans() {
        for draft in drafts where known?.text(of: draft.target) == nil {
            giveBack(draft)
            outbox.removeAll { $0.target == draft.target }
        }
        drafts.removeAll { known?.text(of: $0.target) == nil }
    }

    func giveBack(_ draft: Draft) {
        guard !draft.live.isSent else { return }
        let held = Set((known?.text(of: draft.target)?.text ?? .empty).string.unicodeScalars)
        ledger.letters.giveBack(draft.live.merged.string.unicodeScalars.filter { !held.contains($0) }, to: author)
        ledger.letters.blur(author)
    }

    /// A person who waits for nothing sees what everybody sees.
    func expectDraftsLevel() {
        for draft in drafts where draft.live.isSent {
            ledger.expect(
                draft.live.merged == known?.text(of: draft.target)?.text,
                "diverged: the person's text of \(draft.target) is another than the paste's")
        }
    }
}

extension File.Wish {
    /// The text that it edits.
    var target: EditTarget? {
        if case .request(_, .edit(let target, _, _), _) = message { target } else { nil }
    }
}
