// Two edits in a row as one. The protocol needs none of it; a client holds what is not sent yet as one edit.

extension TextEdit {
    /// One edit that does what this one and then `next` do.
    ///
    /// Law: for any text, `compose` gives what both give one after the other. Linear in the steps of both.
    public func composed(with next: TextEdit) -> TextEdit {
        var builder = EditBuilder()
        var before = PieceReader(ops)
        var after = PieceReader(next.ops)
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
    private func pair(_ before: inout PieceReader, _ after: inout PieceReader, into builder: inout EditBuilder) {
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

/// Reads steps piece by piece; an insert too can be cut.
private struct PieceReader {
    private let ops: [TextOp]
    private var index = 0
    private(set) var head: TextOp?

    init(_ ops: [TextOp]) {
        self.ops = ops
        head = ops.first
    }

    /// Scalars of the head; nil behind the last step.
    var length: Int? {
        switch head {
        case .retain(let count), .delete(let count): count
        case .insert(let text): text.scalarCount
        case nil: nil
        }
    }

    mutating func drop() {
        index += 1
        head = index < ops.count ? ops[index] : nil
    }

    mutating func consume(_ count: Int) {
        switch head {
        case .retain(let length) where length > count: head = .retain(length - count)
        case .delete(let length) where length > count: head = .delete(length - count)
        case .insert(let text) where text.scalarCount > count:
            head = .insert(Text(uncheckedUTF8: Array(text.utf8[text.piece(scalars: count).count...])))
        default: drop()
        }
    }
}

extension Text {
    /// The first `count` scalars.
    fileprivate func piece(scalars count: Int) -> Text {
        guard let end = offset(advancing: count, from: 0), end < utf8.count else { return self }
        return Text(uncheckedUTF8: Array(utf8[..<end]))
    }
}
