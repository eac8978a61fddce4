// The server's own certificate, for who has none.

import COpenSSL
import Glibc

extension Certificate {
    /// How long an own certificate is good for, in days: what browsers accept at most is 398.
    public static let ownDays: Int32 = 397
    /// An own certificate is replaced at the start when fewer seconds than this are left: 30 days.
    static let ownMarginSeconds: Int64 = 30 * 86_400

    /// The server's own certificate, signed by itself, for `localhost`, `127.0.0.1`, `::1` and the machine's host
    /// name. Made at the first start in `directory` (which exists) as `own-certificate.pem` and
    /// `own-key.pem` (0600), found there later, and made anew before it ends.
    ///
    /// - Parameter now: seconds since 1970.
    public static func own(in directory: String, hostName: String?, now: Int64) throws(TLSError) -> Certificate {
        let chainFile = directory + "/own-certificate.pem"
        let keyFile = directory + "/own-key.pem"
        if let found = try? Certificate(chainFile: chainFile, keyFile: keyFile),
            found.notBefore <= now, now < found.notAfter - ownMarginSeconds
        {
            return found
        }
        let made = try makeOwn(names: subjectNames(hostName))
        // The key first: a crash in between leaves no pair, and the next start makes both again.
        try CertificateFile.write(made.key, to: keyFile, mode: 0o600)
        try CertificateFile.write(made.chain, to: chainFile, mode: 0o644)
        return made
    }

    /// A new key and a certificate for it that it signs itself. `names` is an OpenSSL subjectAltName.
    static func makeOwn(names: String, days: Int32 = ownDays) throws(TLSError) -> Certificate {
        var chain = [UInt8](repeating: 0, count: 8192)
        var key = [UInt8](repeating: 0, count: 8192)
        var counts = (chain: 0, key: 0)
        let answer = unsafe chain.withUnsafeMutableBufferPointer { chainRoom -> Int32 in
            unsafe key.withUnsafeMutableBufferPointer { keyRoom -> Int32 in
                guard let chainBase = chainRoom.baseAddress, let keyBase = keyRoom.baseAddress else { return -1 }
                var chainPEM = unsafe pasted_pem(bytes: chainBase, capacity: chainRoom.count, count: 0)
                var keyPEM = unsafe pasted_pem(bytes: keyBase, capacity: keyRoom.count, count: 0)
                let answer = unsafe pasted_certificate_make(names, days, &chainPEM, &keyPEM)
                counts = unsafe (chainPEM.count, keyPEM.count)
                return answer
            }
        }
        guard answer == 0 else { throw .system("a certificate can not be made for \(names)") }
        return try Certificate(chain: Array(chain.prefix(counts.chain)), key: Array(key.prefix(counts.key)))
    }

    /// The names as OpenSSL's configuration spells them. A host name that is none (RFC 1123) is left out.
    static func subjectNames(_ hostName: String?) -> String {
        let always = "DNS:localhost,IP:127.0.0.1,IP:::1"
        guard let name = hostName, name != "localhost", (1...253).contains(name.utf8.count),
            name.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            })
        else { return always }
        return always + ",DNS:" + name
    }

    /// The machine's host name.
    public static var hostName: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
