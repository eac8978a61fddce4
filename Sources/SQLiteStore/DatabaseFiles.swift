// The files on disk: their modes, the lock that keeps a second server out, and the three connections.

import CSQLiteLog
import Foundation
import GRDB
import GRDBSQLite
import PasteModel

/// The directory of one database, locked for this process from `init` to `unlock`.
final class DatabaseFiles: Sendable {
    private let settings: SQLiteSettings
    private let lock: Int32

    /// Seconds that a connection waits for a lock that another program holds.
    static let busySeconds: TimeInterval = 5

    init(_ settings: SQLiteSettings) throws(SQLiteStoreError) {
        self.settings = settings
        try Self.makeDirectory(settings.directory)
        lock = try Self.openFile(settings.lockFile, in: settings.directory)
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(lock)
            throw .inUse(file: settings.file)
        }
        // What an owner that is gone wrote into it for its successor.
        ftruncate(lock, 0)
        do {
            // SQLite gives the log and its index the mode of the database.
            Glibc.close(try Self.openFile(settings.file, in: settings.directory))
        } catch {
            Glibc.close(lock)
            throw error
        }
    }

    /// The connections of the threads.
    func open() throws(SQLiteStoreError) -> (writing: DatabaseQueue, folding: DatabaseQueue, reading: DatabaseQueue) {
        do {
            guard pasted_prepare_sqlite() == SQLITE_OK else {
                throw SQLiteStoreError.unreadable(file: settings.file, reason: "SQLite refused to start")
            }
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.busySeconds)
            configuration.label = "store-writer"
            let writing = try DatabaseQueue(path: settings.file, configuration: configuration)
            try writing.writeWithoutTransaction { db in
                try Schema.configure(db)
                try Schema.prepare(db, file: settings.file)
            }
            configuration.label = "store-folder"
            let folding = try DatabaseQueue(path: settings.file, configuration: configuration)
            // What is copied has to last before the log begins anew.
            try folding.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            configuration.readonly = true
            configuration.label = "store-reader"
            return (writing, folding, try DatabaseQueue(path: settings.file, configuration: configuration))
        } catch {
            unlock()
            if let error = error as? SQLiteStoreError { throw error }
            let reason = (error as? DatabaseError)?.message ?? "\(error)"
            throw .unreadable(file: settings.file, reason: reason)
        }
    }

    /// Lets another process open the database.
    func unlock() {
        Glibc.close(lock)
    }

    private static func makeDirectory(_ path: String) throws(SQLiteStoreError) {
        guard !FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .directory(path: path, reason: error.localizedDescription)
        }
    }

    private static func openFile(_ path: String, in directory: String) throws(SQLiteStoreError) -> Int32 {
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .directory(path: directory, reason: unsafe String(cString: strerror(errno)))
        }
        // Also when it was made before with another mode.
        fchmod(descriptor, 0o600)
        return descriptor
    }
}
