// Hashes, by OpenSSL's libcrypto. Pure functions: no I/O, no clock, any thread.

import COpenSSL

/// SHA-1 (FIPS 180-4): 20 bytes. For the `Sec-WebSocket-Accept` header (RFC 6455 section 4.2.2), where
/// collisions buy an attacker nothing.
public func sha1(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 20)
    unsafe pasted_sha1(bytes, bytes.count, &digest)
    return digest
}

/// SHA-256 (FIPS 180-4): 32 bytes.
public func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe pasted_sha256(bytes, bytes.count, &digest)
    return digest
}

/// Two lowercase hexadecimal digits for each byte.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The first 8 bytes of SHA-1 over three big-endian words: one link of a log's chain of tags.
public func sha1Word(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
    pasted_sha1_of_words(a, b, c)
}

/// HMAC-SHA-256 (RFC 2104) under one secret: what turns a key into the id that the store knows, and a
/// device's secret into the name that others see.
public struct KeyedHash: Sendable {
    private let secret: [UInt8]

    /// - Parameter secret: 32 random bytes are meant; any number works.
    public init(secret: [UInt8]) {
        self.secret = secret
    }

    /// The 32-byte code of `message`. `purpose` keeps the uses of one secret apart; it holds no NUL.
    public func callAsFunction(_ purpose: String, _ message: [UInt8]) -> [UInt8] {
        let input = Array(purpose.utf8) + [0] + message
        var code = [UInt8](repeating: 0, count: 32)
        unsafe pasted_hmac_sha256(secret, secret.count, input, input.count, &code)
        return code
    }

    /// The first 8 bytes of the code, big-endian.
    public func word(_ purpose: String, _ message: [UInt8]) -> UInt64 {
        self(purpose, message).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
