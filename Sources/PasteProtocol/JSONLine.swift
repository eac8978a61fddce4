// Writing what is no text. An array asks at each append for room and whether it is shared; here a byte is a store, and the
// array is asked once for all of it.

import PasteModel

/// A piece of JSON that is written often. Its bytes stand in itself, so that writing it counts no reference.
struct JSONPiece {
    /// Eight bytes each, the first one lowest; zeros behind the last.
    fileprivate var words = InlineArray<4, UInt64>(repeating: 0)
    fileprivate var count = 0

    /// - Parameter text: At most 32 bytes.
    init(_ text: [UInt8]) {
        for byte in text {
            words[count / 8] |= UInt64(byte) << UInt64(count % 8 * 8)
            count += 1
        }
    }

    subscript(index: Int) -> UInt8 { UInt8(truncatingIfNeeded: words[index / 8] >> UInt64(index % 8 * 8)) }
}

/// Members of a message without their texts, to be appended at once: at most 256 bytes, of which an event needs 204 and
/// the words of its last piece 32.
struct JSONLine: ~Copyable {
    fileprivate var bytes = InlineArray<256, UInt8>(repeating: 0)
    private(set) var count: Int

    /// - Parameter headroom: Zeros before the rest.
    init(headroom: Int = 0) {
        count = headroom
    }

    /// Appends a piece.
    mutating func append(_ piece: JSONPiece) {
        // The zeros behind it, too: how long it is matters to what comes next only.
        for index in piece.words.indices { store(piece.words[index], at: count &+ index &* 8) }
        count &+= piece.count
    }

    /// Appends a byte.
    mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count &+= 1
    }

    /// Begins a member: `,"name":`.
    mutating func member(_ field: Field) {
        append(field.opening)
    }

    /// A member that is an integer.
    mutating func member(_ field: Field, _ value: some BinaryInteger) {
        member(field)
        append(decimal: Int64(truncatingIfNeeded: value))
    }

    /// A member that is 16 hexadecimal digits.
    mutating func member(hexadecimal field: Field, _ value: UInt64) {
        member(field)
        append(UInt8(ascii: "\""))
        append(hexadecimal: value)
        append(UInt8(ascii: "\""))
    }

    /// The members `seq` and `tag`.
    mutating func members(_ cursor: Cursor) {
        member(.seq, cursor.seq)
        member(hexadecimal: .tag, cursor.tag)
    }

    /// The member `target`.
    mutating func member(_ target: EditTarget) {
        switch target {
        case .pad:
            member(.target)
            append(Self.pad)
        case .item(let item): member(.target, item)
        }
    }
    private static let pad = JSONPiece(Array("\"pad\"".utf8))

    /// Appends decimal digits.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = count
        count &+= decimalDigits(of: rest)
        // From the last to the first, two with each division.
        var at = count
        while rest >= 10 {
            let pair = UInt8(truncatingIfNeeded: rest % 100)
            rest /= 100
            at &-= 2
            bytes[at] = UInt8(ascii: "0") &+ pair / 10
            bytes[at &+ 1] = UInt8(ascii: "0") &+ pair % 10
        }
        if at > start { bytes[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest) }
    }

    /// Appends 16 lowercase hexadecimal digits.
    mutating func append(hexadecimal value: UInt64) {
        store(hexadecimalDigits(of: UInt32(truncatingIfNeeded: value >> 32)), at: count)
        store(hexadecimalDigits(of: UInt32(truncatingIfNeeded: value)), at: count &+ 8)
        count &+= 16
    }

    /// Stores eight bytes, the lowest first.
    private mutating func store(_ word: UInt64, at offset: Int) {
        var span = bytes.mutableSpan
        // Bytes of UInt8 are all initialised, and any bits are valid ones.
        var raw = unsafe span.mutableBytes
        raw.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
}

extension [UInt8] {
    /// Appends a line.
    mutating func append(_ line: borrowing JSONLine) {
        append(copying: line.bytes.span.extracting(first: line.count))
    }

    /// Appends what is written into a line.
    mutating func append(line write: (inout JSONLine) -> Void) {
        var line = JSONLine()
        write(&line)
        append(line)
    }
}

private func decimalDigits(of value: UInt64) -> Int {
    var (count, rest) = (1, value)
    while rest >= 100 {
        count &+= 2
        rest /= 100
    }
    return rest >= 10 ? count &+ 1 : count
}
