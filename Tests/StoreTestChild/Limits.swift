// What a store does when the system says no.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Synchronization

/// One answer, waited for.
final class CountingBox: Sendable {
    private let value = Mutex<StoredPaste?>(nil)
    private let wake = DispatchSemaphore(value: 0)

    func put(_ new: StoredPaste?) {
        value.withLock { $0 = new }
        wake.signal()
    }

    func take() -> StoredPaste? {
        wake.wait()
        return value.withLock { $0 }
    }
}

/// The result of one commit, waited for.
final class Committed: StoreSink {
    private let value = Mutex<Result<Cursor, StoreError>?>(nil)
    private let wake = DispatchSemaphore(value: 0)

    func deliver(_ answers: [StoreAnswer]) {
        for answer in answers {
            switch answer {
            case .committed(_, _, let result): value.withLock { $0 = result }
            case .created(_, _, let result): value.withLock { $0 = result.map(\.cursor) }
            default: continue
            }
        }
        wake.signal()
    }

    func take() -> Result<Cursor, StoreError>? {
        wake.wait()
        return value.withLock { $0 }
    }
}

/// Writes under a limit of file size until it is full, checks that reading goes on, lifts the limit and checks
/// that it recovers. Prints one line per finding; the last is `recovered`.
func fillToTheLimit(directory: String) throws {
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit()
    unsafe getrlimit(__rlimit_resource_t(1), &limit)
    let before = limit
    limit.rlim_cur = 2 << 20
    unsafe setrlimit(__rlimit_resource_t(1), &limit)

    let store = try SQLiteStore(SQLiteSettings(directory: directory))
    let id = PasteID(high: 1, low: 1)
    let author = Author(rawValue: 1)
    let text = Text(String(repeating: "f", count: 50_000))
    ask(store, .create(id, generation: 1, at: 0, expiresAt: .max))
    var head = Cursor(seq: 0, tag: 1)
    var failed: StoreRequest?
    for ref in UInt64(1)...200 where failed == nil {
        let next = head.advanced(by: author, ref: ref)
        let event = Event(cursor: next, at: 0, author: author, ref: ref, body: .append(item: ref, text: text))
        let request = StoreRequest.commit(id, expected: head, events: [event])
        switch ask(store, request) {
        case .success: head = next
        case .failure(let error):
            print("\(error) after \(head.seq > 5 ? "some" : "too few")")
            failed = request
        case nil: print("no answer")
        }
    }
    print(read(store, id) == head ? "reads go on" : "reads fail")
    if case .degraded = store.status { print("degraded") }
    limit = before
    unsafe setrlimit(__rlimit_resource_t(1), &limit)
    if let failed, case .success(let cursor)? = ask(store, failed), read(store, id) == cursor, store.status == .ready {
        print("recovered")
    }
    store.close()
}

@discardableResult
private func ask(_ store: SQLiteStore, _ request: StoreRequest) -> Result<Cursor, StoreError>? {
    let sink = Committed()
    store.submit([request], answersTo: sink)
    return sink.take()
}

private func read(_ store: SQLiteStore, _ id: PasteID) -> Cursor? {
    let opened = Opened()
    store.submit([.open(id)], answersTo: opened)
    return opened.take()?.events.last?.cursor
}

/// Opens without the rights of root and prints what the operator would be told.
func openAsNobody(directory: String) {
    if geteuid() == 0 { setuid(65_534) }
    do {
        try SQLiteStore(SQLiteSettings(directory: directory)).close()
        print("opened")
    } catch {
        print(error)
    }
}
