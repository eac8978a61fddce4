// Reading fields by the protocol's types: each failure names its field.

import PasteModel

extension JSONObject {
    /// A field of any kind that must be there.
    @inline(__always)
    mutating func required(_ field: Field) throws(MessageError) -> JSONToken {
        guard let token = self[field] else { throw .field(field, "is missing") }
        return token
    }

    /// A field's integer, if the field is there.
    mutating func integer(
        _ field: Field, in range: ClosedRange<Int64>, _ text: Span<UInt8>
    ) throws(MessageError) -> Int64? {
        guard let token = self[field] else { return nil }
        guard let value = token.integer, range.contains(value) else {
            throw .field(field, "is no integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A number of an event or an item, a `ref` or a count, if the field is there.
    mutating func number(_ field: Field, from first: Int64 = 0, _ text: Span<UInt8>) throws(MessageError) -> UInt64? {
        try integer(field, in: first...largestInteger, text).map { UInt64($0) }
    }

    /// The same, which must be there.
    mutating func requiredNumber(_ field: Field, from first: Int64 = 0, _ text: Span<UInt8>) throws(MessageError)
        -> UInt64
    {
        guard let value = try number(field, from: first, text) else { throw .field(field, "is missing") }
        return value
    }

    /// An instant or a duration that must be there. Whether it makes sense is the paste's to judge.
    mutating func requiredTime(_ field: Field, _ text: Span<UInt8>) throws(MessageError) -> Milliseconds {
        guard let value = try time(field, text) else { throw .field(field, "is missing") }
        return value
    }

    /// An instant or a duration, if the field is there.
    mutating func time(_ field: Field, _ text: Span<UInt8>) throws(MessageError) -> Milliseconds? {
        try integer(field, in: -largestInteger...largestInteger, text)
    }

    /// A field's truth value; false if it is absent.
    mutating func flag(_ field: Field) throws(MessageError) -> Bool {
        guard let token = self[field] else { return false }
        guard let value = token.boolean else { throw .field(field, "is neither true nor false") }
        return value
    }

    /// A field's exact text, which must be there.
    @inline(__always)
    mutating func text(_ field: Field, _ text: Span<UInt8>) throws(MessageError) -> Text {
        let token = try required(field)
        guard token.kind == .string else { throw .field(field, "is no string") }
        return Text(uncheckedUTF8: token.bytes(in: text))
    }

    /// A field's short string, if the field is there.
    mutating func string(_ field: Field, _ text: Span<UInt8>, limit: Int = 1_024) throws(MessageError) -> String? {
        guard self[field] != nil else { return nil }
        let token = try requiredShort(field, limit: limit)
        if !token.hasEscapes, let bytes = try? UTF8Span(validating: text.extracting(token.contents)) {
            return String(copying: bytes)
        }
        return String(decoding: token.bytes(in: text), as: UTF8.self)
    }

    /// A field's short string, which must be there: where it stands.
    @inline(__always)
    mutating func requiredShort(_ field: Field, limit: Int) throws(MessageError) -> JSONToken {
        let token = try required(field)
        guard token.kind == .string else { throw .field(field, "is no string") }
        guard token.decodedCount <= limit else { throw .field(field, "is longer than \(limit) bytes") }
        return token
    }

    /// A field's short string, which must be there.
    mutating func requiredString(_ field: Field, _ text: Span<UInt8>, limit: Int = 1_024) throws(MessageError) -> String
    {
        guard let value = try string(field, text, limit: limit) else { throw .field(field, "is missing") }
        return value
    }

    /// What 16 hexadecimal digits spell; nil if the field is absent or spells nothing.
    mutating func word(_ field: Field, _ text: Span<UInt8>) throws(MessageError) -> UInt64? {
        guard let token = self[field] else { return nil }
        guard token.kind == .string else { throw .field(field, "is no string") }
        guard token.decodedCount == 16 else { return nil }
        return UInt64(hexadecimal: token.bytes(in: text)[...])
    }

    /// The same, which must be there and spell something.
    mutating func requiredWord(_ field: Field, _ text: Span<UInt8>) throws(MessageError) -> UInt64 {
        guard let value = try word(field, text) else { throw .field(field, "is not 16 hexadecimal digits") }
        return value
    }

    /// What an edit changes: `"pad"` or an item's number.
    mutating func target(_ text: Span<UInt8>) throws(MessageError) -> EditTarget {
        let token = try required(.target)
        if token.kind == .string, token.bytes(in: text) == Array("pad".utf8) { return .pad }
        guard let item = token.integer, item >= 1 else {
            throw .field(.target, "is neither \"pad\" nor an item's number")
        }
        return .item(UInt64(item))
    }

    /// The operations of an edit. What could not be part of any edit is refused here, before it costs
    /// anything; whether they fit a text is the text's to say.
    mutating func edit(limit: Int, _ text: Span<UInt8>) throws(MessageError) -> TextEdit {
        var ops: [TextOp] = []
        for token in try elements(.ops, limit: limit, orElse: .badEdit, text) {
            if token.kind == .string {
                guard token.decodedCount > 0 else { throw MessageError(.badEdit, "`ops` inserts nothing") }
                ops.append(.insert(Text(uncheckedUTF8: token.bytes(in: text))))
                continue
            }
            guard let count = token.integer, count != 0, abs(count) <= AnnouncedLimits.opCount else {
                throw MessageError(.badEdit, "`ops` holds something that is no operation")
            }
            ops.append(count > 0 ? .retain(Int(count)) : .delete(Int(-count)))
        }
        return TextEdit(ops: ops)
    }

    /// The elements of a list that must be there.
    mutating func elements(
        _ field: Field, limit: Int, orElse code: ErrorCode = .badMessage, _ text: Span<UInt8>
    ) throws(MessageError) -> [JSONToken] {
        let list = try required(field)
        guard list.kind == .array else { throw .field(field, "is no list") }
        var elements = JSONElements(of: list, in: text)
        var tokens: [JSONToken] = []
        do throws(JSONError) {
            while let token = try elements.next(in: text) {
                tokens.append(token)
                if tokens.count > limit { break }
            }
        } catch {
            throw MessageError(error)
        }
        guard tokens.count <= limit else { throw MessageError(code, "`\(field)` has more than \(limit) elements") }
        return tokens
    }
}

extension MessageError {
    /// The error of one field.
    static func field(_ field: Field, _ what: String) -> MessageError {
        MessageError(.badMessage, "`\(field)` \(what)")
    }
}
