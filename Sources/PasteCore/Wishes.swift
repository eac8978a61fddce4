// What a request says in its fields beside what it wants done.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

/// The fields of a request that changes something.
struct Wishes: Hashable, Sendable {
    /// When the paste is to end, from now; from `X-Expires-In`.
    var expiresIn: Milliseconds?
    /// What makes a repeat take effect once; from `Idempotency-Key`, in exact bytes.
    var idempotencyKey: [UInt8]?
    /// Who asks; from `Pasted-Client`. Else nobody in particular.
    var client: ClientSecret?

    /// Bytes of an `Idempotency-Key`.
    static let keyBytes = 128
    /// Bytes at least for a new paste: whoever guesses the key and the text is told the paste.
    static let newKeyBytes = 16

    init() {}

    /// - Throws: 400 for a field that can not be read: what was asked for would silently not hold.
    init(_ fields: HTTPFields, isForNewPaste: Bool) throws(HTTPFailure) {
        if let text = try Self.one("X-Expires-In", fields) {
            guard let lifetime = duration(spelled: text) else {
                throw .bad("X-Expires-In is a duration such as 90s, 15m, 1h or 7d.")
            }
            expiresIn = lifetime
        }
        if let text = try Self.one("Idempotency-Key", fields) {
            let bytes = Array(text.utf8)
            guard 1...Self.keyBytes ~= bytes.count, bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else {
                throw .bad("Idempotency-Key is 1 to \(Self.keyBytes) visible characters of ASCII.")
            }
            guard !isForNewPaste || bytes.count >= Self.newKeyBytes else {
                throw .bad(
                    "For a new paste Idempotency-Key is at least \(Self.newKeyBytes) characters that nobody can guess.")
            }
            idempotencyKey = bytes
        }
        if let text = try Self.one("Pasted-Client", fields) {
            guard let secret = ClientSecret(hexadecimal: Array(text.utf8)) else {
                throw .bad("Pasted-Client is 32 hexadecimal digits.")
            }
            client = secret
        }
    }

    private static func one(_ name: String, _ fields: HTTPFields) throws(HTTPFailure) -> String? {
        guard let name = HTTPField.Name(name) else { return nil }
        let values = fields[values: name]
        guard values.count <= 1 else { throw .bad("\(name.rawName) must be there once.") }
        return values.first
    }
}

extension HTTPFailure {
    fileprivate static func bad(_ sentence: String) -> HTTPFailure { HTTPFailure(.badRequest, sentence) }
}
