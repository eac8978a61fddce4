// Two edits in a row as one. The protocol needs none of it; a client holds what is not sent yet as one edit.

extension TextEdit {
    /// One edit that does what this one and then `next` do.
    ///
    /// Law: for any text, `compose` gives what both give one after the other. Linear in the steps of both.
    public func composed(with next: TextEdit) -> TextEdit {
        var builder = EditBuilder()
        var before = StepReader(ops)
        var after = StepReader(next.ops)
        while before.head != nil || after.head != nil {
            if case .delete(let count) = before.head {
                builder.delete(count)
                before.drop()
            } else if case .insert(let text) = after.head {
                builder.insert(text)
                after.drop()
            } else {
                pair(&before, &after, into: &builder)
            }
        }
        return builder.edit()
    }

    /// What `before` produces (keeps or inserts) meets what `after` does with it.
    private func pair(_ before: inout StepReader, _ after: inout StepReader, into builder: inout EditBuilder) {
        // Behind the last step of either all is kept.
        let count = min(before.length ?? .max, after.length ?? .max)
        let isKept =
            switch after.head {
            case .delete: false
            default: true
            }
        switch before.head {
        case .insert(let text):
            if isKept { builder.insert(text.piece(scalars: count)) }
        default:
            if isKept { builder.retain(count) } else { builder.delete(count) }
        }
        before.consume(count)
        after.consume(count)
    }
}

extension Text {
    /// The first `count` scalars.
    func piece(scalars count: Int) -> Text {
        guard let end = offset(advancing: count, from: 0), end < utf8.count else { return self }
        return Text(uncheckedUTF8: Array(utf8[..<end]))
    }
}
