// What the suite needs to talk to any store: a sink that can be waited for, and a writer that knows a log.

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Synchronization
import Testing

/// Collects answers; a test waits for them on its own thread.
final class TestSink: StoreSink {
    private let condition = NSCondition()
    private let answers = Mutex<[StoreAnswer]>([])

    func deliver(_ new: [StoreAnswer]) {
        condition.lock()
        answers.withLock { $0.append(contentsOf: new) }
        condition.broadcast()
        condition.unlock()
    }

    /// The first answers, taken out, when there are that many.
    func take(_ count: Int, within seconds: TimeInterval = 30) -> [StoreAnswer]? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while answers.withLock({ $0.count }) < count {
            guard condition.wait(until: deadline) else { return nil }
        }
        return answers.withLock { answers in
            let taken = Array(answers.prefix(count))
            answers.removeFirst(count)
            return taken
        }
    }
}

/// A store was silent, or answered another question.
struct NoAnswer: Error {}

extension PasteStore {
    /// Asks and waits for the answers, in the order given.
    func ask(_ requests: [StoreRequest]) throws -> [StoreAnswer] {
        let sink = TestSink()
        submit(requests, answersTo: sink)
        guard let answers = sink.take(requests.count) else { throw NoAnswer() }
        return answers
    }

    func create(_ id: PasteID, generation: UInt64, at: Milliseconds = 0, expiresAt: Milliseconds = 1_000) throws
        -> Result<Cursor, StoreError>
    {
        guard
            case .created(id, generation, let result)? = try ask([
                .create(id, generation: generation, at: at, expiresAt: expiresAt)
            ]).first
        else { throw NoAnswer() }
        return result.map(\.cursor)
    }

    /// The expiry that a repeated `create` is told.
    func expiryOfRepeat(_ id: PasteID, generation: UInt64, expiresAt: Milliseconds) throws -> Milliseconds {
        let request = StoreRequest.create(id, generation: generation, at: 0, expiresAt: expiresAt)
        guard case .created(_, _, let result)? = try ask([request]).first else { throw NoAnswer() }
        return try result.get().expiresAt
    }

    func commit(_ id: PasteID, _ expected: Cursor, _ events: [Event]) throws -> Result<Cursor, StoreError> {
        guard
            case .committed(id, expected, let result)? = try ask([.commit(id, expected: expected, events: events)])
                .first
        else { throw NoAnswer() }
        return result
    }

    func open(_ id: PasteID) throws -> Result<StoredPaste, StoreError> {
        guard case .opened(id, let result)? = try ask([.open(id)]).first else { throw NoAnswer() }
        return result
    }

    func changes(_ id: PasteID, after: Cursor, limit: Int = 1_000) throws -> Result<StoredChanges, StoreError> {
        guard case .changes(id, after, let result)? = try ask([.changes(id, after: after, limit: limit)]).first else {
            throw NoAnswer()
        }
        return result
    }

    func checkpoint(_ id: PasteID, _ state: PasteState) throws -> Result<Bool, StoreError> {
        guard case .checkpointed(id, let result)? = try ask([.checkpoint(id, state: state)]).first else {
            throw NoAnswer()
        }
        return result
    }

    func remove(_ id: PasteID, tombstoneUntil: Milliseconds = 10_000) throws {
        guard case .removed(id, let result)? = try ask([.remove(id, tombstoneUntil: tombstoneUntil)]).first else {
            throw NoAnswer()
        }
        try result.get()
    }

    func expiring(before: Milliseconds, limit: Int = 100) throws -> [PasteID] {
        try sweep(before: before, limit: limit).ids
    }

    func sweep(before: Milliseconds, limit: Int = 100) throws -> ExpiredPastes {
        guard case .expiring(let result)? = try ask([.expiring(before: before, limit: limit)]).first else {
            throw NoAnswer()
        }
        return try result.get()
    }
}

/// A shard's view of one paste: makes events that follow each other.
struct LogWriter {
    let id: PasteID
    var state: PasteState
    var events: [Event] = []
    var limits = Limits()
    private var refs: [Author: UInt64] = [:]

    init(_ id: PasteID, generation: UInt64, at: Milliseconds = 0, expiresAt: Milliseconds = 1_000) {
        self.id = id
        state = PasteState(generation: generation, createdAt: at, expiresAt: expiresAt)
    }

    var head: Cursor { state.cursor }

    /// The next event, applied to the state here but told to no store.
    mutating func next(_ body: EventBody, by author: UInt64 = 1) -> Event {
        let author = Author(rawValue: author)
        let ref = (refs[author] ?? 0) + 1
        refs[author] = ref
        let event = Event(
            cursor: head.advanced(by: author, ref: ref), at: Milliseconds(ref), author: author, ref: ref, body: body)
        state = (try? state.replaying([event], limits: limits)) ?? state
        events.append(event)
        return event
    }

    mutating func append(_ text: String, by author: UInt64 = 1) -> Event {
        next(.append(item: state.nextItem, text: Text(text)), by: author)
    }

    /// Makes an append and commits it.
    mutating func commitAppend(_ text: String, by author: UInt64 = 1, to store: any PasteStore) throws {
        let expected = head
        let event = append(text, by: author)
        guard try store.commit(id, expected, [event]) == .success(event.cursor) else { throw NoAnswer() }
    }
}

/// One kind of store, for tests that run for every implementation.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case sqlite

    var testDescription: String { rawValue }

    /// Runs `body` with a fresh store and closes it.
    func with(limits: Limits = Limits(), _ body: (any PasteStore) throws -> Void) throws {
        switch self {
        case .memory: try body(MemoryStore(limits: limits))
        case .sqlite:
            try withDirectory { directory in
                var settings = SQLiteSettings(directory: directory)
                settings.limits = limits
                // So that every promise is kept before events are moved, and behind.
                settings.recentEvents = 5
                let store = try SQLiteStore(settings)
                defer { store.close() }
                try body(store)
            }
        }
    }
}

/// Runs `body` with a new directory's path and takes the directory away.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let directory = NSTemporaryDirectory() + "/pasted-store-\(UInt64.random(in: .min ... .max))"
    try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try body(directory)
}

/// A paste id for tests.
func paste(_ number: UInt64) -> PasteID { PasteID(high: number &* 0x9e37_79b9_7f4a_7c15, low: number) }
