// The embedded store: one SQLite database in WAL mode, a thread that writes, one that copies the log into the database, and
// one that reads.
//
// Stated bound of "gone means gone": the bytes of a removed text are overwritten in every file within
// `SQLiteSettings.erasureDelay` (10 s) plus the time of one pass, at most a minute.

import Foundation
import GRDB
import PasteModel
import PasteStore
import Synchronization

/// Pastes in an SQLite database. Any thread may call it.
public final class SQLiteStore: PasteStore {
    private let lines: RequestLines
    private let health = Health()
    private let threads = DispatchGroup()
    private let file: String

    /// Opens or makes the database, and starts its threads. Blocks on the disk.
    /// - Throws: `SQLiteStoreError`, whose description is a sentence for the operator.
    public init(_ settings: SQLiteSettings) throws(SQLiteStoreError) {
        let lines = RequestLines(settings: settings)
        let health = health
        let files = try DatabaseFiles(settings)
        let (writing, folding, reading) = try files.open()
        self.lines = lines
        file = settings.file

        let recent = RecentPastes()
        let writerIsDone = Flag()
        let folder = LogFolder()
        start("store-writer") {
            writing.writeWithoutTransaction { db in
                Writer(db, lines: lines, settings: settings, health: health, recent: recent, folder: folder).run()
            }
            writerIsDone.set()
            lines.wakeReader()
        }
        start("store-folder") {
            folding.writeWithoutTransaction { folder.run($0) }
            try? folding.close()
            folder.hasEnded()
        }
        start("store-reader") {
            reading.writeWithoutTransaction { db in
                Reader(db: db, lines: lines, settings: settings, recent: recent).run { writerIsDone.isSet }
            }
            try? reading.close()
            try? writing.close()
            files.unlock()
        }
    }

    deinit {
        lines.close()
    }

    /// Hands requests over. Refusals for want of room are delivered before this returns.
    public func submit(_ requests: [StoreRequest], answersTo sink: any StoreSink) {
        let refused = lines.accept(requests, sink: sink)
        if !refused.isEmpty { sink.deliver(refused) }
    }

    /// Whether the database can be read and written, by the last attempt.
    public var status: StoreStatus { health.status }

    /// What the threads have done, the lines and the files hold.
    public var figures: StoreFigures {
        var figures = health.figures
        (figures.queuedRequests, figures.queuedBytes) = lines.queued
        figures.databaseBytes = size(of: file)
        figures.logBytes = size(of: file + "-wal")
        return figures
    }

    private func size(of path: String) -> Int {
        var facts = stat()
        return unsafe stat(path, &facts) == 0 ? Int(facts.st_size) : 0
    }

    /// Lets no more requests in, decides and answers those that wait, folds the log into the database, and gives
    /// the database free for another process. Blocks until that is done; again is harmless.
    public func close() {
        lines.close()
        threads.wait()
    }

    private func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let threads = threads
        threads.enter()
        let thread = Thread {
            body()
            threads.leave()
        }
        thread.name = name
        thread.start()
    }
}

/// The store's health, told by its threads.
final class Health: Sendable {
    private let state = Mutex(StoreStatus.ready)
    private let counted = Mutex(StoreFigures())

    var status: StoreStatus { state.withLock { $0 } }
    var figures: StoreFigures { counted.withLock { $0 } }

    /// A group of so many writing requests was decided.
    func decided(_ requests: Int, in duration: Duration) {
        let (seconds, attoseconds) = duration.components
        counted.withLock { figures in
            figures.groups.add(UInt64(clamping: requests))
            figures.commits.add(UInt64(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
        }
    }

    /// The bytes of what was removed are overwritten.
    func erased() {
        counted.withLock { $0.erasures += 1 }
    }

    func report(_ status: StoreStatus) {
        state.withLock { $0 = status }
    }
}

/// One thread tells another that it is done.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() {
        value.store(true, ordering: .releasing)
    }
}
