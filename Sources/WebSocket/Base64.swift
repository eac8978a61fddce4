/// Base 64 (RFC 4648 section 4) for the 16 and 20 bytes of a handshake.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text of some bytes, padded.
    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Bytes that a padded text stands for; nil if it is not exactly one.
    static func byteCount(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count % 4 == 0 else { return nil }
        let body = bytes.prefix { digits.contains($0) }.count
        let padding = bytes.count - body
        guard padding <= 2, bytes[body...].allSatisfy({ $0 == UInt8(ascii: "=") }) else { return nil }
        return body * 3 / 4
    }
}
