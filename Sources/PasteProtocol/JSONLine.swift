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
        append(digitsOf: value.magnitude)
    }

    /// Eight digits at a time, the first ones first.
    private mutating func append(digitsOf value: UInt64) {
        let group: UInt64 = 100_000_000
        let digits = decimalDigits(of: value % group)
        var zeros = 0
        if value >= group {
            append(digitsOf: value / group)
        } else {
            // In front of a number there are none but the last one.
            zeros = min(digits.trailingZeroBitCount / 8, 7)
        }
        store((digits | 0x3030_3030_3030_3030) >> UInt64(zeros * 8), at: count)
        count &+= 8 &- zeros
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

    /// Appends a line, the text that is its last member, and the end of the object; where nothing is allocated yet, exactly
    /// as much as that takes.
    mutating func append(_ line: borrowing JSONLine, endingWith text: Span<UInt8>) {
        let members = line.bytes.span.extracting(first: line.count)
        let byteCount = jsonBytes(of: text)
        append(addingCapacity: members.count &+ byteCount &+ 1) { output in
            output.append(copying: members)
            output.append(json: text, byteCount: byteCount)
            output.append(UInt8(ascii: "}"))
        }
    }

    /// Appends what is written into a line.
    mutating func append(line write: (inout JSONLine) -> Void) {
        var line = JSONLine()
        write(&line)
        append(line)
    }
}

/// The eight digits of a number below 10^8 as values, the first one in the lowest byte.
private func decimalDigits(of value: UInt64) -> UInt64 {
    // In halves, each in a half of the word, then those in halves: all that are of one size are divided at once, by the
    // multiplication that gives the same for so few digits.
    let fours = value / 10_000 | (value % 10_000) << 32
    let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
    let twos = hundreds | (fours &- hundreds &* 100) << 16
    let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
    return tens | (twos &- tens &* 10) << 8
}
