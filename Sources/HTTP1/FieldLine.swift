import HTTPTypes

extension HTTPField {
    /// A field line without its CRLF (RFC 9112 section 5); control characters are already refused.
    init(line: Span<UInt8>) throws(HTTPFailure) {
        // RFC 9112 section 5.2: a server must reject a folded line, or unfold it; nobody sends one in earnest.
        guard !line[0].isBlank else { throw .badRequest("A field must not be folded over several lines.") }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":"), from: 0) else {
            throw .badRequest("A field line needs a colon.")
        }
        // Section 5.1: no whitespace is allowed between the name and the colon; it is none of a token's bytes.
        guard let text = String(line.extracting(..<colon)), let name = HTTPField.Name(text), !text.isEmpty else {
            throw .badRequest("A field's name is not a token directly followed by a colon.")
        }
        let value = line.extracting(line.trimmed(from: colon &+ 1, to: line.count))
        if let text = String(value) {
            self.init(name: name, value: text)
        } else {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(value.count)
            for index in value.indices {
                bytes.append(value[index])
            }
            self.init(name: name, value: bytes)
        }
    }
}
