// Frames and messages: what every byte goes through.

import Benchmark
import PasteModel
import PasteProtocol
import WebSocket

func measureFrames() {
    let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 256)
    let masked = ClientFrame.text(payload, maskingKey: 0x1234_5678)
    Benchmark("frame: decode, unmask, check 256 B") { benchmark in
        var session = WebSocketSession(role: .server)
        for _ in benchmark.scaledIterations {
            var bytes = masked
            var span = bytes.mutableSpan
            var offset = 0
            blackHole(session.next(&span, at: &offset))
        }
    }
    Benchmark("frame: encode 256 B") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(ServerFrame.text(payload)) }
    }
    Benchmark("mask 4 KiB") { benchmark in
        var bytes = [UInt8](repeating: 7, count: 4_096)
        for _ in benchmark.scaledIterations {
            var span = bytes.mutableSpan
            Masking.apply(0x1234_5678, to: &span, 0..<4_096)
        }
        blackHole(bytes)
    }
    let texts = [("ASCII", "a paste "), ("Greek", "επικόλληση "), ("emoji", "📋✂️ ")]
    for (name, text) in texts {
        let bytes = Array(Array(String(repeating: text, count: 1_000).utf8).prefix(4_090))
        Benchmark("UTF-8: check 4 KiB of \(name)") { benchmark in
            for _ in benchmark.scaledIterations {
                var validator = UTF8Validator()
                blackHole(validator.accept(bytes.span, 0..<bytes.count))
            }
        }
    }
}

func measureMessages() {
    let text = Text(String(repeating: "x", count: 256))
    var append: [UInt8] = []
    ClientMessage.request(ref: 7, .append(text), paste: nil).encode(into: &append)
    Benchmark("message: decode an append of 256 B") { [append] benchmark in
        for _ in benchmark.scaledIterations { blackHole(try ClientMessage(json: append.span)) }
    }
    var typed: [UInt8] = []
    let edit = TextEdit(ops: [.retain(4_711), .insert(Text("x"))])
    ClientMessage.request(ref: 7, .edit(.pad, base: 100, edit), paste: nil).encode(into: &typed)
    Benchmark("message: decode an edit") { [typed] benchmark in
        for _ in benchmark.scaledIterations { blackHole(try ClientMessage(json: typed.span)) }
    }
    let event = Event(
        cursor: Cursor(seq: 12, tag: 0x0123_4567_89AB_CDEF), at: 1_795_363_200_000, author: Author(rawValue: 42),
        ref: 7,
        body: .append(item: 3, text: text))
    Benchmark("message: encode an event of 256 B") { benchmark in
        for _ in benchmark.scaledIterations {
            var json: [UInt8] = []
            ServerMessage.event(event).encode(into: &json)
            blackHole(json)
        }
    }
    var shown: [UInt8] = []
    ServerMessage.event(event).encode(into: &shown)
    Benchmark("message: decode an event of 256 B (a client)") { [shown] benchmark in
        for _ in benchmark.scaledIterations { blackHole(try ServerMessage(json: shown.span)) }
    }
}
