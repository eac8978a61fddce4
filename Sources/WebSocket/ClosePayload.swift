/// What a received close frame says (RFC 6455 section 5.5.1).
struct ClosePayload: Equatable {
    /// The code; nil for an empty frame (reported as 1005, section 7.1.5).
    let code: CloseCode?

    init(_ payload: borrowing Span<UInt8>) throws(ProtocolFailure) {
        guard !payload.isEmpty else {
            code = nil
            return
        }
        // "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer"
        guard payload.count >= 2 else {
            throw ProtocolFailure(.protocolError, "A close frame must not have a payload of one byte.")
        }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isSendable else {
            throw ProtocolFailure(.protocolError, "The close code must not be used in a close frame.")
        }
        // "Following the 2-byte integer, the body MAY contain UTF-8-encoded data"
        var utf8 = UTF8Validator()
        guard utf8.accept(payload, 2..<payload.count), utf8.isComplete else {
            throw ProtocolFailure(.invalidPayload, "The reason of a close frame must be UTF-8.")
        }
        self.code = code
    }
}
