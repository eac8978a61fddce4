// One-event commits per second, grouped as busy shards would group them.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Synchronization

/// Counts answers and wakes the one who waits for a number of them.
final class CountingSink: StoreSink {
    private let state = Mutex((answered: 0, failed: 0))
    private let wake = DispatchSemaphore(value: 0)

    func deliver(_ answers: [StoreAnswer]) {
        let failed = answers.count { answer in
            switch answer {
            case .committed(_, _, .success), .created(_, _, .success): false
            default: true
            }
        }
        state.withLock {
            $0.answered += answers.count
            $0.failed += failed
        }
        wake.signal()
    }

    func wait(for count: Int) {
        while state.withLock({ $0.answered < count }) { wake.wait() }
    }

    var failed: Int { state.withLock { $0.failed } }
}

/// - Parameter directory: Of the database; nil measures `MemoryStore`.
func measure(directory: String?) throws {
    let pastes = 100
    let rounds = 2_000
    let text = Text("a line of text as people send them, with some sixty bytes in it")
    let sqlite = try directory.map { try SQLiteStore(SQLiteSettings(directory: $0)) }
    let store: any PasteStore = sqlite ?? MemoryStore()
    let sink = CountingSink()
    var heads: [Cursor] = []
    for paste in 0..<pastes {
        store.submit(
            [.create(id(paste), generation: UInt64(paste), at: 0, expiresAt: .max)], answersTo: sink)
        heads.append(Cursor(seq: 0, tag: UInt64(paste)))
    }
    sink.wait(for: pastes)

    // Every round is one event of each paste in one submit: about 100 per transaction. Two rounds are under
    // way, as when the next tick comes while the store writes.
    let clock = ContinuousClock()
    let start = clock.now
    for round in 0..<rounds {
        var requests: [StoreRequest] = []
        for paste in 0..<pastes {
            let expected = heads[paste]
            let author = Author(rawValue: UInt64(paste))
            let next = expected.advanced(by: author, ref: UInt64(round + 1))
            let event = Event(
                cursor: next, at: 0, author: author, ref: UInt64(round + 1),
                body: .append(item: UInt64(round + 1), text: text))
            requests.append(.commit(id(paste), expected: expected, events: [event]))
            heads[paste] = next
        }
        store.submit(requests, answersTo: sink)
        sink.wait(for: pastes * round)
    }
    sink.wait(for: pastes * (rounds + 1))
    let seconds = (clock.now - start) / .seconds(1)
    print("\(Int(Double(pastes * rounds) / seconds)) commits/s, \(sink.failed) failed, \(store.status)")
    sqlite?.close()
}

private func id(_ number: Int) -> PasteID { PasteID(high: UInt64(number) &* 0x9e37_79b9_7f4a_7c15, low: 7) }
