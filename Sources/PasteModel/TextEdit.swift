/// One step of a text edit, counted in Unicode scalar values.
public enum TextOp: Hashable, Sendable {
    /// Keep that many.
    case retain(Int)
    /// Delete that many.
    case delete(Int)
    /// Put this text here.
    case insert(Text)
}

/// An edit of a whole text, as in ot.js: walks the text from its start to its end.
public struct TextEdit: Hashable, Sendable {
    /// The steps, in order.
    public let ops: [TextOp]

    /// An edit of these steps, unchecked.
    public init(ops: [TextOp]) {
        self.ops = ops
    }
}
