// A certificate with its key: from the operator's files, or our own for localhost.

import COpenSSL
import Glibc

/// A certificate chain and the key that it belongs to, as PEM.
public struct Certificate: Sendable {
    /// The chain, leaf first.
    public let chain: [UInt8]
    /// The leaf's key. Secret.
    let key: [UInt8]
    /// SHA-256 of the leaf's DER form, as people compare it: `AB:CD:...`.
    public let fingerprint: String
    /// The leaf's first second, since 1970.
    public let notBefore: Int64
    /// The leaf's last second, since 1970.
    public let notAfter: Int64

    /// A chain and its key from their PEM texts. Throws `certificate` when they are no pair.
    public init(chain: [UInt8], key: [UInt8]) throws(TLSError) {
        var facts = pasted_certificate()
        guard unsafe pasted_certificate_read(chain, chain.count, &facts) == 0 else {
            throw .certificate("the certificate file is not a PEM chain")
        }
        self.chain = chain
        self.key = key
        fingerprint = Self.colons(facts)
        notBefore = facts.not_before
        notAfter = facts.not_after
        _ = try TLSContext(serving: self)
    }

    /// Reads a chain and its key from two PEM files. Throws `certificate`, naming the file.
    public init(chainFile: String, keyFile: String) throws(TLSError) {
        let chain = try CertificateFile.read(chainFile)
        let key = try CertificateFile.read(keyFile)
        do {
            try self.init(chain: chain, key: key)
        } catch {
            throw .certificate("\(chainFile), \(keyFile): \(error)")
        }
    }

    private static func colons(_ facts: pasted_certificate) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var facts = facts
        let bytes = unsafe withUnsafeBytes(of: &facts.fingerprint) { unsafe Array($0) }
        let pairs = bytes.map { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: Array(pairs.joined(separator: [UInt8(ascii: ":")])), as: UTF8.self)
    }
}

// Our own certificate.
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

/// Small files, whole.
enum CertificateFile {
    /// No chain or key is longer than this, in bytes.
    static let maximumBytes = 1 << 20

    static func read(_ path: String) throws(TLSError) -> [UInt8] {
        guard let file = unsafe fopen(path, "re") else { throw failure("read", path) }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maximumBytes + 1)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard unsafe ferror(file) == 0 else { throw failure("read", path) }
        guard count <= maximumBytes else { throw .certificate("\(path) is no certificate or key: it is too long") }
        return Array(bytes.prefix(count))
    }

    /// Replaces the file whole: never readable by others before its mode is set, never half written.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(TLSError) {
        let temporary = path + ".new"
        unsafe unlink(temporary)
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", temporary) }
        let isWritten = unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten, unsafe rename(temporary, path) == 0 else {
            throw failure("write", path)
        }
    }

    private static func failure(_ verb: String, _ path: String) -> TLSError {
        .certificate("can not \(verb) \(path): \(unsafe String(cString: strerror(errno)))")
    }
}
