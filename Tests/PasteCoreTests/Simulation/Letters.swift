import PasteModel

/// Every letter that a person types is one that nobody typed before: so each can be followed to its end.
final class Letters {
    private struct Letter {
        let paste: PasteID
        let author: Author
        var deletedBy: Set<Author> = []
        var isGivenBack = false
    }

    private var letters: [Unicode.Scalar: Letter] = [:]
    /// Who was told by a snapshot or a refusal what became of an edit: a deletion of theirs may have been in vain.
    private var blurred: Set<Author> = []
    var count: Int { letters.count }

    /// A new letter: of three bytes or four, one UTF-16 unit or two.
    static func letter(_ number: Int, of device: Int) -> Unicode.Scalar? {
        guard number < 2_048, device < 10 else { return nil }
        let start = device.isMultiple(of: 2) ? 0xAC00 + device / 2 * 2_048 : 0x20000 + device * 2_048
        return Unicode.Scalar(UInt32(start + number))
    }

    func typed(_ letter: Unicode.Scalar, by author: Author, into paste: PasteID) {
        letters[letter] = Letter(paste: paste, author: author)
    }

    func deleted(_ scalars: some Sequence<Unicode.Scalar>, by author: Author) {
        for scalar in scalars { letters[scalar]?.deletedBy.insert(author) }
    }

    /// The person has it in hand again.
    func giveBack(_ scalars: some Sequence<Unicode.Scalar>, to author: Author) {
        for scalar in scalars where letters[scalar]?.author == author { letters[scalar]?.isGivenBack = true }
    }

    func blur(_ author: Author) {
        blurred.insert(author)
    }

    // MARK: The end

    /// Each letter came once, by the hand of who typed it, and went only by the hand of who deleted it.
    func check(_ books: [(id: PasteID, book: Ledger.Book)]) -> [String] {
        var wrongs: [String] = []
        var seen: Set<Unicode.Scalar> = []
        for (id, book) in books {
            for (index, event) in book.log.enumerated() {
                guard case .edit(let target, _) = event.body else { continue }
                let before = scalars(book.states[index].text(of: target)?.text)
                let after = scalars(book.states[index + 1].text(of: target)?.text)
                for scalar in after.subtracting(before) {
                    guard let letter = letters[scalar] else { continue }
                    if !seen.insert(scalar).inserted { wrongs.append("doubled: \(name(scalar)), by an edit") }
                    if letter.paste != id { wrongs.append("merged into another paste: \(name(scalar))") }
                    if letter.author != event.author { wrongs.append("typed by somebody else: \(name(scalar))") }
                }
                for scalar in before.subtracting(after) where letters[scalar]?.deletedBy.contains(event.author) == false
                {
                    wrongs.append("lost: \(name(scalar)) was deleted by who did not")
                }
            }
            wrongs += checkEnd(of: book)
        }
        for (scalar, letter) in letters where !seen.contains(scalar) {
            let isExcused = letter.isGivenBack || letter.deletedBy.contains(letter.author)
            if !isExcused { wrongs.append("lost: \(name(scalar)) is nowhere") }
        }
        return wrongs.sorted()
    }

    /// What a paste holds in the end has each letter once, and none that was plainly deleted.
    private func checkEnd(of book: Ledger.Book) -> [String] {
        var wrongs: [String] = []
        var found: Set<Unicode.Scalar> = []
        let wasKept = book.log.contains { if case .keep = $0.body { true } else { false } }
        for text in [book.head.pad] + book.head.items.map(\.text) {
            for scalar in text.string.unicodeScalars {
                guard let letter = letters[scalar] else { continue }
                if !found.insert(scalar).inserted { wrongs.append("doubled: \(name(scalar))") }
                if !wasKept, !book.isRemoved, !letter.deletedBy.isSubset(of: blurred) {
                    wrongs.append("still there: \(name(scalar)), which was deleted")
                }
            }
        }
        return wrongs
    }

    private func scalars(_ text: Text?) -> Set<Unicode.Scalar> {
        Set((text ?? .empty).string.unicodeScalars)
    }

    private func name(_ scalar: Unicode.Scalar) -> String { "U+" + String(scalar.value, radix: 16) }
}
