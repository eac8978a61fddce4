// `pasted backup FILE`: the database and the secret, as they are at one instant, in one file.
//
// Without the secret no paste of a database can be found, so it is in there: a backup is as secret as the state
// directory. A tar file, so that restoring takes no program of ours.

import ArgumentParser
import FoundationEssentials
import Glibc
import Reactor
import SQLiteStore

/// `pasted backup`.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy all pastes and the secret into one tar file, while the server runs or not.",
        discussion: """
            The file holds everything that was acknowledged before. It opens every paste to whoever reads it: it \
            gets mode 0600, and what is removed or expires later stays in it. A file that exists is never replaced.

            To restore, stop the server and unpack into an empty state directory: tar -xf FILE -C STATE-DIR. \
            Devices that have seen more than the backup holds notice it, and offer their texts again.
            """)

    @Argument(help: "The tar file to make.")
    var file: String
    @Option(help: "The state directory, as for 'serve'.")
    var stateDir: String?
    @Option(help: "JSON file with an object of settings, named like the flags of 'serve'.")
    var config: String?

    func run() async throws {
        hideMemory()
        var source = SettingsSource(try ServeOptions.parse([]), file: config)
        source.flags["state-dir"] = stateDir
        let settings = try Settings(try await FoundSettings(source))
        var facts = stat()
        guard unsafe lstat(file, &facts) != 0 else { throw BackupError(reason: "\(file) exists already.") }

        let draft = file + ".partial"
        guard unsafe mkdir(draft, 0o700) == 0 else {
            throw BackupError(
                reason: "\(draft) can not be made: \(reason). If a backup was cut short, remove it first.")
        }
        defer { try? FileManager.default.removeItem(atPath: draft) }
        var sqlite = SQLiteSettings(directory: settings.stateDirectory)
        sqlite.limits = settings.limits
        try DatabaseCopy.write(sqlite, into: draft)
        let members = [
            ("secret", settings.stateDirectory + "/secret"),
            ("pasted.sqlite", SQLiteSettings(directory: draft).file),
        ]
        try TarFile.write(members, to: draft + "/tar")
        try settle(draft + "/tar")
        print("Everything up to now is in \(file).")
    }

    /// Gives the file its name, if nobody else has taken it meanwhile, for good.
    private func settle(_ draft: String) throws {
        guard unsafe link(draft, file) == 0 else {
            throw BackupError(reason: "\(file) can not be made: \(reason).")
        }
        let slash = file.lastIndex(of: "/")
        let directory = slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw BackupError(reason: "\(directory) can not be made durable: \(reason).")
        }
    }

    private var reason: String { unsafe String(cString: strerror(errno)) }
}

/// Why there is no backup. A sentence for the operator.
struct BackupError: Error, CustomStringConvertible {
    let reason: String

    var description: String { reason }
}
