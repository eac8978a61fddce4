import Testing

@testable import TLS

@Suite struct PeerCertificateTests {
    static func fingerprint() throws -> CertificateFingerprint {
        try #require(try CertificateFingerprint(Fixture.certificate.get().fingerprint))
    }

    @Test("a pinned certificate is accepted without an authority, and only that one")
    func pin() throws {
        let own = try Self.fingerprint()
        var pair = try Loopback(Fixture.server(), TLSContext(trusting: nil))
        pair.client.pin(own)
        try pair.settle()
        let (isOpen, shown, distrust) = (pair.client.isOpen, pair.client.peerFingerprint, pair.client.distrust)
        #expect(isOpen)
        #expect(shown == own)
        #expect(distrust == nil)

        // It would even come from a root that is trusted: the pin decides.
        var other = try Loopback(Fixture.server(), Fixture.client())
        other.client.pin(CertificateFingerprint([UInt8](repeating: 0, count: 32)))
        var isRefused = false
        do { try other.settle() } catch { isRefused = true }
        let (isOpenToo, shownToo) = (other.client.isOpen, other.client.peerFingerprint)
        #expect(isRefused && !isOpenToo)
        #expect(shownToo == own)
    }

    @Test("a certificate that nobody vouches for is told by its fingerprint, with the reason")
    func unknown() throws {
        var pair = try Loopback(Fixture.server(), TLSContext(trusting: nil))
        let before = pair.client.peerFingerprint
        #expect(before == nil)
        var isRefused = false
        do { try pair.settle() } catch { isRefused = true }
        let (shown, reason) = (pair.client.peerFingerprint, pair.client.distrust)
        #expect(isRefused)
        #expect(try shown == Self.fingerprint())
        #expect(reason?.contains("self-signed") == true || reason?.contains("self signed") == true)
    }

    @Test("the fingerprint of a PEM chain is its first certificate's")
    func pem() throws {
        let certificate = try Fixture.certificate.get()
        #expect(CertificateFingerprint(pem: certificate.chain).map { "\($0)" } == certificate.fingerprint)
        #expect(CertificateFingerprint(pem: []) == nil)
    }
}
