// The form in which a store holds an edit: for each step one LEB128 number, `length << 2 | kind` with kind 0
// retain, 1 delete, 2 insert; an insert's length is in bytes, which follow. A key press is about four bytes.

extension TextEdit {
    /// The compact binary form.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for op in ops {
            switch op {
            case .retain(let count): bytes.appendNumber(UInt64(count) << 2)
            case .delete(let count): bytes.appendNumber(UInt64(count) << 2 | 1)
            case .insert(let text):
                bytes.appendNumber(UInt64(text.count) << 2 | 2)
                bytes.append(contentsOf: text.utf8)
            }
        }
        return bytes
    }

    /// The edit of such a form; nil when it is damaged: cut short, an unknown kind, a count of no edit, or an
    /// insert that is not UTF-8.
    public init?(encoded bytes: [UInt8]) {
        var ops: [TextOp] = []
        var offset = 0
        while offset < bytes.count {
            guard let number = bytes.number(at: &offset) else { return nil }
            let length = number >> 2
            guard length > 0, length <= UInt64(Self.maximumScalars) else { return nil }
            switch number & 3 {
            case 0: ops.append(.retain(Int(length)))
            case 1: ops.append(.delete(Int(length)))
            case 2:
                guard Int(length) <= bytes.count - offset else { return nil }
                let inserted = Array(bytes[offset..<(offset + Int(length))])
                guard String(validating: inserted, as: UTF8.self) != nil else { return nil }
                ops.append(.insert(Text(uncheckedUTF8: inserted)))
                offset += Int(length)
            default: return nil
            }
        }
        self.init(ops: ops)
    }
}

extension [UInt8] {
    fileprivate mutating func appendNumber(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads a number of at most five bytes (35 bits: `maximumScalars` and the kind).
    fileprivate func number(at offset: inout Int) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            guard offset < count else { return nil }
            let byte = self[offset]
            offset += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }
}
