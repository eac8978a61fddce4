// Who this computer is to a server. A paste remembers a bounded number of devices, so a script that runs every minute
// must not be somebody new each time; and a device has one connection, so commands that run side by side must not be
// the same one. Hence a few devices in files, each locked by the command that uses it.

import FoundationEssentials
import PasteModel
import PasteProtocol
import Reactor

/// A device that is ours while this value lives.
public struct DeviceSlot: Sendable {
    /// Its secret.
    public let secret: ClientSecret
    /// A number for its first request: above all that it used before.
    public let firstRef: UInt64
    private let lock: FileLock?

    /// Commands that run at once and still are known devices; more of them are new ones.
    private static let slots = 16

    private struct File: Codable {
        var client: String
        var lastStart: UInt64
    }

    /// Takes the first device that nobody uses; a new one where no file can be had.
    /// - Parameter microseconds: Since 1970. Refs begin there: no device sends a million requests a second, so each
    ///   command's refs are above those of the one before. A clock that was set back makes a new device.
    public init(_ directories: Directories?, microseconds: UInt64) {
        if let directories {
            let folder = directories.state + "/devices"
            try? Directories.makeParent(of: folder + "/0")
            for number in 1...Self.slots {
                let path = "\(folder)/\(number)"
                guard let lock = try? FileLock(path + ".lock") else { continue }
                let found = try? Directories.read(File.self, from: path)
                var file = File(client: "", lastStart: 0)
                if let found, found.lastStart < microseconds { file = found }
                let secret = ClientSecret(hexadecimal: Array(file.client.utf8)) ?? Self.draw(&file)
                file.lastStart = microseconds
                guard (try? Directories.write(file, to: path)) != nil else { break }
                (self.secret, firstRef, self.lock) = (secret, microseconds, lock)
                return
            }
        }
        var file = File(client: "", lastStart: 0)
        (secret, firstRef, lock) = (Self.draw(&file), microseconds, nil)
    }

    private static func draw(_ file: inout File) -> ClientSecret {
        var random = SystemRandomNumberGenerator()
        let (high, low): (UInt64, UInt64) = (random.next(), random.next())
        file.client = [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
        return ClientSecret(high: high, low: low)
    }
}
