// Edits of a whole text: what they are and which are well-formed. What they do is in TextEdit+Apply.swift,
// how two of them meet in TextEdit+Transform.swift.

/// One step of a text edit, counted in Unicode scalar values.
public enum TextOp: Hashable, Sendable {
    /// Keep that many.
    case retain(Int)
    /// Delete that many.
    case delete(Int)
    /// Put this text here.
    case insert(Text)
}

/// An edit of a whole text, as in ot.js: walks the text from its start towards its end. What follows the
/// last step is kept, so a trailing `retain` may be there or not.
///
/// **Normal form**, which every edit in a log has: neighbours of one kind are one step, an insert stands
/// before a delete at the same place, and there is no trailing `retain`. Two edits that do the same in the
/// same place are equal then.
public struct TextEdit: Hashable, Sendable {
    /// The steps, in order.
    public let ops: [TextOp]

    /// The most steps of one edit from a client. A key press is three; a rebased offline session is a few
    /// dozen. Bounds the cost of a transform.
    public static let maximumOps = 4_096
    /// The most scalars that the steps of one edit may walk over: far above any text, far below overflow.
    public static let maximumScalars = 1 << 32

    /// An edit of these steps, unchecked.
    public init(ops: [TextOp]) {
        self.ops = ops
    }

    /// An edit from a client in its normal form; nil when it is no edit: no steps or too many, a count that
    /// is not positive, an empty insert, or a sum that no text has. Costs nothing but a walk over the steps.
    public func normalised() -> TextEdit? {
        guard !ops.isEmpty, ops.count <= Self.maximumOps else { return nil }
        var builder = EditBuilder()
        var walked = 0
        for op in ops {
            switch op {
            case .retain(let count), .delete(let count):
                guard count > 0, count <= Self.maximumScalars - walked else { return nil }
                walked += count
            case .insert(let text):
                guard !text.isEmpty else { return nil }
            }
            builder.append(op)
        }
        return builder.edit()
    }

    /// Whether an inserted text holds this byte.
    func inserts(byte: UInt8) -> Bool {
        ops.contains { op in
            if case .insert(let text) = op { text.utf8.contains(byte) } else { false }
        }
    }

    /// The bytes of the inserted texts.
    public var insertedBytes: Int {
        ops.reduce(0) { sum, op in
            if case .insert(let text) = op { sum + text.count } else { sum }
        }
    }

    /// The bytes of the inserted texts and a few for each step: what the edit costs to hold and to send.
    public var byteCount: Int {
        ops.reduce(0) { sum, op in
            if case .insert(let text) = op { sum + text.count + 8 } else { sum + 8 }
        }
    }
}

/// Collects steps into the normal form.
struct EditBuilder {
    /// A run of inserts is joined only when it ends: joining at each step would be quadratic.
    private var ops: [TextOp] = []
    private var inserted: [UInt8] = []
    private var deleted = 0
    private var retained = 0

    mutating func append(_ op: TextOp) {
        switch op {
        case .retain(let count): retain(count)
        case .delete(let count): delete(count)
        case .insert(let text): insert(text)
        }
    }

    mutating func retain(_ count: Int) {
        guard count > 0 else { return }
        flushChanges()
        retained += count
    }

    mutating func delete(_ count: Int) {
        flushRetain()
        deleted += count
    }

    mutating func insert(_ text: Text) {
        insert(text.utf8[...])
    }

    mutating func insert(_ utf8: ArraySlice<UInt8>) {
        flushRetain()
        inserted.append(contentsOf: utf8)
    }

    /// The edit; a trailing retain is dropped.
    mutating func edit() -> TextEdit {
        flushChanges()
        return TextEdit(ops: ops)
    }

    private mutating func flushRetain() {
        guard retained > 0 else { return }
        ops.append(.retain(retained))
        retained = 0
    }

    private mutating func flushChanges() {
        if !inserted.isEmpty {
            ops.append(.insert(Text(uncheckedUTF8: inserted)))
            inserted = []
        }
        if deleted > 0 {
            ops.append(.delete(deleted))
            deleted = 0
        }
    }
}
