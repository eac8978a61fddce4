// What SQLite's errors mean to those who asked. One place.

import Foundation
import GRDB
import GRDBSQLite
import PasteModel

extension StoreError {
    /// The answer for an error of the database.
    /// - Parameters:
    ///   - db: The connection on which it happened, right after it.
    ///   - file: The database's path, for the sentence.
    init(_ error: any Error, on db: Database, file: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DamagedRecord: self = .corrupt("The database \(file) \(error.what).")
        case let error as DatabaseError: self.init(error, on: db, file: file)
        default: self = .unavailable("The database \(file) failed: \(error)")
        }
    }

    private init(_ error: DatabaseError, on db: Database, file: String) {
        let reason = error.message ?? "\(error.extendedResultCode)"
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_NOMEM:
            self = .full
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .busy
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT:
            self = .corrupt("The database \(file) is damaged: \(reason).")
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_WRITE && Self.isOutOfSpace(db):
            // A write of the log that was cut short: its commit mark, the last thing written, is not there.
            // SQLite knows ENOSPC itself; a quota and the limit of a file's size look like any other error.
            self = .full
        case .SQLITE_IOERR_FSYNC, .SQLITE_IOERR:
            self = .unavailable("The database \(file) can't be read or written: \(reason).")
        default:
            self = .unavailable("The database \(file) failed: \(reason).")
        }
    }

    private static func isOutOfSpace(_ db: Database) -> Bool {
        [ENOSPC, EFBIG, EDQUOT].contains(unsafe sqlite3_system_errno(db.sqliteConnection))
    }
}
