import Testing
import WebSocket

@Suite("RFC 6455 and RFC 7692, by vectors")
struct FrameVectorTests {
    static let vectors = ["frames", "deflate"].flatMap { name in
        (try? VectorFile<FrameVector>.read("websocket/\(name).json")) ?? []
    }

    @Test("the vectors are there") func present() {
        #expect(FrameVectorTests.vectors.count { $0.deflate == nil } > 150)
        #expect(FrameVectorTests.vectors.count { $0.deflate == true } > 40)
    }

    @Test("the bytes give these events, cut at any one point and byte by byte", arguments: vectors)
    func replay(_ vector: FrameVector) {
        let input = vector.bytes.bytes
        #expect(vector.replay([input[...]]) == vector.events, "whole; \(vector.section)")
        // A long vector is one long payload: its inner cuts are all alike.
        let cuts = input.indices.filter {
            input.count < 1_000 || $0 < 40 || $0 > input.count - 20 || $0 % 9_973 == 0
        }
        let bad = cuts.first { vector.replay([input[..<$0], input[$0...]]) != vector.events }
        #expect(bad == nil, "cut there")
        #expect(vector.replay(input.indices.map { input[$0...$0] }) == vector.events, "byte by byte")
    }
}
