// The directory of all that a server must find again.

import FoundationEssentials
import Glibc

/// The state directory: only its owner may look into it.
struct StateDirectory {
    let path: String
    /// Who owns it.
    var lock: Predecessor { Predecessor(lockFile: path + "/pasted.lock") }

    /// Opens the directory; makes it when it is not there.
    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// The server's secret, 32 bytes: made by the system's secure generator at the first start. Whoever loses it
    /// loses every paste, since ids are hashed with it.
    func secret() throws -> [UInt8] {
        let file = path + "/secret"
        if FileManager.default.fileExists(atPath: file) {
            let secret = try [UInt8](Data(contentsOf: URL(filePath: file)))
            guard secret.count == 32 else { throw DamagedSecret(file: file) }
            return secret
        }
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try write(secret, to: file)
        return secret
    }

    /// Writes a file that is there whole or not at all, readable by its owner only.
    private func write(_ bytes: [UInt8], to file: String) throws {
        let draft = file + ".new"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count, fsync(descriptor) == 0, unsafe rename(draft, file) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        // The name is durable with its directory.
        let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(directory) }
        guard directory >= 0, fsync(directory) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }
}

/// The secret's file is not what was written: guessing on would open nobody's paste.
struct DamagedSecret: Error, CustomStringConvertible {
    let file: String

    var description: String { "\(file) is damaged: it must hold 32 bytes. Restore it from a backup." }
}
