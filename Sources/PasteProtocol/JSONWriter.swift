// Writing: straight appends to the caller's array. A member is written with the comma before it, so that
// `type`, which is first in every message, is the only one without.

import PasteModel

extension [UInt8] {
    /// Begins a message: `{"type":"..."`.
    mutating func begin(_ type: String) {
        append(contentsOf: "{\"type\":\"".utf8)
        append(contentsOf: type.utf8)
        append(UInt8(ascii: "\""))
    }

    /// Ends an object.
    mutating func end() {
        append(UInt8(ascii: "}"))
    }

    /// Begins a member: `,"name":`.
    mutating func member(_ field: Field) {
        append(line: { $0.member(field) })
    }

    /// A member that is an integer.
    mutating func member(_ field: Field, _ value: some BinaryInteger) {
        append(line: { $0.member(field, value) })
    }

    /// A member that is a truth value.
    mutating func member(_ field: Field, _ value: Bool) {
        member(field)
        append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// A member that is a text.
    mutating func member(_ field: Field, _ value: Text) {
        member(field)
        append(json: value.utf8.span)
    }

    /// A member that is a string.
    mutating func member(_ field: Field, _ value: String) {
        member(field)
        append(json: Array(value.utf8).span)
    }

    /// A member that is 16 hexadecimal digits.
    mutating func member(hexadecimal field: Field, _ value: UInt64) {
        append(line: { $0.member(hexadecimal: field, value) })
    }

    /// A member that is a list.
    mutating func member<Member>(
        _ field: Field, list: some Sequence<Member>, _ write: (inout [UInt8], Member) -> Void
    ) {
        member(field)
        append(list: list, write)
    }

    /// Appends a list.
    mutating func append<Member>(list: some Sequence<Member>, _ write: (inout [UInt8], Member) -> Void) {
        append(UInt8(ascii: "["))
        var isFirst = true
        for element in list {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            write(&self, element)
        }
        append(UInt8(ascii: "]"))
    }

    /// Appends decimal digits.
    mutating func append(decimal value: Int64) {
        append(line: { $0.append(decimal: value) })
    }

    /// Appends a JSON string of valid UTF-8.
    mutating func append(json text: Span<UInt8>) {
        let byteCount = jsonBytes(of: text)
        append(addingCapacity: byteCount) { $0.append(json: text, byteCount: byteCount) }
    }
}

/// Bytes of a text as a JSON string, in which is escaped what RFC 8259 section 7 demands and nothing else. Known before it is
/// written, so that what is made for it has the right size.
func jsonBytes(of text: Span<UInt8>) -> Int {
    var count = text.count &+ 2
    var at = plainEnd(of: text, from: 0, asciiOnly: false)
    while at < text.count {
        count &+= shortEscape(of: text[at]) == nil ? 5 : 1
        at = plainEnd(of: text, from: at &+ 1, asciiOnly: false)
    }
    return count
}

extension OutputSpan<UInt8> {
    /// Appends a JSON string of valid UTF-8, for which there must be room.
    /// - Parameter byteCount: As `jsonBytes` says.
    mutating func append(json text: Span<UInt8>, byteCount: Int) {
        append(UInt8(ascii: "\""))
        if byteCount == text.count &+ 2 {
            append(copying: text)
        } else {
            append(escaping: text)
        }
        append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping text: Span<UInt8>) {
        var at = 0
        while true {
            let end = plainEnd(of: text, from: at, asciiOnly: false)
            if end > at { append(copying: text.extracting(at..<end)) }
            at = end
            guard at < text.count else { break }
            // Where one is, more are: indented lines, Windows line ends.
            while at < text.count, let escape = shortEscape(of: text[at]) {
                append(UInt8(ascii: "\\"))
                append(escape)
                at += 1
            }
            if at < text.count, text[at] < 0x20 {
                append(longEscapeOf: text[at])
                at += 1
            }
        }
    }

    private mutating func append(longEscapeOf byte: UInt8) {
        for byte in "\\u00".utf8 { append(byte) }
        append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
        let digit = byte & 0xF
        append(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10)
    }
}

/// The character that stands for `byte` behind a backslash, if it must be escaped and has a short form.
private func shortEscape(of byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case 0x08: UInt8(ascii: "b")
    case 0x09: UInt8(ascii: "t")
    case 0x0A: UInt8(ascii: "n")
    case 0x0C: UInt8(ascii: "f")
    case 0x0D: UInt8(ascii: "r")
    default: nil
    }
}
