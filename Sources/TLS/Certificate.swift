// A certificate with its key, and what is wrong with them.

import COpenSSL

/// A certificate chain and the key that it belongs to, as PEM.
public struct Certificate: Sendable {
    /// The chain, leaf first.
    public let chain: [UInt8]
    /// The leaf's key. Secret.
    let key: [UInt8]
    /// An OCSP response for the leaf (DER) that clients are sent along, if any.
    let status: [UInt8]?
    /// SHA-256 of the leaf's DER form, as people compare it: `AB:CD:...`.
    public let fingerprint: String
    /// The leaf's first second, since 1970.
    public let notBefore: Int64
    /// The leaf's last second, since 1970.
    public let notAfter: Int64

    /// A chain and its key from their PEM texts, and an OCSP response in DER form. Throws `certificate` when they are
    /// no pair, the chain is out of order, or the certificate must be stapled and there is nothing to staple.
    public init(chain: [UInt8], key: [UInt8], status: [UInt8]? = nil) throws(TLSError) {
        var facts = pasted_certificate()
        guard unsafe pasted_certificate_read(chain, chain.count, &facts) == 0 else {
            throw .certificate("the certificate file is not a PEM chain")
        }
        self.chain = chain
        self.key = key
        self.status = status
        fingerprint = CertificateFingerprint(facts).description
        notBefore = facts.not_before
        notAfter = facts.not_after
        _ = try TLSContext(serving: self)
    }

    /// Reads a chain and its key from two PEM files, and an OCSP response from a DER file. Throws `certificate`,
    /// naming the files.
    public init(chainFile: String, keyFile: String, statusFile: String? = nil) throws(TLSError) {
        let chain = try CertificateFile.read(chainFile)
        let key = try CertificateFile.read(keyFile)
        var status: [UInt8]?
        if let statusFile { status = try CertificateFile.read(statusFile) }
        do {
            try self.init(chain: chain, key: key, status: status)
        } catch {
            let names = [chainFile, keyFile, statusFile].compactMap(\.self).joined(separator: ", ")
            throw .certificate("\(names): \(error)")
        }
    }

    /// Whether both would serve the same bytes.
    func isSame(as other: Certificate) -> Bool {
        chain == other.chain && key == other.key && status == other.status
    }
}
