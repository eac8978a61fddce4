// Where requests wait: one line for the writing thread, one for the reading thread. Any thread.

import Dispatch
import PasteModel
import PasteStore
import Synchronization

/// A request and where its answer goes. An object, since it goes from line to group to answer, and a copy of a request
/// is many copies.
final class Ticket: Sendable {
    let request: StoreRequest
    let sink: any StoreSink
    /// Requests of one `submit` have one number, so that their answers are delivered in one call.
    let submission: UInt64
    let bytes: Int

    init(request: StoreRequest, sink: any StoreSink, submission: UInt64, bytes: Int) {
        self.request = request
        self.sink = sink
        self.submission = submission
        self.bytes = bytes
    }
}

/// The two lines, bounded together.
///
/// A read goes to the reading thread at once, unless a write of the same paste is waiting or being written: then
/// it stands in the writers' line at its place and is passed on when that write is decided. So a read sees
/// everything that was submitted before it; it may see more.
final class RequestLines: Sendable {
    private struct State {
        var writes: [Ticket] = []
        var reads: [Ticket] = []
        var queued = 0
        var queuedBytes = 0
        /// Writes of each paste that wait or are being written.
        var undecided: [PasteID: Int] = [:]
        var submissions: UInt64 = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let writeWake = DispatchSemaphore(value: 0)
    private let readWake = DispatchSemaphore(value: 0)
    private let settings: SQLiteSettings

    init(settings: SQLiteSettings) {
        self.settings = settings
    }

    /// Queues what the limits allow.
    /// - Returns: The answers to the rest.
    func accept(_ requests: [StoreRequest], sink: any StoreSink) -> [StoreAnswer] {
        var refused: [StoreAnswer] = []
        let (wakesWriter, wakesReader) = state.withLock { state in
            let (hadWrites, hadReads) = (!state.writes.isEmpty, !state.reads.isEmpty)
            state.submissions += 1
            for request in requests {
                guard !state.isClosed else {
                    refused.append(request.failed(.unavailable("The store is closed.")))
                    continue
                }
                let bytes = request.queuedBytes
                // One request is always let in: a single large one must not be busy for ever.
                let fits = state.queued < settings.queuedRequests && state.queuedBytes + bytes <= settings.queuedBytes
                guard fits || state.queued == 0 else {
                    refused.append(request.failed(.busy))
                    continue
                }
                state.queued += 1
                state.queuedBytes += bytes
                let ticket = Ticket(request: request, sink: sink, submission: state.submissions, bytes: bytes)
                let paste = request.paste
                if request.isRead, paste.flatMap({ state.undecided[$0] }) == nil {
                    state.reads.append(ticket)
                } else {
                    if let paste, !request.isRead { state.undecided[paste, default: 0] += 1 }
                    state.writes.append(ticket)
                }
            }
            return (!hadWrites && !state.writes.isEmpty, !hadReads && !state.reads.isEmpty)
        }
        if wakesWriter { writeWake.signal() }
        if wakesReader { readWake.signal() }
        return refused
    }

    /// What the next transaction takes: everything that waits, up to its limits.
    func takeGroup() -> [Ticket] {
        state.withLock { state in
            var bytes = 0
            var count = 0
            for ticket in state.writes.prefix(settings.groupRequests) {
                bytes += ticket.bytes
                if count > 0, bytes > settings.groupBytes { break }
                count += 1
            }
            let group = Array(state.writes[..<count])
            state.writes.removeFirst(count)
            return group
        }
    }

    /// The writes of a group are decided: gives their room free. Their answers are to be delivered next.
    func decided(_ group: [Ticket]) {
        state.withLock { state in
            for ticket in group where !ticket.request.isRead {
                state.queued -= 1
                state.queuedBytes -= ticket.bytes
            }
        }
    }

    /// The answers of a group are delivered: passes its reads on, so that they are answered behind them.
    func delivered(_ group: [Ticket]) {
        let wakesReader = state.withLock { state in
            let hadReads = !state.reads.isEmpty
            for ticket in group {
                guard !ticket.request.isRead else {
                    state.reads.append(ticket)
                    continue
                }
                guard let paste = ticket.request.paste, let count = state.undecided[paste] else { continue }
                state.undecided[paste] = count > 1 ? count - 1 : nil
            }
            return !hadReads && !state.reads.isEmpty
        }
        if wakesReader { readWake.signal() }
    }

    /// All reads that wait.
    func takeReads() -> [Ticket] {
        state.withLock { state in
            defer { state.reads = [] }
            return state.reads
        }
    }

    /// One read is answered.
    func answered(_ read: Ticket) {
        state.withLock { state in
            state.queued -= 1
            state.queuedBytes -= read.bytes
        }
    }

    /// Lets nothing in any more. The threads work off what waits.
    func close() {
        state.withLock { $0.isClosed = true }
        writeWake.signal()
        readWake.signal()
    }

    /// Requests that wait or are being worked on, and their bytes.
    var queued: (requests: Int, bytes: Int) { state.withLock { ($0.queued, $0.queuedBytes) } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Waits for work for the writing thread, or for the time to pass; nil waits for work only.
    func waitForWrites(at most: Duration?) {
        guard let most else { return writeWake.wait() }
        let parts = most.components
        let nanoseconds = Int(clamping: parts.seconds) * 1_000_000_000 + Int(parts.attoseconds / 1_000_000_000)
        _ = writeWake.wait(timeout: .now() + .nanoseconds(max(0, nanoseconds)))
    }

    /// Has the reading thread look again.
    func wakeReader() {
        readWake.signal()
    }

    /// Waits for work for the reading thread.
    func waitForReads() {
        readWake.wait()
    }
}

extension StoreRequest {
    /// Whether it only reads. `expiring` forgets tombstones, so it writes.
    var isRead: Bool {
        switch self {
        case .open, .changes: true
        case .create, .commit, .checkpoint, .remove, .expiring: false
        }
    }

    /// The paste that it is about.
    var paste: PasteID? {
        switch self {
        case .create(let id, _, _, _), .commit(let id, _, _), .open(let id), .changes(let id, _, _),
            .checkpoint(let id, _), .remove(let id, _):
            id
        case .expiring: nil
        }
    }

    /// About what it occupies while it waits.
    var queuedBytes: Int {
        let rowBytes = 128
        return switch self {
        case .commit(_, _, let events): events.reduce(rowBytes) { $0 + rowBytes + $1.textBytes }
        case .checkpoint(_, let state): state.byteCount + rowBytes * (1 + state.items.count + state.clients.count)
        case .create, .open, .changes, .remove, .expiring: rowBytes
        }
    }
}
