import PasteModel
import Testing

@testable import PasteClient

@Suite struct LineGathererTests {
    static let stream = "one\ntwo\r\n\n\u{1F9A6}\u{1F9A6}\u{1F9A6} wide and long\nh\u{E9}\nlast"

    @Test("whatever the pieces and the limit, the items are the stream", arguments: 4...40)
    func concatenation(limit: Int) throws {
        let bytes = Array(Self.stream.utf8)
        for size in 1...bytes.count {
            var lines = LineGatherer(limit: limit)
            var items: [Text] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                lines.add(Array(bytes[start..<min(bytes.count, start + size)]))
                while let item = try lines.next() { items.append(item) }
            }
            lines.end()
            while let item = try lines.next() { items.append(item) }
            #expect(items.flatMap(\.utf8) == bytes)
            #expect(items.allSatisfy { !$0.isEmpty && $0.count <= limit })
            #expect(lines.isDone)
            // Never half a character, or the server would refuse it.
            #expect(items.allSatisfy { String(validating: $0.utf8, as: UTF8.self) != nil })
        }
    }

    @Test("an item ends with a line where one fits")
    func wholeLines() throws {
        var lines = LineGatherer(limit: 10)
        lines.add(Array("aaa\nbbb\nccc\nddd".utf8))
        #expect(try lines.next()?.string == "aaa\nbbb\n")
        #expect(try lines.next()?.string == "ccc\n")
        #expect(try lines.next() == nil)
        lines.end()
        #expect(try lines.next()?.string == "ddd")
    }

    @Test("a line that has not ended waits, until an item is full or the stream ends")
    func halfLine() throws {
        var lines = LineGatherer(limit: 8)
        lines.add(Array("abc".utf8))
        #expect(try lines.next() == nil)
        lines.add(Array("defghi".utf8))
        #expect(try lines.next()?.string == "abcdefgh")
        #expect(try lines.next() == nil)
    }

    @Test("what is not UTF-8 is refused where it stands, or replaced when that was asked for")
    func invalid() throws {
        let bytes = Array("good\n".utf8) + [0xFF, 0x0A]
        var strict = LineGatherer(limit: 5)
        strict.add(bytes)
        _ = try strict.next()
        #expect(throws: LineGatherer.NotText(offset: 5)) { try strict.next() }
        var lenient = LineGatherer(limit: 100, replacesInvalid: true)
        lenient.add(bytes)
        #expect(try lenient.next()?.string == "good\n\u{FFFD}\n")
    }
}
