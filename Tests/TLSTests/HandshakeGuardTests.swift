import Testing

@testable import TLS

@Suite struct HandshakeGuardTests {
    private static func message(_ length: Int, announced: Int? = nil) -> [UInt8] {
        let size = announced ?? length
        return [1, UInt8(size >> 16), UInt8(size >> 8 & 255), UInt8(size & 255)] + [UInt8](repeating: 7, count: length)
    }

    private static func records(_ kind: UInt8, _ content: [UInt8], of size: Int) -> [UInt8] {
        stride(from: 0, to: content.count, by: size).flatMap { start -> [UInt8] in
            let piece = content[start..<min(start + size, content.count)]
            return [kind, 3, 1, UInt8(piece.count >> 8), UInt8(piece.count & 255)] + piece
        }
    }

    /// The index of the byte at which it says no, whatever the pieces it is fed in.
    private func refusal(_ bytes: [UInt8], endsAtCipherChange: Bool = false) -> Int? {
        var one = HandshakeGuard()
        let all = bytes.span
        let index = bytes.indices.first {
            !one.accepts(all.extracting($0...$0), endsAtCipherChange: endsAtCipherChange)
        }
        for cut in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 50)) {
            var two = HandshakeGuard()
            let isGood =
                two.accepts(all.extracting(..<cut), endsAtCipherChange: endsAtCipherChange)
                && two.accepts(all.extracting(cut...), endsAtCipherChange: endsAtCipherChange)
            #expect(isGood == (index == nil))
        }
        return index
    }

    @Test("messages up to the limit pass, one byte more does not", arguments: [1, 3, 100, 16_384])
    func limit(size: Int) {
        let limit = HandshakeGuard.messageBytes
        #expect(refusal(Self.records(22, Self.message(limit) + Self.message(0) + Self.message(9), of: size)) == nil)
        let second = Self.message(5) + Self.message(0, announced: limit + 1)
        let records = Self.records(22, second, of: size)
        #expect(refusal(records) == records.count - 1)
    }

    @Test("alerts and the ChangeCipherSpec of 1.3 are stepped over: a second ClientHello is held against the limit too")
    func between() {
        let begin = Self.records(22, Self.message(30), of: 100) + [20, 3, 3, 0, 1, 1] + [21, 3, 3, 0, 2, 1, 0]
        let second = Self.records(22, Self.message(0, announced: 20_000), of: 100)
        #expect(refusal(begin + second) == begin.count + second.count - 1)
    }

    @Test("what is encrypted is not looked at: all of 1.3 behind the hello, Finished in 1.2, and what is no TLS")
    func encrypted() {
        let noise = [UInt8](repeating: 0xee, count: 300)
        let begin = Self.records(22, Self.message(30), of: 100)
        #expect(refusal(begin + Self.records(23, noise, of: 100)) == nil)
        #expect(
            refusal(begin + [20, 3, 3, 0, 1, 1] + Self.records(22, noise, of: 100), endsAtCipherChange: true) == nil)
        #expect(refusal(noise) == nil)
        #expect(refusal(Array("GET / HTTP/1.1".utf8)) == nil)
    }
}
