// The store that forgets: every promise but durability. For tests, for `--store memory`, and as the peer that
// the durable ones are measured against.

import PasteModel
import Synchronization

/// Pastes in memory. Answers from within `submit`, on the caller's thread. Any thread may call it.
public final class MemoryStore: PasteStore {
    private let shelf: Mutex<Shelf>

    /// An empty store.
    /// - Parameters:
    ///   - limits: `heldEvents` and `heldTags` bound each paste's log.
    ///   - capacityBytes: Bytes of text in all logs and checkpoints; over it the answer is `full`.
    public init(limits: Limits = Limits(), capacityBytes: Int = 1 << 30) {
        shelf = Mutex(Shelf(limits: limits, capacityBytes: capacityBytes))
    }

    /// Hands requests over. The sink has the answers when this returns.
    public func submit(_ requests: [StoreRequest], answersTo sink: any StoreSink) {
        var answers: [StoreAnswer] = []
        answers.reserveCapacity(requests.count)
        shelf.withLock { shelf in
            for request in requests { answers.append(shelf.answer(request)) }
        }
        sink.deliver(answers)
    }

    /// Always ready.
    public var status: StoreStatus { .ready }
}

/// All pastes and tombstones.
private struct Shelf {
    let limits: Limits
    let capacityBytes: Int
    var usedBytes = 0
    var pastes: [PasteID: MemoryLog] = [:]
    var tombstones: [PasteID: Milliseconds] = [:]

    init(limits: Limits, capacityBytes: Int) {
        self.limits = limits
        self.capacityBytes = capacityBytes
    }

    mutating func answer(_ request: StoreRequest) -> StoreAnswer {
        switch request {
        case .create(let id, let generation, let at, let expiresAt):
            let result = create(id, generation: generation, at: at, expiresAt: expiresAt)
            return .created(id, generation: generation, result)
        case .commit(let id, let expected, let events):
            return .committed(id, expected: expected, commit(id, expected, events))
        case .open(let id):
            guard let log = pastes[id] else { return .opened(id, .failure(.gone)) }
            return .opened(id, .success(log.stored))
        case .changes(let id, let after, let limit):
            guard let log = pastes[id] else { return .changes(id, after: after, .failure(.gone)) }
            return .changes(id, after: after, .success(log.changes(after: after, limit: limit)))
        case .checkpoint(let id, let state):
            return .checkpointed(id, checkpoint(id, state))
        case .remove(let id, let tombstoneUntil):
            usedBytes -= pastes.removeValue(forKey: id)?.byteCount ?? 0
            tombstones[id] = max(tombstoneUntil, tombstones[id] ?? tombstoneUntil)
            return .removed(id, .success(()))
        case .expiring(let before, let limit):
            tombstones = tombstones.filter { $0.value > before }
            let due = pastes.filter { $0.value.expiresAt <= before }.sorted { $0.value.expiresAt < $1.value.expiresAt }
            let ids = due.prefix(max(0, limit)).map(\.key)
            return .expiring(.success(ExpiredPastes(ids: ids, pasteCount: pastes.count, storedBytes: usedBytes)))
        }
    }

    private mutating func create(
        _ id: PasteID, generation: UInt64, at: Milliseconds, expiresAt: Milliseconds
    ) -> Result<CreatedPaste, StoreError> {
        let origin = Cursor(seq: 0, tag: generation)
        if let log = pastes[id] {
            guard log.origin == origin else { return .failure(.exists) }
            return .success(CreatedPaste(cursor: origin, expiresAt: log.expiresAt))
        }
        if let until = tombstones[id] {
            guard until <= at else { return .failure(.exists) }
            tombstones[id] = nil
        }
        let state = PasteState(generation: generation, createdAt: at, expiresAt: expiresAt)
        pastes[id] = MemoryLog(state, limits: limits)
        return .success(CreatedPaste(cursor: origin, expiresAt: expiresAt))
    }

    private mutating func commit(
        _ id: PasteID, _ expected: Cursor, _ events: [Event]
    ) -> Result<Cursor, StoreError> {
        guard let log = pastes[id] else { return .failure(.gone) }
        if let last = events.last, log.holds(last.cursor) { return .success(last.cursor) }
        guard log.head == expected, follows(expected, events) else { return .failure(.conflict(head: log.head)) }
        let bytes = events.reduce(0) { $0 + $1.textBytes }
        guard usedBytes + bytes <= capacityBytes else { return .failure(.full) }
        let before = log.byteCount
        defer { usedBytes += log.byteCount - before }
        do throws(StoreError) {
            try log.append(events)
        } catch {
            return .failure(error)
        }
        return .success(events.last?.cursor ?? expected)
    }

    private mutating func checkpoint(_ id: PasteID, _ state: PasteState) -> Result<Bool, StoreError> {
        guard let log = pastes[id] else { return .failure(.gone) }
        let before = log.byteCount
        defer { usedBytes += log.byteCount - before }
        return .success(log.checkpoint(state))
    }
}
