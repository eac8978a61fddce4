// How many write calls a commit takes.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore

/// Commits 500 events at once and prints `500 CALLS`, where each of them takes a page at least.
func countWrites(directory: String) throws {
    let store = try SQLiteStore(SQLiteSettings(directory: directory))
    let id = PasteID(high: 1, low: 1)
    let author = Author(rawValue: 1)
    let origin = Cursor(seq: 0, tag: 1)
    let sink = Committed()
    store.submit([.create(id, generation: 1, at: 0, expiresAt: .max)], answersTo: sink)
    _ = sink.take()
    var head = origin
    let events = (UInt64(1)...500).map { ref in
        head = head.advanced(by: author, ref: ref)
        return Event(cursor: head, at: 0, author: author, ref: ref, body: .append(item: ref, text: Text("text")))
    }
    let before = try writeCalls()
    store.submit([.commit(id, expected: origin, events: events)], answersTo: sink)
    guard case .success(head)? = sink.take() else { return print("not committed") }
    print(events.count, try writeCalls() - before)
    store.close()
}

/// Write calls of this process so far (proc(5), `/proc/pid/io`).
private func writeCalls() throws -> Int {
    let lines = try String(contentsOfFile: "/proc/self/io", encoding: .utf8).split(separator: "\n")
    let words = lines.first { $0.hasPrefix("syscw:") }?.split(separator: " ") ?? []
    return words.last.flatMap { Int($0) } ?? 0
}
