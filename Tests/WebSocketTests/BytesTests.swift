import Testing

@testable import WebSocket

@Suite("Masking and UTF-8")
struct BytesTests {
    @Test("masking is the byte-wise definition, at every offset, phase and length up to 200")
    func masking() {
        let source = (0..<220).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let key: UInt32 = 0x4433_2211
        let keyBytes: [UInt8] = [0x11, 0x22, 0x33, 0x44]
        for start in 0..<9 {
            for phase in 0..<4 {
                for count in 0...200 {
                    var bytes = source
                    var span = bytes.mutableSpan
                    Masking.apply(Masking.turned(key, by: phase), to: &span, start..<start + count)
                    for index in bytes.indices {
                        let inside = index >= start && index < start + count
                        let mask = inside ? keyBytes[(index - start + phase) & 3] : 0
                        if bytes[index] != source[index] ^ mask {
                            Issue.record("start \(start) phase \(phase) count \(count) index \(index)")
                            return
                        }
                    }
                }
            }
        }
    }

    @Test(
        "every sequence of up to two bytes, and every three and four of interest, is judged as the standard library does"
    )
    func allSequences() {
        let edges: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for first in UInt8.min...UInt8.max {
            compare([first])
            for second in UInt8.min...UInt8.max { compare([first, second]) }
        }
        for first in edges {
            for second in edges {
                for third in edges {
                    compare([first, second, third])
                    for fourth in edges { compare([first, second, third, fourth]) }
                }
            }
        }
    }

    @Test("every scalar is valid, and every surrogate is not")
    func allScalars() {
        for value: UInt32 in 0...0x10FFFF {
            if let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) {
                var validator = UTF8Validator()
                let bytes = Array(encoded)
                guard validator.accept(bytes.span, bytes.indices), validator.isComplete else {
                    Issue.record("\(value)")
                    return
                }
            } else {
                compare([0xED, UInt8(0x80 | value >> 6 & 0x3F), UInt8(0x80 | value & 0x3F)])
            }
        }
    }

    @Test("a bad byte is found wherever it stands among 200 of ASCII, and is reported in the piece that brings it")
    func positions() {
        for position in 0..<200 {
            var bytes = [UInt8](repeating: 0x61, count: 200)
            bytes[position] = 0xC0
            var validator = UTF8Validator()
            let before = validator.accept(bytes.span, 0..<position)
            let at = validator.accept(bytes.span, position..<position + 1)
            var whole = UTF8Validator()
            let all = whole.accept(bytes.span, 0..<200)
            #expect(before && !at && !all)
        }
    }

    private func compare(_ bytes: [UInt8]) {
        let expected = String(validating: bytes, as: UTF8.self) != nil
        var whole = UTF8Validator()
        let atOnce = whole.accept(bytes.span, bytes.indices) && whole.isComplete
        var pieces = UTF8Validator()
        let oneByOne = bytes.indices.allSatisfy { pieces.accept(bytes.span, $0..<$0 + 1) } && pieces.isComplete
        if atOnce != expected || oneByOne != expected { Issue.record("\(bytes)") }
    }

    @Test("base 64 as RFC 4648 section 10 has it")
    func base64() {
        for (text, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64.text(Array(text.utf8)) == encoded)
            #expect(Base64.byteCount(encoded) == text.utf8.count)
        }
        for bad in ["Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9-"] {
            #expect(Base64.byteCount(bad) == nil)
        }
    }

    @Test("the retry rule is in the range of an application's close code")
    func retry() {
        #expect(CloseCode(rawValue: 3999).retry == nil)
        #expect(CloseCode(rawValue: 4000).retry == .later)
        #expect(CloseCode(rawValue: 4399).retry == .later)
        #expect(CloseCode(rawValue: 4400).retry == .pasteIsOver)
        #expect(CloseCode(rawValue: 4499).retry == .pasteIsOver)
        #expect(CloseCode(rawValue: 4500).retry == .never)
        #expect(CloseCode(rawValue: 4999).retry == .never)
        #expect(CloseCode(rawValue: 5000).retry == nil)
    }
}
