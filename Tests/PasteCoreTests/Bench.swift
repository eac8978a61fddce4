import Digest
import PasteModel
import PasteProtocol
import PasteStore
import Seeded
import Synchronization
import Testing
import WebSocket

@testable import PasteCore

/// One or more cores on a bench: every request to the store lies open until it is answered by hand, and time stands
/// still until it is moved.
final class Bench {
    var cores: [ShardCore] = []
    var now: Milliseconds = 1_760_000_000_000
    /// What the store was asked and has not answered.
    var asked: [(request: StoreRequest, core: Int)] = []
    let disk: MemoryStore
    let settings: CoreSettings
    /// What addresses use.
    let accounts: Visitors
    let dice = Dice(seed: 1)
    private(set) var visitors: [Visitor] = []
    /// What left a core and has not arrived, in order.
    var mail: [Mail] = []
    /// Connections among it.
    var underWay: [Mail] { mail.filter(\.isConnection) }

    /// What cores send each other.
    enum Mail {
        case connection(Visitor, to: Int, SessionTransfer)
        case note(ShardNote, to: Int)

        var isConnection: Bool {
            if case .connection = self { return true }
            return false
        }
    }

    /// - Parameter disk: Another bench's, for a server that was restarted.
    init(
        shards: Int = 1, site: Site = Site(assets: [:]), disk: MemoryStore? = nil,
        _ change: (inout CoreSettings) -> Void = { _ in }
    ) {
        var settings = CoreSettings(hash: KeyedHash(secret: [UInt8](repeating: 7, count: 32)))
        change(&settings)
        self.settings = settings
        self.disk = disk ?? MemoryStore(limits: settings.limits)
        accounts = Visitors(settings.visitors)
        for shard in 0..<shards {
            cores.append(
                ShardCore(
                    settings: settings, shard: shard, shards: shards, site: site, operatorView: NoView(),
                    // No two runs of a server draw the same.
                    visitors: accounts, random: SplitMix64(seed: UInt64(shard) + (disk == nil ? 0 : 1_000)), now: now))
        }
    }

    // MARK: Connections

    func connect(
        core: Int = 0, peer: PeerAddress = .test(1), isSecure: Bool = true, isOperator: Bool = false,
        forRedirect: Bool = false, offersDeflate: Bool = false
    ) -> Visitor {
        let visitor = Visitor(slot: UInt32(visitors.count), core: core, bench: self, offersDeflate)
        visitors.append(visitor)
        if forRedirect {
            cores[core].openedForRedirect(visitor.id, peer: peer, now: now)
        } else {
            cores[core].opened(visitor.id, peer: peer, isSecure: isSecure, isOperator: isOperator, now: now)
        }
        tick()
        return visitor
    }

    /// A connection that said `hello` and was welcomed.
    func device(
        _ secret: UInt64? = nil, core: Int = 0, peer: PeerAddress = .test(1), offersDeflate: Bool = false
    ) -> Visitor {
        let visitor = connect(core: core, peer: peer, offersDeflate: offersDeflate)
        visitor.write(visitor.wire.request)
        visitor.say(.hello(client: ClientSecret(high: 1, low: secret ?? UInt64(visitors.count))))
        visitor.heard = []
        return visitor
    }

    /// A new paste.
    func makePaste(by visitor: Visitor, expiresIn: Milliseconds? = nil) -> Created? {
        visitor.say(.create(ref: 900, key: nil, expiresIn: expiresIn, isPrivate: false))
        settle()
        defer { visitor.heard = [] }
        guard case .created(let created)? = visitor.heard.last else { return nil }
        return created
    }

    /// Lets the time come.
    func pass(until time: Milliseconds) {
        pass(max(0, time - now))
    }

    /// When the only paste in memory ends.
    var expiresAt: Milliseconds {
        cores.flatMap { $0.pastes.values.compactMap { $0.paste?.committed.expiresAt } }.max() ?? now
    }

    /// Two devices that follow a new paste and have heard everything.
    func twoViewers(expiresIn: Milliseconds? = nil) -> (Visitor, Visitor, key: String) {
        let (a, b) = (device(), device())
        let key = makePaste(by: a, expiresIn: expiresIn)?.paste ?? ""
        a.follow(key)
        b.follow(key)
        // The number of devices is told a second after it was told before.
        pass(1_000)
        a.heard = []
        b.heard = []
        return (a, b, key)
    }

    // MARK: Time and ticks

    /// Ends a tick and does what it asks for, except for the store's part.
    func tick() {
        for index in cores.indices {
            while cores[index].hasEffects {
                carryOut(cores[index].endOfTick(now: now), of: index)
            }
        }
    }

    private func carryOut(_ effects: Effects, of core: Int) {
        asked += effects.store.map { ($0, core) }
        mail += effects.notes.map { .note($0.1, to: $0.shard) }
        #expect(Set(effects.dirty).count == effects.dirty.count, "a connection is named once")
        for id in effects.dirty { visitor(id, core)?.flush() }
        for id in effects.resumed { visitor(id, core)?.isPaused = false }
        for (id, shard, transfer) in effects.handOffs {
            guard let visitor = visitor(id, core) else { continue }
            visitor.core = nil
            mail.append(.connection(visitor, to: shard, transfer))
        }
        for id in effects.closing {
            visitor(id, core)?.isShuttingDown = true
            visitor(id, core)?.flush()
        }
        for id in effects.aborting { visitor(id, core)?.cutOff() }
    }

    private func visitor(_ id: ConnectionID, _ core: Int) -> Visitor? {
        visitors.first { $0.id == id && $0.core == core }
    }

    /// What was under way arrives.
    /// - Parameter core: Only what goes there.
    func arrive(at core: Int? = nil) {
        let arriving = mail
        mail = []
        for letter in arriving {
            switch letter {
            case .connection(let visitor, let to, let transfer) where core == nil || core == to:
                visitor.core = to
                visitor.generation += 1
                cores[to].adopt(visitor.id, transfer, now: now)
            case .note(let note, let to) where core == nil || core == to:
                cores[to].heard(note, now: now)
            default:
                mail.append(letter)
            }
        }
        tick()
    }

    /// Lets time pass, with every deadline in it called for.
    func pass(_ milliseconds: Milliseconds) {
        let end = now + milliseconds
        for core in cores {
            while let deadline = core.nextDeadline, deadline <= end {
                now = max(now, deadline)
                core.timer(now: now)
                tick()
            }
        }
        now = end
    }

    // MARK: The store

    /// What of the requests is a commit.
    var commits: [(paste: PasteID, events: [Event])] {
        asked.compactMap { if case .commit(let id, _, let events) = $0.request { (id, events) } else { nil } }
    }

    /// Whether the store was asked to erase a paste.
    var removals: Int {
        asked.count { if case .remove = $0.request { true } else { false } }
    }

    /// Everything that was asked is carried out and answered, and what follows from that.
    func settle() {
        tick()
        while !asked.isEmpty || !mail.isEmpty {
            answer()
            arrive()
        }
    }

    /// What was asked so far is answered.
    /// - Parameters:
    ///   - error: Instead of being carried out.
    ///   - isDone: Carried out all the same; the answer is the error.
    func answer(_ error: StoreError? = nil, isDone: Bool = false) {
        let requests = asked
        asked = []
        for (request, core) in requests {
            var answers: [StoreAnswer] = []
            if error == nil || isDone { answers = carriedOut(request) }
            if let error { answers = [request.failed(error)] }
            cores[core].answered(answers, now: now)
        }
        tick()
    }

    /// Does it; nobody is told.
    func carry(_ request: StoreRequest) {
        _ = carriedOut(request)
    }

    private func carriedOut(_ request: StoreRequest) -> [StoreAnswer] {
        let sink = Sink()
        disk.submit([request], answersTo: sink)
        return sink.answers.withLock { $0 }
    }

    fileprivate final class Sink: StoreSink {
        let answers = Mutex<[StoreAnswer]>([])
        func deliver(_ answers: [StoreAnswer]) { self.answers.withLock { $0 += answers } }
    }
}

extension PeerAddress {
    /// An address in a /64 of its own.
    static func test(_ number: UInt64) -> PeerAddress {
        PeerAddress(high: 0x2001_0DB8_0000_0000 &+ number, low: 1)
    }
}

/// What a store answers at once.
final class AnswerSink: StoreSink {
    private let answers = Mutex<[StoreAnswer]>([])
    var first: StoreAnswer? { answers.withLock { $0.first } }
    func deliver(_ answers: [StoreAnswer]) { self.answers.withLock { $0 += answers } }
}

/// One connection on the bench.
final class Visitor {
    let slot: UInt32
    var generation: UInt32 = 1
    /// The core that has it; `nil` on the way.
    var core: Int?
    /// Whether it takes what is sent to it.
    var reads = true
    var isPaused = false
    var isShuttingDown = false
    private(set) var isClosed = false
    /// Messages since they were last cleared.
    var heard: [ServerMessage] = []
    private(set) var closeCode: UInt16?
    private(set) var broken: String?
    /// All bytes that came.
    var bytes: [UInt8] = []
    var answersPings = true
    /// What comes is not for the WebSocket.
    var isHTTP = false
    var wire: ClientWire
    let bench: Bench

    init(slot: UInt32, core: Int, bench: Bench, _ offersDeflate: Bool) {
        self.slot = slot
        self.core = core
        self.bench = bench
        wire = ClientWire(dice: bench.dice, offersDeflate: offersDeflate)
    }

    var id: ConnectionID { ConnectionID(slot: slot, generation: generation) }
    var session: Session? { core.flatMap { bench.cores[$0].session(id) } }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Codes of the errors that were heard.
    var errors: [String] { heard.compactMap { if case .error(let error) = $0 { error.code } else { nil } } }
    var events: [Event] { heard.compactMap { if case .event(let event) = $0 { event } else { nil } } }
    var receipts: [Receipt] { heard.compactMap { if case .ack(let receipt) = $0 { receipt } else { nil } } }

    func write(_ bytes: [UInt8]) {
        guard let core else { return }
        var bytes = bytes
        var span = bytes.mutableSpan
        bench.cores[core].received(id, &span, now: bench.now)
        isPaused = !bench.cores[core].wantsInput(id)
        bench.tick()
    }

    func say(_ messages: ClientMessage...) {
        write(messages.flatMap { wire.frame($0) })
    }

    func append(_ ref: UInt64, _ text: String, paste: String? = nil) {
        say(.request(ref: ref, .append(Text(text)), paste: paste))
    }

    /// Subscribes and forgets what came back.
    func follow(_ key: String) {
        say(.subscribe(paste: key, after: nil, pending: []))
        bench.settle()
        heard = []
    }

    /// Takes all that waits, as far as the core says that there may be more.
    func flush() {
        guard reads, let core else { return }
        var mayBeMore = true
        while mayBeMore {
            let bytes = [UInt8](capacity: 4_096) { bench.cores[core].peek(id, into: &$0, now: bench.now) }
            guard !bytes.isEmpty else { break }
            mayBeMore = bench.cores[core].sent(id, bytes.count, now: bench.now)
            take(bytes)
        }
        if isShuttingDown { cutOff() }
    }

    private func take(_ bytes: [UInt8]) {
        self.bytes += bytes
        guard !isHTTP else { return }
        var replies: [UInt8] = []
        for heard in wire.hear(bytes, reply: { replies += $0 }) {
            switch heard {
            case .opened: break
            case .message(let message): self.heard.append(message)
            case .closed(let code): closeCode = code
            case .broken(let what): broken = what
            }
        }
        if answersPings, !replies.isEmpty, closeCode == nil { write(replies) }
    }

    func cutOff() {
        guard let core, !isClosed else { return }
        isClosed = true
        bench.cores[core].closed(id, now: bench.now)
        self.core = nil
        bench.tick()
    }
}

extension MemoryStore {
    /// How many pastes there are.
    var pasteCount: Int? {
        let sink = Bench.Sink()
        submit([.expiring(before: 0, limit: 0)], answersTo: sink)
        guard case .expiring(.success(let found))? = sink.answers.withLock({ $0.first }) else { return nil }
        return found.pasteCount
    }

    /// Whether it has this paste.
    func holds(_ id: PasteID) -> Bool {
        let sink = Bench.Sink()
        submit([.open(id)], answersTo: sink)
        guard case .opened(_, .success)? = sink.answers.withLock({ $0.first }) else { return false }
        return true
    }
}
