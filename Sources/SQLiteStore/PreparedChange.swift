// The statements that are run for every event or item. GRDB makes each argument an object and asks its observers about each statement,
// which cost more than SQLite's own work on a row: these bind what they are given, and nobody observes the store.

import GRDB
import GRDBSQLite

/// A prepared INSERT or DELETE. Confined to its connection's thread, and gone before the connection is closed.
@safe
final class PreparedChange {
    // Ours alone from `init` to `deinit`.
    private let statement: OpaquePointer
    private let connection: OpaquePointer

    init(_ db: Database, _ sql: String) throws(DatabaseError) {
        guard let connection = unsafe db.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the database is closed")
        }
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement = unsafe statement else {
            throw unsafe DatabaseError(code, on: connection)
        }
        unsafe self.statement = statement
        unsafe self.connection = connection
    }

    deinit {
        _ = unsafe sqlite3_finalize(statement)
    }

    /// Carries it out with `integers`, nil as NULL, for its first parameters and `blob` for the one behind them.
    func run<let count: Int>(_ integers: [count of Int64?], _ blob: [UInt8]?) throws(DatabaseError) {
        try bind(integers)
        guard let blob else {
            try check(unsafe sqlite3_bind_null(statement, Int32(count + 1)))
            return try step()
        }
        // Safe: the pointer is used by one step, behind which the binding is gone, and so is the closure.
        let result = unsafe blob.withUnsafeBytes { bytes in
            // Not copied by SQLite, since the buffer outlives the step.
            let code = unsafe sqlite3_bind_blob64(
                statement, Int32(count + 1), bytes.baseAddress, UInt64(bytes.count), nil)
            return Result { () throws(DatabaseError) in
                try check(code)
                try step()
            }
        }
        try result.get()
    }

    /// Carries it out with integers only.
    func run<let count: Int>(_ integers: [count of Int64?]) throws(DatabaseError) {
        try bind(integers)
        try step()
    }

    private func bind<let count: Int>(_ integers: [count of Int64?]) throws(DatabaseError) {
        for index in 0..<count {
            if let integer = integers[index] {
                try check(unsafe sqlite3_bind_int64(statement, Int32(index + 1), integer))
            } else {
                try check(unsafe sqlite3_bind_null(statement, Int32(index + 1)))
            }
        }
    }

    /// What is not bound would be inserted as NULL.
    private func check(_ code: Int32) throws(DatabaseError) {
        guard code == SQLITE_OK else { throw unsafe DatabaseError(code, on: connection) }
    }

    private func step() throws(DatabaseError) {
        let code = unsafe sqlite3_step(statement)
        let error = code == SQLITE_DONE ? nil : unsafe DatabaseError(code, on: connection)
        _ = unsafe sqlite3_reset(statement)
        _ = unsafe sqlite3_clear_bindings(statement)
        if let error { throw error }
    }
}

extension DatabaseError {
    /// What a call that has just failed says.
    fileprivate init(_ code: Int32, on connection: OpaquePointer) {
        let message = unsafe String(cString: sqlite3_errmsg(connection))
        self.init(resultCode: ResultCode(rawValue: code), message: message)
    }
}
