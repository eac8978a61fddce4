import Foundation
import GRDB
import PasteModel
import PasteStore

/// Works off the readers' line with a connection of its own, which sees what is committed and never waits for
/// a transaction that is being written. Confined to its thread.
struct Reader {
    let db: Database
    let lines: RequestLines
    let settings: SQLiteSettings
    let recent: RecentPastes

    /// Runs until `isDone` and the line is empty.
    func run(until isDone: () -> Bool) {
        while true {
            // Asked before taking: what was passed on before the end is still answered.
            let isLast = isDone()
            let reads = lines.takeReads()
            for read in reads {
                let answer = answer(read.request)
                lines.answered(read)
                read.sink.deliver([answer])
            }
            guard reads.isEmpty else { continue }
            if isLast { return }
            lines.waitForReads()
        }
    }

    private func answer(_ request: StoreRequest) -> StoreAnswer {
        do {
            // Asked before the transaction: see `RecentPastes`.
            let mayHaveRecent = request.paste.map(recent.contains) ?? false
            var answer = request.failed(.gone)
            // Several statements, one state: the transaction holds one snapshot of the database.
            try db.inTransaction(.deferred) {
                answer = try read(request, mayHaveRecent)
                return .commit
            }
            return answer
        } catch {
            return request.failed(StoreError(error, file: settings.file))
        }
    }

    private func read(_ request: StoreRequest, _ mayHaveRecent: Bool) throws -> StoreAnswer {
        switch request {
        case .open(let id):
            guard let rows = try StoredRows(db, id, mayHaveRecent: mayHaveRecent) else { return request.failed(.gone) }
            return .opened(id, .success(try rows.stored(limits: settings.limits)))
        case .changes(let id, let after, let limit):
            guard let rows = try StoredRows(db, id, mayHaveRecent: mayHaveRecent) else { return request.failed(.gone) }
            return .changes(id, after: after, .success(try rows.changes(after: after, limit: limit)))
        case .create, .commit, .checkpoint, .remove, .expiring:
            return request.failed(.unavailable("A write came to the reader."))
        }
    }
}
