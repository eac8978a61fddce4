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
