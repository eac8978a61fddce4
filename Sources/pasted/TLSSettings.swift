// The settings of a server that speaks TLS itself.

import ArgumentParser
import PasteModel
import PasteServer
import TLS

/// All that TLS takes, valid.
struct TLSSettings {
    /// Files of a certificate each, the default one first; none: the server makes its own.
    let files: [Certificates.Source]
    let profile: TLSProfile
    let strictTransportSeconds: Int64?
    let redirectListen: [ListenAddress]
    let acmeDirectory: String?

    /// Reads the settings; nil when TLS is off.
    /// - Throws: `WrongSetting` with a sentence that names the setting.
    init?(_ found: FoundSettings) throws {
        let isOn = try found.read("tls", "'on' or 'off'") { ["on": true, "off": false][$0] }
        let chains = try Self.list(found, "certificate")
        let keys = try Self.list(found, "private-key")
        let statuses = try Self.list(found, "ocsp-response")
        guard chains.count == keys.count, !chains.contains(""), !keys.contains("") else {
            throw WrongSetting(
                names: ["certificate", "private-key"],
                reason: "certificate and private-key go together: give as many files for one as for the other.")
        }
        guard chains.count <= TLSContext.maximumCertificates else {
            throw WrongSetting(
                names: ["certificate", "private-key", "ocsp-response"],
                reason: "certificate can name at most \(TLSContext.maximumCertificates) files.")
        }
        guard statuses.count <= chains.count else {
            throw WrongSetting(
                names: ["ocsp-response"],
                reason: "ocsp-response has more files than certificate.")
        }
        files = chains.indices.map { index in
            let status = index < statuses.count && !statuses[index].isEmpty ? statuses[index] : nil
            return .files(chain: chains[index], key: keys[index], status: status)
        }
        profile = try found.read("tls-profile", "'intermediate' or 'modern'") { TLSProfile(rawValue: $0) }
        strictTransportSeconds = try found.read("hsts", "a duration like 180d") { text in
            text.isEmpty ? .some(nil) : found.duration(text).map { $0 / 1_000 }
        }
        redirectListen = try found.read("redirect-listen", "addresses like :80") { found.addresses($0) }
        acmeDirectory = try found.read("acme-directory", "a directory") { .some($0.isEmpty ? nil : $0) }
        guard acmeDirectory == nil || !redirectListen.isEmpty else {
            throw WrongSetting(
                names: ["acme-directory"],
                reason: "acme-directory is served at redirect-listen: give that too.")
        }
        guard isOn else {
            guard redirectListen.isEmpty, strictTransportSeconds == nil else {
                throw WrongSetting(
                    names: ["redirect-listen", "hsts"],
                    reason: "redirect-listen and hsts send people to TLS, which is off.")
            }
            return nil
        }
    }

    private static func list(_ found: FoundSettings, _ name: String) throws -> [String] {
        try found.read(name, "files with commas between") { text in
            text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
