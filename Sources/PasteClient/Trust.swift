// Whether the server that answers is the one that was meant.

import TLS

/// How a server's certificate is judged.
public enum Trust: Hashable, Sendable {
    /// By the system's certificate authorities and the host's name.
    case authorities
    /// It must be this certificate: pinned at first use, given by hand, or found in this machine's own state directory.
    case pinned(CertificateFingerprint)
}

/// A certificate that was not accepted. Nothing was sent to the server.
public struct DistrustedCertificate: Error, Hashable, Sendable {
    /// What it showed.
    public let shown: CertificateFingerprint
    /// What was expected, when something was.
    public let pinned: CertificateFingerprint?
    /// OpenSSL's reason.
    public let reason: String
}
