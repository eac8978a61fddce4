// The writing thread: group commit, and between the groups what must not wait for ever.

import Foundation
import GRDB
import PasteModel
import PasteStore

/// Works off the writers' line. Confined to its thread.
final class Writer {
    private let db: Database
    private let ledger: Ledger
    private let lines: RequestLines
    private let settings: SQLiteSettings
    private let health: Health
    private let folder: LogFolder
    private let logPages: LogPages
    /// Pastes whose rows did not add up: answered without trying again, so that they don't slow down the others.
    private var damaged: [PasteID: StoreError] = [:]
    /// When the bytes of what was removed must be overwritten.
    private var scrubAt: ContinuousClock.Instant?
    private let clock = ContinuousClock()

    /// Damaged pastes that are remembered.
    private static let rememberedDamaged = 10_000
    /// The pause before a scrub that failed is tried again.
    private static let retryDelay: Duration = .seconds(1)

    init(
        _ db: Database, lines: RequestLines, settings: SQLiteSettings, health: Health, recent: RecentPastes,
        folder: LogFolder
    ) {
        self.db = db
        self.lines = lines
        self.settings = settings
        self.health = health
        self.folder = folder
        ledger = Ledger(db, settings: settings, recent: recent)
        logPages = LogPages(db)
    }

    /// Runs until the lines are closed and empty.
    func run() {
        // So that readers know soon; else the first event asks.
        try? ledger.recent.load()
        while true {
            let group = lines.takeGroup()
            if !group.isEmpty {
                let start = clock.now
                let answers = write(group)
                let writes = group.count { !$0.request.isRead }
                if writes > 0 { health.decided(writes, in: start.duration(to: clock.now)) }
                lines.decided(group)
                deliver(answers, of: group)
                lines.delivered(group)
                while ledger.recent.isFull, settle() {}
                foldWhenFull()
            }
            let isScrubDue = maintain()
            guard group.isEmpty, !isScrubDue else { continue }
            if lines.isClosed { break }
            lines.waitForWrites(at: scrubAt.map { max(.zero, clock.now.duration(to: $0)) })
        }
        finish()
    }

    // MARK: Group commit

    /// One transaction for all; when it fails, one each, so that a request fails alone.
    private func write(_ group: [Ticket]) -> [StoreAnswer?] {
        guard group.contains(where: { !$0.request.isRead }) else { return group.map { _ in nil } }
        do throws(TransactionFailure) {
            let answers = try transaction { try group.map { try perform($0.request) } }
            health.report(damaged.isEmpty ? .ready : damagedStatus)
            return answers
        } catch {
            guard group.count > 1, !error.isCommit else { return group.map { refusal($0.request, error.reason) } }
        }
        var hopeless: StoreError?
        return group.map { ticket in
            if let hopeless { return refusal(ticket.request, hopeless) }
            do throws(TransactionFailure) {
                return try transaction { try perform(ticket.request) }
            } catch {
                if case .corrupt = error.reason {} else { hopeless = error.reason }
                return refusal(ticket.request, error.reason)
            }
        }
    }

    /// The answer; nil for a read, which is answered elsewhere.
    private func perform(_ request: StoreRequest) throws -> StoreAnswer? {
        guard !request.isRead else { return nil }
        if let paste = request.paste, let error = damaged[paste] {
            // A damaged paste can still be removed, if that much of it can be read.
            guard case .remove = request else { return request.failed(error) }
        }
        let answer = try ledger.perform(request)
        if case .removed(let paste, .success) = answer { damaged[paste] = nil }
        return answer
    }

    private func refusal(_ request: StoreRequest, _ reason: StoreError) -> StoreAnswer? {
        guard !request.isRead else { return nil }
        if case .corrupt = reason, let paste = request.paste, damaged.count < Self.rememberedDamaged {
            damaged[paste] = reason
        }
        return request.failed(reason)
    }

    private struct TransactionFailure: Error {
        let reason: StoreError
        /// Whether it happened while the transaction was made durable: then no part of it can be tried alone,
        /// because it is not known whether the whole took place.
        let isCommit: Bool
    }

    private func transaction<Result>(_ body: () throws -> Result) throws(TransactionFailure) -> Result {
        var isCommit = false
        do {
            try db.beginTransaction(.immediate)
            let result = try body()
            isCommit = true
            try db.commit()
            return result
        } catch {
            let reason = StoreError(error, file: settings.file)
            undo(reason)
            // Out of space is known to have changed nothing, at whatever instant it shows.
            throw TransactionFailure(reason: reason, isCommit: isCommit && reason != .full)
        }
    }

    private func undo(_ reason: StoreError) {
        try? db.rollback()
        ledger.forget()
        switch reason {
        case .full:
            health.report(.degraded("No space is left for the database \(settings.file): nothing can be kept."))
            // The log's pages may fit into the database, and its space may be all that is needed.
            _ = try? db.checkpoint(.truncate)
        case .busy: health.report(.degraded("The database \(settings.file) is locked by another program."))
        case .corrupt: health.report(damagedStatus)
        case .unavailable(let why): health.report(.down(why))
        case .gone, .exists, .conflict: break
        }
    }

    private var damagedStatus: StoreStatus {
        .degraded("Part of the database \(settings.file) is damaged; the pastes in it are not served.")
    }

    private func deliver(_ answers: [StoreAnswer?], of group: [Ticket]) {
        var start = 0
        while start < group.count {
            let submission = group[start].submission
            let end = group[start...].firstIndex { $0.submission != submission } ?? group.count
            let own = answers[start..<end].compactMap(\.self)
            if !own.isEmpty { group[start].sink.deliver(own) }
            start = end
        }
    }

    // MARK: Recent events

    /// Moves a share of the recent events to their pastes' others, in one transaction; when it fails for what is damaged, in
    /// one for each paste.
    /// - Returns: Whether some were moved, or set aside as damaged.
    private func settle() -> Bool {
        let recent = ledger.recent
        guard let share = try? recent.nextShare(), let last = share.last?.paste else { return false }
        do throws(TransactionFailure) {
            try transaction { for (paste, _) in share { try recent.settle(paste) } }
        } catch {
            guard case .corrupt = error.reason else { return false }
            for (paste, id) in share where !settle(paste, id) { return false }
        }
        recent.moved(through: last)
        return true
    }

    /// - Returns: False: it can't be done now, for no reason of this paste.
    private func settle(_ paste: Int64, _ id: PasteID?) -> Bool {
        do throws(TransactionFailure) {
            try transaction { try ledger.recent.settle(paste) }
        } catch {
            guard case .corrupt = error.reason else { return false }
            ledger.recent.leave(paste)
            if let id, damaged.count < Self.rememberedDamaged { damaged[id] = error.reason }
        }
        return true
    }

    // MARK: The log

    /// Has the log copied into the database when it is full, so that it begins anew.
    private func foldWhenFull() {
        guard folder.advance(isFull: logPages.count >= settings.walPages) else { return }
        // What fails is tried again in the next round, as SQLite itself does it.
        _ = try? db.checkpoint(.passive)
    }

    // MARK: Leaving no bytes

    /// Does one step of erasing, if its time has come.
    /// - Returns: Whether another step is due at once.
    private func maintain() -> Bool {
        guard ledger.leavesBytes else { return false }
        guard let due = scrubAt else {
            scrubAt = clock.now + settings.erasureDelay
            return false
        }
        guard clock.now >= due else { return false }
        do {
            // What can't be erased keeps nothing else in the log.
            let erased = Swift.Result { try eraseNext() }
            if case .success(true) = erased { return true }
            try foldLog()
            _ = try erased.get()
            ledger.scrubbed()
            health.erased()
            scrubAt = nil
        } catch {
            // A reader, a lock or a full disk: again soon, as nobody waits for an answer.
            scrubAt = clock.now + Self.retryDelay
        }
        return false
    }

    /// Erases the removed texts of one paste.
    private func eraseNext() throws -> Bool {
        let waiting = try ledger.pastesToErase(limit: damaged.count + 1)
        guard let paste = waiting.first(where: { damaged[$0] == nil }) else { return false }
        do throws(TransactionFailure) {
            try transaction { try ledger.materialise(paste) }
        } catch {
            guard case .corrupt = error.reason else { throw error }
            damaged[paste] = error.reason
        }
        return true
    }

    /// Copies the log into the database and empties it. Somebody who reads meanwhile (a backup) is not waited
    /// for, since appends would wait, too: it throws, and is tried again.
    private func foldLog() throws {
        try db.execute(sql: "PRAGMA busy_timeout = 0")
        defer { try? db.execute(sql: "PRAGMA busy_timeout = \(Int(DatabaseFiles.busySeconds * 1_000))") }
        try db.checkpoint(.truncate)
    }

    private func finish() {
        folder.close()
        do {
            if ledger.leavesBytes {
                while try eraseNext() {}
            }
            while settle() {}
            try db.checkpoint(.truncate)
        } catch {
            health.report(.degraded("The log of \(settings.file) could not be folded in; the next start does it."))
        }
    }
}
