// How two edits of one text meet.

extension TextEdit {
    /// This edit, made on the same text as `other`, as it must be to apply after `other`.
    ///
    /// **The tie rule**: of two inserts at one place the one that the server committed first stands first
    /// (left). A server transforms what comes in over what it has: `incoming.transformed(over: committed)`. A
    /// client that transforms a committed event over its own unsent edit passes `goesFirst: true`.
    ///
    /// Law (TP1): for any text, `a` then `b.transformed(over: a)` gives the same as `b` then
    /// `a.transformed(over: b, goesFirst: true)`. Linear in the steps of both; both are in normal form.
    public func transformed(over other: TextEdit, goesFirst: Bool = false) -> TextEdit {
        var builder = EditBuilder()
        var mine = StepReader(ops)
        var theirs = StepReader(other.ops)
        while let step = mine.head {
            if case .insert(let text) = theirs.head {
                var iAmFirst = false
                if goesFirst, case .insert = step { iAmFirst = true }
                if !iAmFirst {
                    builder.retain(text.scalarCount)
                    theirs.drop()
                    continue
                }
            }
            switch step {
            case .insert(let text):
                builder.insert(text)
                mine.drop()
            case .retain(let count):
                let (length, deleted) = theirs.next(atMost: count)
                if !deleted { builder.retain(length) }
                mine.consume(length)
            case .delete(let count):
                let (length, deleted) = theirs.next(atMost: count)
                if !deleted { builder.delete(length) }
                mine.consume(length)
            }
        }
        return builder.edit()
    }

    /// This edit, made on a text that was then taken away whole: its inserts survive in order, all else went
    /// with the text.
    func transformedOverEmptying() -> TextEdit {
        var builder = EditBuilder()
        for case .insert(let text) in ops { builder.insert(text) }
        return builder.edit()
    }
}

/// Reads steps piece by piece.
private struct StepReader {
    private let ops: [TextOp]
    private var index = 0
    private(set) var head: TextOp?

    init(_ ops: [TextOp]) {
        self.ops = ops
        head = ops.first
    }

    mutating func drop() {
        index += 1
        head = index < ops.count ? ops[index] : nil
    }

    /// Takes `count` scalars off the head, which has that many and is no insert.
    mutating func consume(_ count: Int) {
        switch head {
        case .retain(let length) where length > count: head = .retain(length - count)
        case .delete(let length) where length > count: head = .delete(length - count)
        default: drop()
        }
    }

    /// Takes what lies over the next at most `count` scalars: how many, and whether they are deleted. Behind
    /// the last step all is retained. The head is no insert.
    mutating func next(atMost count: Int) -> (length: Int, deleted: Bool) {
        switch head {
        case .retain(let length):
            consume(min(length, count))
            return (min(length, count), false)
        case .delete(let length):
            consume(min(length, count))
            return (min(length, count), true)
        case .insert, nil:
            return (count, false)
        }
    }
}
