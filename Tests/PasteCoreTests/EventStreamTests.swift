import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// The form of server-sent events, without a service.
@Suite("Event stream form")
struct EventStreamTests {
    private static let cursor = Cursor(seq: 12, tag: 0x0123_4567_89AB_CDEF)

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("an event is an id and one line of data, whatever line ends its text has")
    func oneLine() {
        let texts = [
            "a\r\nb\nc\rd", "\u{2028}\u{2029}\u{85}", "id: 9\n\ndata: x\n\n", "", "\u{0}\u{1F}\u{7F}", "🧵e\u{301}",
        ]
        for (index, text) in texts.enumerated() {
            let event = Event(
                cursor: Self.cursor, at: 1, author: Author(rawValue: 2), ref: 3,
                body: .append(item: 1, text: Text(text)))
            var json: [UInt8] = []
            ServerMessage.event(event).encode(into: &json)
            let bytes = EventStream.event(json, position: ServerMessage.event(event).position)
            let lines = bytes.split(separator: 10, omittingEmptySubsequences: false)
            #expect(lines.count == 4, "text \(index)")
            #expect(!bytes.contains(13), "text \(index)")
            #expect(lines.first.map { self.text(Array($0)) } == "id: 12-0123456789abcdef")
            let data = lines.count > 1 ? Array(lines[1].dropFirst("data: ".utf8.count)) : []
            #expect((try? ServerMessage(json: data.span)) == .event(event), "text \(index)")
        }
    }

    @Test("a message that moves no cursor has no id, so that a reader keeps the one it has")
    func noPosition() {
        #expect(text(EventStream.event("{}".utf8, position: nil)) == "data: {}\n\n")
        #expect(ServerMessage.devices(count: 2).position == nil)
        #expect(ServerMessage.items([], more: true).position == nil)
    }

    @Test("an id reads back as the cursor that it was made of")
    func ids() {
        for tag in [0, 1, 0x0123_4567_89AB_CDEF, UInt64.max] {
            let cursor = Cursor(seq: 7, tag: tag)
            #expect(StreamPosition(cursor.eventID) == .cursor(cursor))
        }
        #expect(StreamPosition("12") == .seq(12))
        #expect(StreamPosition("0") == .seq(0))
        #expect(StreamPosition("12-0123456789ABCDEF") == .cursor(Self.cursor))
    }

    @Test(
        "what is no position is none",
        arguments: [
            "", "-", "x", "-1", "+1", "1 ", " 1", "12-", "12-0123456789abcde", "12-0123456789abcdef0",
            "12-0123456789abcdeg",
            "12-+123456789abcdef", "12--123456789abcdef", "99999999999999999", "١", "0x1", "1.0",
            "12-0123456789abcdef-",
        ])
    func noPosition(_ text: String) {
        #expect(StreamPosition(text) == nil)
    }

    @Test("content is a chunk for HTTP/1.1 and itself for HTTP/1.0, and a sign of life is a comment")
    func wrapping() {
        #expect(text(EventStream(isChunked: true).wrapped(EventStream.signOfLife)) == "3\r\n:\n\n\r\n")
        #expect(text(EventStream(isChunked: false).wrapped(EventStream.signOfLife)) == ":\n\n")
        #expect(text(EventStream(isChunked: true).end) == "0\r\n\r\n")
        #expect(EventStream(isChunked: false).end.isEmpty)
    }
}
