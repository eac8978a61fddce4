// How transform and compose walk along an edit.

/// Reads steps piece by piece; an insert too can be cut.
struct StepReader {
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

    /// Takes `count` scalars off the head, which has that many.
    mutating func consume(_ count: Int) {
        switch head {
        case .retain(let length) where length > count: head = .retain(length - count)
        case .delete(let length) where length > count: head = .delete(length - count)
        case .insert(let text) where text.scalarCount > count:
            head = .insert(Text(uncheckedUTF8: Array(text.utf8[text.piece(scalars: count).count...])))
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
