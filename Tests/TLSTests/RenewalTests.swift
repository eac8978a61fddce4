import Foundation
import Testing

@testable import TLS

/// Certificates that are exchanged under a running server.
@Suite struct RenewalTests {
    private let directory: String
    private let chain: String
    private let key: String
    private let source: Certificates.Source
    private let now = Int64(Date().timeIntervalSince1970)

    init() throws {
        directory = NSTemporaryDirectory() + "/pasted-renewal-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        (chain, key) = (directory + "/chain.pem", directory + "/key.pem")
        source = .files(chain: chain, key: key, status: nil)
    }

    private func put(_ certificate: Certificate) throws {
        try CertificateFile.write(certificate.chain, to: chain, mode: 0o644)
        try CertificateFile.write(certificate.key, to: key, mode: 0o600)
    }

    /// Whether somebody who trusts this certificate alone gets through.
    private func isServed(_ certificate: Certificate, by certificates: Certificates) -> Bool {
        do {
            var pair = try Loopback(certificates.context, TLSContext(trusting: certificate.chain))
            try pair.settle()
            return pair.client.isOpen
        } catch {
            return false
        }
    }

    @Test("new files are served to new connections; a live one goes on, and its ticket opens a new one")
    func renewed() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (old, new) = (
            try Certificate.makeOwn(names: "DNS:localhost"), try Certificate.makeOwn(names: "DNS:localhost")
        )
        try put(old)
        let certificates = try Certificates([source], now: now)
        #expect(certificates.notes.isEmpty && certificates.reload(now: now).isEmpty)
        var live = try Loopback(certificates.context, TLSContext(trusting: old.chain))
        try live.settle()
        let ticket = live.client.ticket
        try put(new)
        let notes = certificates.reload(now: now + 5)
        #expect(notes == [.renewed(name: chain, fingerprint: new.fingerprint)])
        #expect(isServed(new, by: certificates) && !isServed(old, by: certificates))
        try live.clientSends([1, 2, 3])
        try live.settle()
        #expect(live.atServer == [1, 2, 3])
        var resumed = try Loopback(certificates.context, TLSContext(trusting: old.chain), ticket: ticket)
        try resumed.settle()
        let wasResumed = resumed.server.wasResumed
        #expect(wasResumed)
        let status = certificates.status
        #expect(status.renewals == 1 && status.failures == 0 && status.renewedAt == now + 5)
        #expect(status.certificates == [.init(name: chain, notAfter: new.notAfter)])
    }

    @Test("a watch waits until the files have settled, reads them once, and reads nothing when nothing changes")
    func watched() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (old, new) = (
            try Certificate.makeOwn(names: "DNS:localhost"), try Certificate.makeOwn(names: "DNS:localhost")
        )
        try put(old)
        let certificates = try Certificates([source], now: now)
        #expect(certificates.reloadIfChanged(now: now).isEmpty)
        try CertificateFile.write(new.chain, to: chain, mode: 0o644)
        // Between the two files there is no pair; the watch does not look yet.
        #expect(certificates.reloadIfChanged(now: now).isEmpty)
        try CertificateFile.write(new.key, to: key, mode: 0o600)
        #expect(certificates.reloadIfChanged(now: now).isEmpty)
        #expect(certificates.reloadIfChanged(now: now).count == 1)
        #expect(isServed(new, by: certificates))
        #expect(certificates.reloadIfChanged(now: now).isEmpty)
        #expect(certificates.status.failures == 0)
    }

    @Test("a link that is turned to new files is a change")
    func links() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (old, new) = (
            try Certificate.makeOwn(names: "DNS:localhost"), try Certificate.makeOwn(names: "DNS:localhost")
        )
        let files = FileManager.default
        for (number, certificate) in [(1, old), (2, new)] {
            try put(certificate)
            try files.moveItem(atPath: chain, toPath: directory + "/chain\(number)")
            try files.moveItem(atPath: key, toPath: directory + "/key\(number)")
        }
        func turn(to number: Int) throws {
            for (link, name) in [(chain, "chain"), (key, "key")] {
                try? files.removeItem(atPath: link)
                try files.createSymbolicLink(atPath: link, withDestinationPath: "\(name)\(number)")
            }
        }
        try turn(to: 1)
        let certificates = try Certificates([source], now: now)
        try turn(to: 2)
        #expect(certificates.reloadIfChanged(now: now).isEmpty)
        #expect(certificates.reloadIfChanged(now: now).count == 1)
        #expect(isServed(new, by: certificates))
    }

    @Test(
        "what can not be used keeps what is there, is told once and counted",
        arguments: ["foreign key", "no chain", "missing", "ended", "not begun", "empty"])
    func kept(trouble: String) throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let old = try Certificate.makeOwn(names: "DNS:localhost", days: 30)
        try put(old)
        let certificates = try Certificates([source], now: now)
        var later = now
        switch trouble {
        case "foreign key": try CertificateFile.write(Certificate.makeOwn(names: "DNS:a").key, to: key, mode: 0o600)
        case "no chain": try CertificateFile.write(Array("hello".utf8), to: chain, mode: 0o644)
        case "missing": try FileManager.default.removeItem(atPath: key)
        case "empty": try CertificateFile.write([], to: chain, mode: 0o644)
        case "ended":
            try put(Certificate.makeOwn(names: "DNS:localhost", days: 10))
            later = now + 20 * 86_400
        default:
            try put(Certificate.makeOwn(names: "DNS:localhost"))
            later = now - 7_200
        }
        #expect(certificates.reloadIfChanged(now: later).isEmpty)
        let notes = certificates.reloadIfChanged(now: later)
        guard case .kept(chain, let why)? = notes.first, notes.count == 1 else {
            Issue.record("\(notes)")
            return
        }
        #expect(!why.isEmpty && !why.contains("PRIVATE"))
        #expect(certificates.reloadIfChanged(now: later).isEmpty)
        #expect(certificates.status.failures == 1 && certificates.status.renewals == 0)
        #expect(isServed(old, by: certificates))
        // Mended, it is taken.
        try put(Certificate.makeOwn(names: "DNS:localhost"))
        #expect(certificates.reload(now: now).count == 1)
    }

    @Test("one bad pair does not keep a good one from being renewed")
    func apart() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (one, two) = (try Certificate.makeOwn(names: "DNS:one"), try Certificate.makeOwn(names: "DNS:localhost"))
        let other = Certificates.Source.files(chain: directory + "/b.pem", key: directory + "/b.key", status: nil)
        try put(one)
        try CertificateFile.write(two.chain, to: directory + "/b.pem", mode: 0o644)
        try CertificateFile.write(two.key, to: directory + "/b.key", mode: 0o600)
        let certificates = try Certificates([source, other], now: now)
        #expect(isServed(two, by: certificates))
        try CertificateFile.write([1], to: chain, mode: 0o644)
        let new = try Certificate.makeOwn(names: "DNS:localhost")
        try CertificateFile.write(new.chain, to: directory + "/b.pem", mode: 0o644)
        try CertificateFile.write(new.key, to: directory + "/b.key", mode: 0o600)
        #expect(certificates.reload(now: now).count == 2)
        #expect(isServed(new, by: certificates))
        #expect(certificates.status.failures == 1 && certificates.status.renewals == 1)
    }

    @Test("the own certificate is made anew under a running server before it ends")
    func own() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let certificates = try Certificates([.own(directory: directory, hostName: nil)], now: now)
        let first = certificates.fingerprint
        #expect(certificates.reloadIfChanged(now: now + 300 * 86_400).isEmpty)
        #expect(certificates.reloadIfChanged(now: now + 370 * 86_400).count == 1)
        #expect(certificates.fingerprint != first)
    }

    @Test("a key that all may read and a certificate that has ended are told at the start, and served")
    func unwise() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try put(Certificate.makeOwn(names: "DNS:localhost", days: 1))
        #expect(chmod(key, 0o644) == 0)
        let notes = try Certificates([source], now: now + 2 * 86_400).notes
        #expect(notes.count == 2 && "\(notes)".contains("chmod o= ") && "\(notes)".contains("has ended"))
    }
}
