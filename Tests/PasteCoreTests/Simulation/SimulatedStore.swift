import PasteModel
import PasteStore
import Synchronization

/// A store that takes its time and fails as stores may: a `MemoryStore` is its disk, around it are a queue, a
/// group commit, outages before and after the fact, another node that writes, and a process that can be killed.
final class SimulatedStore {
    /// How often, in a thousand, something goes wrong.
    var faults = 0
    var foreignWrites = 0
    /// How long a transaction takes.
    var latency: ClosedRange<Int> = 0...15
    /// Where every answer goes.
    var deliver: (StoreAnswer, SimulatedShard) -> Void = { _, _ in }

    private let disk: MemoryStore
    private let ledger: Ledger
    private let agenda: Agenda
    private let dice: Dice
    private var queue: [(request: StoreRequest, shard: SimulatedShard)] = []
    private var isWorking = false
    /// Which process the work belongs to.
    private var process = 0

    init(limits: Limits, ledger: Ledger, agenda: Agenda, dice: Dice) {
        disk = MemoryStore(limits: limits)
        self.ledger = ledger
        self.agenda = agenda
        self.dice = dice
    }

    func submit(_ requests: [StoreRequest], from shard: SimulatedShard) {
        queue += requests.map { ($0, shard) }
        work()
    }

    /// The process is killed: what is durable stays, the rest was never there.
    func crash() {
        process += 1
        queue = []
        isWorking = false
    }

    /// What is on the disk, past all faults.
    func stored(_ id: PasteID) -> StoredPaste? {
        guard case .opened(_, .success(let stored)) = answer(.open(id)) else { return nil }
        return stored
    }

    private func work() {
        guard !isWorking, !queue.isEmpty else { return }
        isWorking = true
        let process = process
        let time = dice.chance(15) ? dice.milliseconds(500...3_000) : dice.milliseconds(latency)
        agenda.plan(after: time) { [self] in
            guard process == self.process else { return }
            // A crash in the middle of this leaves a part of the group done: the next step may never come.
            let count = dice.chance(200) ? dice.within(1...queue.count) : queue.count
            let group = Array(queue.prefix(count))
            queue.removeFirst(count)
            let answers = group.map { (carryOut($0.request), $0.shard) }
            agenda.plan(after: dice.milliseconds(0...3)) { [self] in
                guard process == self.process else { return }
                for (answer, shard) in answers {
                    deliver(answer, shard)
                }
            }
            isWorking = false
            work()
        }
    }

    private func carryOut(_ request: StoreRequest) -> StoreAnswer {
        if case .commit(let id, let expected, _) = request, dice.chance(foreignWrites) {
            writeFromElsewhere(id, after: expected)
        }
        guard dice.chance(faults) else { return reallyCarryOut(request) }
        switch dice.within(0...3) {
        case 0: return request.failed(.busy)
        case 1: return request.isRead ? request.failed(.busy) : request.failed(.full)
        case 2: return request.failed(.unavailable("the disk did not answer"))
        default:
            // It was done, and nobody heard of it.
            _ = reallyCarryOut(request)
            return request.failed(.unavailable("the answer was lost"))
        }
    }

    private func reallyCarryOut(_ request: StoreRequest) -> StoreAnswer {
        let answer = answer(request)
        ledger.note(request, answer, now: agenda.now)
        return answer
    }

    private func writeFromElsewhere(_ id: PasteID, after expected: Cursor) {
        let author = Author(rawValue: 0xFEED)
        let ref = expected.seq + 1
        guard let head = ledger.book(id)?.head, head.cursor == expected, agenda.now < head.expiresAt else { return }
        let event = Event(
            cursor: expected.advanced(by: author, ref: ref), at: agenda.now, author: author, ref: ref,
            body: .append(item: head.nextItem, text: Text("from elsewhere")))
        ledger.asked(author, ref, .append(Text("from elsewhere")), of: id)
        _ = reallyCarryOut(.commit(id, expected: expected, events: [event]))
    }

    private func answer(_ request: StoreRequest) -> StoreAnswer {
        let sink = Sink()
        disk.submit([request], answersTo: sink)
        guard let answer = sink.answers.withLock({ $0.first }) else {
            return request.failed(.unavailable("the store said nothing"))
        }
        // The order among pastes that ended at the same time is nobody's promise: make it the same in every run.
        if case .expiring(.success(let found)) = answer {
            let ids = found.ids.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
            return .expiring(.success(ExpiredPastes(ids: ids, pasteCount: found.pasteCount)))
        }
        return answer
    }

    private final class Sink: StoreSink {
        let answers = Mutex<[StoreAnswer]>([])

        func deliver(_ answers: [StoreAnswer]) {
            self.answers.withLock { $0 += answers }
        }
    }
}

extension StoreRequest {
    var isRead: Bool {
        switch self {
        case .open, .changes, .expiring: true
        case .create, .commit, .checkpoint, .remove: false
        }
    }
}
