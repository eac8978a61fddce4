// Names that are looked up in each message: by words, not byte by byte, and without making strings of them.

/// The names of all cases of an enumeration: a hash table that never changes.
struct NameTable<Name: CaseIterable & Sendable>: Sendable {
    private var slots = Array(repeating: Slot(), count: 256)

    /// A name, or none.
    private struct Slot {
        var name: Name?
        var count = 0
        /// Eight bytes each; zeros behind the last.
        var words = InlineArray<4, UInt64>(repeating: 0)

        /// Whether behind the eighth byte, too, the name is what stands in a text: out of line, as few are so long.
        @inline(never)
        func endsLike(_ text: Span<UInt8>, from start: Int) -> Bool {
            for index in stride(from: 8, to: count, by: 8)
            where words[index / 8] != text.word(from: start + index, count: count - index) {
                return false
            }
            return true
        }
    }

    /// The cases' own names, as they are written in code: at most 32 bytes each.
    init() {
        for name in Name.allCases {
            let bytes = Array("\(name)".utf8)
            var slot = Slot(name: name, count: bytes.count)
            for start in stride(from: 0, to: bytes.count, by: 8) {
                slot.words[start / 8] = bytes.span.word(from: start, count: bytes.count - start)
            }
            var place = Self.place(slot.words[0], bytes.count)
            while slots[Int(place)].name != nil { place &+= 1 }
            slots[Int(place)] = slot
        }
    }

    /// The case that a string names, however it is escaped.
    @inline(__always)
    func name(_ token: JSONToken, in text: Span<UInt8>) -> Name? {
        token.hasEscapes
            ? name(decoding: token, in: text) : name(in: text, from: token.start &+ 1, count: token.decodedCount)
    }

    private func name(decoding token: JSONToken, in text: Span<UInt8>) -> Name? {
        guard token.decodedCount <= 32, !token.hasLoneSurrogate else { return nil }
        let bytes = token.bytes(in: text)
        return name(in: bytes.span, from: 0, count: bytes.count)
    }

    @inline(__always)
    private func name(in text: Span<UInt8>, from start: Int, count: Int) -> Name? {
        let head = text.word(from: start, count: count)
        var place = Self.place(head, count)
        while let name = slots[Int(place)].name {
            if slots[Int(place)].words[0] == head, slots[Int(place)].count == count,
                count <= 8 || slots[Int(place)].endsLike(text, from: start)
            {
                return name
            }
            place &+= 1
        }
        return nil
    }

    /// Where looking begins: the highest bits of a product, in which all of the word's have a part.
    private static func place(_ head: UInt64, _ count: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: ((head &+ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15) &>> 56)
    }
}
