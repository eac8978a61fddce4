import Foundation
import Testing

@testable import TLS

@Suite struct CertificateTests {
    private func directory() throws -> String {
        let path = NSTemporaryDirectory() + "/pasted-tls-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    @Test("the own certificate is made once, kept, private, and made anew before it ends")
    func own() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let now = Int64(Date().timeIntervalSince1970)
        let first = try Certificate.own(in: directory, hostName: "my-box", now: now)
        let again = try Certificate.own(in: directory, hostName: "my-box", now: now)
        #expect(first.fingerprint == again.fingerprint)
        #expect(first.fingerprint.utf8.count == 95)
        #expect(first.notBefore <= now && first.notAfter - now > 390 * 86_400)
        let mode = try FileManager.default.attributesOfItem(atPath: directory + "/own-key.pem")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        let late = try Certificate.own(in: directory, hostName: "my-box", now: first.notAfter - 29 * 86_400)
        #expect(late.fingerprint != first.fingerprint)
        try Data("junk".utf8).write(to: URL(fileURLWithPath: directory + "/own-key.pem"))
        let mended = try Certificate.own(in: directory, hostName: "my-box", now: now)
        #expect(mended.fingerprint != late.fingerprint)
    }

    @Test("unreadable, damaged and foreign files are refused with their name")
    func refused() throws {
        let one = try Certificate.makeOwn(names: "DNS:localhost")
        let two = try Certificate.makeOwn(names: "DNS:localhost")
        func problem(_ make: () throws -> Certificate) -> String {
            do {
                _ = try make()
                return "none"
            } catch { return "\(error)" }
        }
        #expect(problem { try Certificate(chain: one.chain, key: two.key) }.contains("key"))
        #expect(problem { try Certificate(chain: [], key: one.key) }.contains("certificate"))
        #expect(problem { try Certificate(chain: one.chain, key: []) }.contains("key"))
        #expect(problem { try Certificate(chain: one.chain + one.chain.dropLast(80), key: one.key) }.contains("PEM"))
        #expect(problem { try Certificate(chainFile: "/nowhere/a.pem", keyFile: "/b") }.contains("/nowhere/a.pem"))
        #expect(problem { try Certificate(chain: one.chain + two.chain, key: one.key) }.contains("out of order"))
    }

    @Test(
        "a host name that is none does not get into the certificate",
        arguments: ["", "a,DNS:evil.example", "ex ample", "\u{e9}", String(repeating: "a", count: 254), "localhost"])
    func hostNames(name: String) {
        #expect(Certificate.subjectNames(name) == "DNS:localhost,IP:127.0.0.1,IP:::1")
    }

    @Test("a host name gets in")
    func hostName() {
        #expect(Certificate.subjectNames("my-box.lan").hasSuffix(",DNS:my-box.lan"))
    }
}
