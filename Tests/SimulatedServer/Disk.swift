import PasteModel
import PasteStore
import Synchronization

/// A store that does nothing before it is told to, remembers what it did, and tells the world what became durable.
final class Disk {
    private let limits: Limits
    private var store: MemoryStore
    /// Requests that were carried out and may have changed something.
    private var journal: [StoreRequest] = []
    private var queue: [StoreRequest] = []
    /// What was decided and not told.
    private var held: [StoreAnswer] = []
    private var states: [PasteID: PasteState] = [:]
    private var names: [PasteID: UInt32] = [:]
    private var order: [PasteID] = []
    private var isReplaying = false

    init(limits: Limits) {
        self.limits = limits
        store = MemoryStore(limits: limits)
    }

    var queuedCount: Int { queue.count }
    var heldCount: Int { held.count }

    func submit(_ requests: [StoreRequest]) {
        queue += requests
    }

    /// The process died: nobody waits for an answer any more, and what was not begun never will be.
    func forgetQueue() {
        queue = []
        held = []
    }

    func takeAnswers() -> [StoreAnswer] {
        defer { held = [] }
        return held
    }

    func work(_ count: Int, _ fate: Fate, _ news: inout News) {
        let group = queue.prefix(count)
        queue.removeFirst(group.count)
        for request in group {
            held.append(carryOut(request, fate, &news))
        }
    }

    private func carryOut(_ request: StoreRequest, _ fate: Fate, _ news: inout News) -> StoreAnswer {
        switch fate {
        case .done: return reallyCarryOut(request, &news)
        case .refused: return request.failed(.busy)
        case .lost: return request.failed(.unavailable("the disk did not answer"))
        case .doneUnheard:
            _ = reallyCarryOut(request, &news)
            return request.failed(.unavailable("the answer was lost"))
        }
    }

    private func reallyCarryOut(_ request: StoreRequest, _ news: inout News) -> StoreAnswer {
        let answer = ask(request)
        switch request {
        case .open, .changes: break
        // It forgets tombstones.
        case .create, .commit, .checkpoint, .remove, .expiring: journal.append(request)
        }
        note(request, answer, &news)
        return answer
    }

    private func ask(_ request: StoreRequest) -> StoreAnswer {
        let sink = Sink()
        store.submit([request], answersTo: sink)
        return sink.answers.withLock { $0.first } ?? request.failed(.unavailable("the store said nothing"))
    }

    // MARK: What became durable

    private func note(_ request: StoreRequest, _ answer: StoreAnswer, _ news: inout News) {
        switch (request, answer) {
        case (.create(let id, let generation, let at, let expiresAt), .created(_, _, .success)):
            guard states[id] == nil else { return }
            states[id] = PasteState(generation: generation, createdAt: at, expiresAt: expiresAt)
            // Under the same key, it is another paste.
            if !isReplaying {
                names[id] = UInt32(order.count)
                order.append(id)
            }
            news.made(names[id] ?? 0, Cursor(seq: 0, tag: generation))
        case (.commit(let id, _, let events), .committed(_, _, .success)):
            guard var state = states[id] else { return }
            for event in events where event.cursor.seq > state.cursor.seq {
                news.stored(names[id] ?? 0, event.cursor, gone: state.textsTaken(by: event.body))
                // What does not follow its rules shows in what the devices have at the end.
                state = (try? state.replaying([event], limits: limits)) ?? state
            }
            states[id] = state
        case (.remove(let id, _), .removed(_, .success)):
            guard let state = states.removeValue(forKey: id) else { return }
            news.removed(names[id] ?? 0, gone: state.texts)
        default: break
        }
    }

    /// A backup is put back: the last `count` changes never were, but for the making of a paste.
    func rollBack(_ count: Int, _ news: inout News) {
        for _ in 0..<count {
            if case .create? = journal.last { break }
            _ = journal.popLast()
        }
        store = MemoryStore(limits: limits)
        let before = states
        states = [:]
        var silence = News()
        isReplaying = true
        for request in journal {
            note(request, ask(request), &silence)
        }
        isReplaying = false
        for (id, state) in states {
            news.rolledBack(names[id] ?? 0, to: state.cursor, gone: before[id]?.texts ?? [])
        }
    }

    /// What is stored of a paste, worked out from the store's own answer.
    func stored(_ name: UInt32) -> PasteState? {
        guard name < order.count, case .opened(_, .success(let stored)) = ask(.open(order[Int(name)])) else {
            return nil
        }
        return try? stored.checkpoint.replaying(stored.events, limits: limits)
    }

    private final class Sink: StoreSink {
        let answers = Mutex<[StoreAnswer]>([])

        func deliver(_ new: [StoreAnswer]) { answers.withLock { $0 += new } }
    }
}

extension PasteState {
    fileprivate var texts: [UInt8] { pad.utf8Bytes + items.flatMap(\.text.utf8Bytes) }

    fileprivate func textsTaken(by body: EventBody) -> [UInt8] {
        switch body {
        case .remove(let number): items.filter { $0.number == number }.flatMap(\.text.utf8Bytes)
        case .clear(let through): items.filter { $0.number <= through }.flatMap(\.text.utf8Bytes)
        case .append, .edit, .keep, .extend, .erased: []
        }
    }
}
