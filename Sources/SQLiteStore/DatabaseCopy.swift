// A copy of the database while a server works on it: one state, no page that is not in use.

import Foundation
import GRDB
import PasteModel

/// Copies of a database. Blocks on the disk.
public enum DatabaseCopy {
    /// Writes a copy of the database in `settings.directory` into another directory that exists, then opens it
    /// once: so what is due for erasing is erased in it, and a copy that can not be opened is not taken for one.
    ///
    /// The copy holds everything that was acknowledged before the call. A server that works on the database
    /// meanwhile goes on; its log is not emptied before the copy is done.
    /// - Throws: `SQLiteStoreError`.
    public static func write(_ settings: SQLiteSettings, into directory: String) throws(SQLiteStoreError) {
        var copy = settings
        copy.directory = directory
        do {
            guard FileManager.default.fileExists(atPath: settings.file) else {
                throw SQLiteStoreError.unreadable(file: settings.file, reason: "there is no such file")
            }
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(DatabaseFiles.busySeconds)
            let source = try DatabaseQueue(path: settings.file, configuration: configuration)
            try source.writeWithoutTransaction { db in
                try db.execute(sql: "VACUUM INTO ?", arguments: [copy.file])
            }
            try source.close()
        } catch {
            if let error = error as? SQLiteStoreError { throw error }
            throw .unreadable(file: settings.file, reason: (error as? DatabaseError)?.message ?? "\(error)")
        }
        try SQLiteStore(copy).close()
    }
}
