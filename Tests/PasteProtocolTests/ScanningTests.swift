import PasteModel
import Testing

@testable import PasteProtocol

@Suite("What is read by words is read to the byte")
struct ScanningTests {
    @Test("a word holds the bytes that are asked for, and zeros, wherever they stand and the text ends")
    func words() {
        let bytes = (0..<24).map { UInt8(0x81 + $0) }
        for end in 0...24 {
            for start in 0...end {
                for count in 0...(end - start) {
                    var expected: UInt64 = 0
                    for index in 0..<min(count, 8) { expected |= UInt64(bytes[start + index]) << UInt64(index * 8) }
                    let word = bytes.span.extracting(..<end).word(from: start, count: count)
                    #expect(word == expected, "\(count) bytes from \(start) of \(end)")
                }
            }
        }
    }

    @Test("texts of one length are the same only if each byte is")
    func comparing() {
        for length in 0..<40 {
            let known = (0..<length).map { UInt8($0) }
            for start in 0..<3 {
                var text = Array(repeating: UInt8(0xFF), count: start) + known
                let isSame = text.span.holds(known.span, at: start)
                #expect(isSame)
                for place in start..<text.count {
                    text[place] ^= 0x20
                    let isStillSame = text.span.holds(known.span, at: start)
                    #expect(!isStillSame, "length \(length), byte \(place)")
                    text[place] ^= 0x20
                }
            }
        }
    }

    @Test("each name finds its field, escaped or not, and no other text does", arguments: Field.allCases)
    func names(field: Field) throws {
        let name = "\(field)"
        let escaped = name.utf8.map { "\\u00" + String($0, radix: 16) }.joined()
        for written in [name, escaped] {
            var object = try read(#"{"\#(written)":7}"#)
            for other in Field.allCases {
                let integer = object[other]?.integer
                #expect(integer == (other == field ? 7 : nil), "\(other)")
            }
        }
        var longer = try read(#"{"\#(name)\u0000":7}"#)
        let isLonger = longer[field] != nil
        #expect(!isLonger)
        // Half a surrogate pair is no part of a name, and does not vanish from one.
        var twice = try read(#"{"\#(name)\ud800":7,"\#(name)":8}"#)
        let value = twice[field]?.integer
        #expect(value == 8)
        // One byte more, one less, and another at each place; the other case of a letter is one of those.
        var others = [name + "s", String(name.dropLast()), " " + name]
        for place in name.utf8.indices {
            for byte: UInt8 in [0x20, 0x01] {
                var bytes = Array(name.utf8)
                bytes[name.utf8.distance(from: name.startIndex, to: place)] ^= byte
                others.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        for other in others where !Field.allCases.map({ "\($0)" }).contains(other) {
            guard other.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) else { continue }
            var object = try read(#"{"\#(other)":7}"#)
            let isThere = object[field] != nil
            #expect(!isThere, "\(other)")
        }
    }

    @Test(
        "a field twice is told by the place of the second, whatever its value and spelling", arguments: Field.allCases)
    func twice(field: Field) throws {
        let first = "\(field)".utf8.first ?? 0
        let escaped = "\\u00" + String(first, radix: 16) + "\(field)".dropFirst()
        let other = field == .type ? Field.ref : .type
        for (one, two) in [("1", "2"), ("null", "2"), ("1", "null"), ("null", "null")] {
            for (second, between) in [("\(field)", ""), (escaped, ""), ("\(field)", #""\#(other)":3,"#)] {
                let head = #"{"\#(field)":\#(one),\#(between)"#
                #expect(throws: MessageError(.badMessage, "the message has a field twice (byte \(head.utf8.count))")) {
                    _ = try read(#"\#(head)"\#(second)":\#(two)}"#)
                }
            }
        }
        #expect(throws: Never.self) { _ = try read(#"{"\#(field)":1,"\#("\(field)".uppercased())":2}"#) }
    }

    @Test("a string's fault is told by its place, wherever that is in a word")
    func faults() {
        for length in 0..<20 {
            let head = Array("\"".utf8) + Array(repeating: UInt8(ascii: "a"), count: length)
            let place = head.count
            expect(.unexpectedEnd, at: place, in: head)
            expect(.unexpectedEnd, at: place + 1, in: head + Array("\\".utf8))
            expect(.badEscape, at: place + 1, in: head + Array("\\a\"".utf8))
            expect(.unexpectedEnd, at: place + 5, in: head + Array("\\u00e".utf8))
            expect(.control, at: place, in: head + [0x1F] + Array("\"".utf8))
            for foreign: [UInt8] in [[0x80], [0xC3], [0xC3, 0x41], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98]] {
                expect(.notUTF8, at: place, in: head + foreign)
                expect(.notUTF8, at: place, in: head + foreign + Array("\"".utf8))
                expect(.notUTF8, at: place + 2, in: head + Array("é".utf8) + foreign + Array("\" and more".utf8))
                expect(.notUTF8, at: place + 2, in: head + Array("\\n".utf8) + foreign + Array("\" and more".utf8))
            }
        }
    }

    @Test("a string counts what its text has, and knows whether that stands there")
    func counts() throws {
        for length in 0..<20 {
            let plain = String(repeating: "a", count: length)
            for (rest, more, hasEscapes) in [
                ("", 0, false), ("é", 2, false), ("\\n", 1, true), ("\\ud83d\\ude00", 4, true),
            ] {
                for text in [plain + rest, rest + plain] {
                    let token = try scan(Array("\"\(text)\"".utf8))
                    #expect(token.decodedCount == length + more, "\(text)")
                    #expect(token.hasEscapes == hasEscapes, "\(text)")
                }
            }
        }
    }

    @Test("a number may end the text, and its fault is told by its place")
    func numbers() throws {
        for (text, value) in [
            ("0", 0), ("-0", 0), ("7", 7), ("-12345678", -12_345_678), ("9007199254740991", 9_007_199_254_740_991),
            ("-9007199254740991", -9_007_199_254_740_991), ("9007199254740992", nil), ("-9007199254740992", nil),
            ("9999999999999999", nil), ("10000000000000000", nil), ("18446744073709551617", nil), ("1.0", nil),
            ("1e0", nil), ("0E-1", nil),
        ] as [(String, Int64?)] {
            #expect(try scan(Array(text.utf8)).integer == value, "\(text)")
        }
        for (text, fault, place) in [
            ("-", .unexpectedEnd, 1), ("1.", .unexpectedEnd, 2), ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
            ("-a", .badNumber, 1), ("01", .badNumber, 0), ("-01", .badNumber, 1), ("1.e", .badNumber, 2),
            ("1 2", .trailing, 2), ("tru", .unexpectedEnd, 3), ("nulL", .unexpectedByte, 3),
        ] as [(String, JSONError.Fault, Int)] {
            expect(fault, at: place, in: Array(text.utf8))
        }
    }

    private func read(_ json: String) throws(MessageError) -> JSONObject {
        var object = JSONObject()
        try object.read(whole: Array(json.utf8).span)
        return object
    }

    private func expect(_ fault: JSONError.Fault, at place: Int, in text: [UInt8]) {
        #expect(throws: JSONError(fault: fault, offset: place), "\(String(decoding: text, as: UTF8.self))") {
            try scan(text)
        }
    }
}
