// What SQLite's errors mean to those who asked. One place.

import Foundation
import GRDB
import PasteModel

extension StoreError {
    /// The answer for an error of the database. To be made right after it, on the same thread.
    /// - Parameter file: The database's path, for the sentence.
    init(_ error: any Error, file: String) {
        let cause = errno
        switch error {
        case let error as StoreError: self = error
        case let error as DamagedRecord: self = .corrupt("The database \(file) \(error.what).")
        case let error as DatabaseError: self.init(error, cause: cause, file: file)
        default: self = .unavailable("The database \(file) failed: \(error)")
        }
    }

    private init(_ error: DatabaseError, cause: Int32, file: String) {
        let reason = error.message ?? "\(error.extendedResultCode)"
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_NOMEM:
            self = .full
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .busy
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_CONSTRAINT:
            // What is written never breaks a constraint, unless a row stands there that nobody has written.
            self = .corrupt("The database \(file) is damaged: \(reason).")
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_WRITE && Self.isOutOfSpace(cause):
            // A write of the log that was cut short: its commit mark, the last thing written, is not there.
            // SQLite itself knows ENOSPC; a quota and the limit of a file's size look like any other error to
            // it, and `sqlite3_system_errno` is not set when a COMMIT fails.
            self = .full
        case .SQLITE_IOERR:
            self = .unavailable("The database \(file) can't be read or written: \(reason).")
        default:
            self = .unavailable("The database \(file) failed: \(reason).")
        }
    }

    private static func isOutOfSpace(_ cause: Int32) -> Bool {
        [ENOSPC, EFBIG, EDQUOT].contains(cause)
    }
}
