// Copying the log into the database beside the commits. SQLite's own way is to do it in the commit that finds the log
// full, and everybody's appends wait: 25 ms for 16 MiB.
//
//     writer   a commit finds the log full              -> the folder begins
//     folder   copies what is in the log; commits go on -> what has come meanwhile is left
//     writer   copies the rest, which is little         -> the next commit begins the log anew
//
// Nobody waits for a reader whose snapshot is older (a backup): what it needs stays in the log, and the round begins again.

import CSQLiteLog
import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// Copies the log on a thread of its own, with a connection of its own.
final class LogFolder: Sendable {
    private let state = Mutex(State.idle)
    private let wakeup = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    enum State {
        case idle, copying, copied, closed
    }

    /// Runs until it is closed. What fails shows to the writer, too, when it copies the rest.
    func run(_ db: Database) {
        while true {
            wakeup.wait()
            guard state.withLock({ $0 }) == .copying else { return }
            _ = try? db.checkpoint(.passive)
            state.withLock { if $0 == .copying { $0 = .copied } }
        }
    }

    /// The thread is through, and its connection is closed.
    func hasEnded() {
        ended.signal()
    }

    /// For the writer after its commits.
    /// - Parameter isFull: Whether they found the log full.
    /// - Returns: Whether the rest is to be copied now.
    func advance(isFull: Bool) -> Bool {
        state.withLock { state in
            switch state {
            case .idle where isFull:
                state = .copying
                wakeup.signal()
                return false
            case .copied:
                // No longer full, it was emptied otherwise.
                state = .idle
                return isFull
            case .idle, .copying, .closed: return false
            }
        }
    }

    /// Waits until the thread has ended.
    func close() {
        state.withLock { $0 = .closed }
        wakeup.signal()
        ended.wait()
    }
}

/// How many pages the log held behind a connection's latest commit. While it is there, those commits copy nothing. Confined
/// to the connection's thread, and gone before the connection.
@safe final class LogPages {
    private let connection: OpaquePointer?
    /// SQLite writes to it within each commit.
    private let pages: UnsafeMutablePointer<Int32>

    init(_ db: Database) {
        unsafe connection = db.sqliteConnection
        unsafe pages = .allocate(capacity: 1)
        unsafe pages.initialize(to: 0)
        if let connection = unsafe connection { unsafe pasted_count_log(connection, pages) }
    }

    deinit {
        if let connection = unsafe connection { _ = unsafe sqlite3_wal_hook(connection, nil, nil) }
        unsafe pages.deallocate()
    }

    var count: Int { unsafe Int(pages.pointee) }
}
