// The server's certificate, as a client sees it.

import COpenSSL

/// SHA-256 of a certificate's DER form: what people compare.
public struct CertificateFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads 64 hexadecimal digits of either case, with colons or nothing between, perhaps behind `SHA256:`.
    public init?(_ text: String) {
        var digits = Array(text.utf8)
        if text.lowercased().hasPrefix("sha256:") { digits.removeFirst(7) }
        digits.removeAll { $0 == UInt8(ascii: ":") }
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 64, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard pair.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }), let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// That of the first certificate in a PEM text; nil when there is none.
    public init?(pem: [UInt8]) {
        var facts = pasted_certificate()
        guard unsafe pasted_certificate_read(pem, pem.count, &facts) == 0 else { return nil }
        self.init(facts)
    }

    init(_ facts: pasted_certificate) {
        bytes = unsafe withUnsafeBytes(of: facts.fingerprint) { unsafe Array($0) }
    }

    /// `AB:CD:...`.
    public var description: String {
        let digits = Array("0123456789ABCDEF".utf8)
        let pairs = bytes.map { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: Array(pairs.joined(separator: [UInt8(ascii: ":")])), as: UTF8.self)
    }
}

extension TLSSession {
    /// For a client, before anything arrived: accepts exactly this certificate, whoever signed it and whatever names
    /// it has, and no other.
    public mutating func pin(_ fingerprint: CertificateFingerprint) {
        unsafe pasted_tls_pin(session, fingerprint.bytes)
    }

    /// The certificate that the server showed, accepted or not; nil before.
    public var peerFingerprint: CertificateFingerprint? {
        var bytes = [UInt8](repeating: 0, count: 32)
        return unsafe pasted_tls_peer_fingerprint(session, &bytes) ? CertificateFingerprint(bytes) : nil
    }

    /// Why the server's certificate was not accepted, in OpenSSL's words; nil when it was, or none was shown yet.
    public var distrust: String? {
        guard let why = unsafe pasted_tls_distrust(session) else { return nil }
        return unsafe String(cString: why)
    }
}
