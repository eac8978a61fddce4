// A new version takes over from a running server without refusing anybody.
//
//     new     reads its settings, certificate and page; listens (a socket of its own beside the old one's, or the
//             one that was passed in): who connects from here on waits in its queue
//     new     asks the old one to end, and waits for the lock on the state directory
//     old     answers what is in flight, sends its devices away, closes the database, gives the lock free
//     new     opens the database and serves
//
// The database has one owner at any time: the lock is the kernel's, and no owner is ever assumed to be gone.

import FoundationEssentials
import Glibc
import Logging
import Reactor
import SQLiteStore

/// The server that owns a state directory now, if there is one.
struct Predecessor {
    let lockFile: String

    /// How often the lock is tried.
    private static let pause: Duration = .milliseconds(10)
    /// What the owner gets for its end beyond the grace period: its log is folded into the database.
    private static let patience: Duration = .seconds(60)

    /// Asks the owner to end.
    /// - Returns: Whether there was one to ask: not one that ends already, or does not serve yet.
    private func askToEnd(_ logger: Logger) throws(SystemError) -> Bool {
        guard let number = owner() else { return false }
        let process = try OtherProcess(number)
        // Between the look at the number and its opening the owner may have gone, and its number to another.
        guard owner() == number else { return false }
        logger.notice("taking over", metadata: ["from": "\(number)"])
        try process.terminate()
        return true
    }

    /// Asks the owner to end, once, and opens the database as soon as nobody else has it.
    /// - Parameter grace: The owner's grace period, as far as we know: ours.
    /// - Throws: `SQLiteStoreError.inUse` when the owner does not end. It goes on serving, once we are gone.
    func succeed(_ settings: SQLiteSettings, grace: Duration, _ logger: Logger) async throws -> SQLiteStore {
        var hasAsked = false
        let end = ContinuousClock.now + grace + Self.patience
        while true {
            do throws(SQLiteStoreError) {
                return try SQLiteStore(settings)
            } catch {
                guard case .inUse = error, ContinuousClock.now < end else { throw error }
            }
            // It may not serve yet, or have gone while we looked: then the next look finds out.
            if !hasAsked { hasAsked = (try? askToEnd(logger)) == true }
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Whether a running server has the lock.
    var isOwned: Bool {
        let descriptor = unsafe open(lockFile, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    /// The number of the process that has the lock and has not begun to end.
    private func owner() -> Int32? {
        // Free: whatever number is there is out of date.
        guard isOwned else { return nil }
        let text = FileManager.default.contents(atPath: lockFile).map { String(decoding: $0, as: UTF8.self) }
        return text?.split(separator: "\n").first.flatMap { Int32($0) }
    }

    /// Says that this process, the owner, serves and can be asked to end: not before a signal would end it in order.
    func enter() {
        try? Data("\(getpid())\n".utf8).write(to: URL(filePath: lockFile))
    }

    /// Says that this process, the owner, has begun to end: a second signal would cut its connections.
    func leave() {
        _ = unsafe truncate(lockFile, 0)
    }
}
