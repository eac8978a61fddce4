// Which server is meant when nobody says, and which certificates were pinned: `client.json`.

import FoundationEssentials
import TLS

/// What is remembered of servers.
public struct KnownServers: Sendable {
    private struct File: Codable {
        var server: String?
        var certificates: [String: String]?
    }

    private var file: File
    private let path: String?

    /// Reads the file; nothing is known when it is not there.
    /// - Parameter directories: nil: nothing is remembered.
    public init(_ directories: Directories?) throws(ClientFailure) {
        path = directories.map { $0.configuration + "/client.json" }
        file =
            try path.map { path throws(ClientFailure) in try Directories.read(File.self, from: path) ?? File() }
            ?? File()
    }

    /// The server that is used when no other is named.
    public var usual: ServerAddress? { file.server.flatMap { ServerAddress($0) } }

    /// The certificate that was pinned for a server.
    public func pin(of server: ServerAddress) -> CertificateFingerprint? {
        file.certificates?["\(server)"].flatMap { CertificateFingerprint($0) }
    }

    /// Makes a server the usual one.
    public mutating func use(_ server: ServerAddress) throws(ClientFailure) {
        file.server = "\(server)"
        try save()
    }

    /// From now on this server must show this certificate.
    public mutating func pin(_ fingerprint: CertificateFingerprint, for server: ServerAddress) throws(ClientFailure) {
        file.certificates = (file.certificates ?? [:]).merging(["\(server)": "SHA256:\(fingerprint)"]) { $1 }
        try save()
    }

    private func save() throws(ClientFailure) {
        if let path { try Directories.write(file, to: path) }
    }

    /// The certificate of a server that keeps its state in the same directory: whoever can write there can change what
    /// this program remembers, too. Only for this machine's own addresses.
    public static func ownCertificate(of server: ServerAddress, in directory: String) -> CertificateFingerprint? {
        guard server.isThisMachine,
            let pem = FileManager.default.contents(atPath: directory + "/own-certificate.pem")
        else { return nil }
        return CertificateFingerprint(pem: Array(pem))
    }
}
