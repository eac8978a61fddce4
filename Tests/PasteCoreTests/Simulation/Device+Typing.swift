import PasteModel

extension Device {
    /// Types into the pad or an item: with a connection or without.
    func type() {
        guard let current, !current.isOver, let known = current.known else { return }
        var target = EditTarget.pad
        if dice.chance(350), let item = dice.pick(from: known.items) { target = .item(item.number) }
        guard let index = current.open(target, anew: dice.chance(500)) else { return }
        let text = current.drafts[index].shown.string.unicodeScalars
        let count = text.count
        let at = dice.chance(300) ? count : dice.within(0...count)
        var ops: [TextOp] = at > 0 ? [.retain(at)] : []
        let gone = dice.chance(250) ? min(dice.within(1...4), count - at) : 0
        if gone == 0 || dice.chance(400) {
            let new = newLetters(dice.within(1...3), for: current)
            if !new.isEmpty { ops.append(.insert(new)) }
        }
        if gone > 0 {
            ledger.letters.deleted(text.dropFirst(at).prefix(gone), by: current.author)
            ops.append(.delete(gone))
        }
        world.note("device \(name) types into \(target): \(ops)")
        current.drafts[index].type(TextEdit(ops: ops))
    }

    private var ledger: Ledger { world.ledger }

    /// Letters that nobody typed before, at times with a line's end.
    private func newLetters(_ count: Int, for file: File) -> Text {
        var text = ""
        for _ in 0..<count {
            guard let letter = Letters.letter(lettersTyped, of: name) else { break }
            lettersTyped += 1
            ledger.letters.typed(letter, by: file.author, into: file.id)
            text.unicodeScalars.append(letter)
        }
        if !text.isEmpty, dice.chance(60) { text += "\n" }
        return Text(text)
    }
}
