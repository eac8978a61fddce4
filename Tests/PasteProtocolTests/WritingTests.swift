import PasteModel
import Seeded
import Testing

@testable import PasteProtocol

/// Numbers are written eight digits at a time: the bytes are those that anybody writes.
@Suite("Writing")
struct WritingTests {
    @Test("decimal digits are those of the number, at each power of ten and one beside it, and at the ends")
    func decimals() {
        var values: [Int64] = [0, .min, .max, .min + 1, .max - 1]
        var power: Int64 = 1
        for _ in 0...18 {
            values += [power - 1, power, power + 1, -power, 1 - power]
            power = power.multipliedReportingOverflow(by: 10).partialValue
        }
        var random = SplitMix64(seed: 5)
        values += (0..<2_000).map { Int64(bitPattern: random.next() >> UInt64($0 % 64)) }
        values += (0..<10_000).map { Int64($0) }
        for value in values {
            var bytes: [UInt8] = []
            bytes.append(decimal: value)
            #expect(String(decoding: bytes, as: UTF8.self) == "\(value)")
        }
    }

    @Test("hexadecimal digits are 16 and lowercase, whatever stands before them")
    func hexadecimals() {
        var random = SplitMix64(seed: 6)
        let values = [0, .max, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210] + (0..<1_000).map { _ in random.next() }
        for (index, value) in values.enumerated() {
            var bytes: [UInt8] = []
            bytes.append(line: { line in
                for _ in 0..<(index % 9) { line.append(UInt8(ascii: "x")) }
                line.append(hexadecimal: value)
            })
            let digits = String(value, radix: 16)
            let text = String(repeating: "x", count: index % 9) + String(repeating: "0", count: 16 - digits.count)
            #expect(String(decoding: bytes, as: UTF8.self) == text + digits)
        }
    }

    @Test("a string is as long as was said before it was written, whatever is escaped in it")
    func lengths() {
        let pieces = ["plain, eight by eight", "é", "\"", "\\", "\n", "\r\n", "\t", "\u{1}", "\u{1F}", "\u{7F}", ""]
        for first in pieces {
            for second in pieces {
                let text = Array((first + second + first + "end").utf8)
                var bytes: [UInt8] = []
                bytes.append(json: text.span)
                #expect(bytes.count == jsonBytes(of: text.span))
            }
        }
    }

    @Test("an event of the longest numbers has room, and behind headroom it is the same")
    func longest() {
        let bodies: [EventBody] = [
            .append(item: 1 << 63, text: Text("a\n\"b")), .keep(item: 1 << 63, text: Text("")), .remove(item: 1 << 63),
            .edit(target: .item(1 << 63), ops: TextEdit(ops: [.insert(Text("x"))])),
            .edit(target: .pad, ops: TextEdit(ops: [.insert(Text("x"))])), .clear(through: 1 << 63),
            .extend(expiresAt: .min), .erased,
        ]
        for body in bodies {
            let event = Event(
                cursor: Cursor(seq: 1 << 63, tag: .max), at: .min, author: Author(rawValue: .max), ref: 1 << 63,
                body: body)
            var bytes: [UInt8] = []
            event.encode(into: &bytes)
            for headroom in [1, 4, 16] {
                var behind: [UInt8] = []
                event.encode(into: &behind, headroom: headroom)
                #expect(behind == [UInt8](repeating: 0, count: headroom) + bytes)
            }
        }
    }
}
