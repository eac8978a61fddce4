import Reactor
import Synchronization
import Testing

/// Counts its ticks and what they brought; answers what the test wants.
actor Recorder: TickHandler {
    let loop: EventLoop
    let mailbox: Mailbox<Int>
    let log = Log()
    private var socket: Socket?
    private var received: [Int] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActor }

    init(_ loop: EventLoop, capacity: Int = 1 << 20) {
        self.loop = loop
        mailbox = Mailbox(of: loop, capacity: capacity)
    }

    func tick(_ ready: [Readiness], now: Int64) -> Int64 {
        mailbox.take(into: &received)
        let seen = received
        return log.state.withLock { state in
            state.ticks += 1
            state.instants.append(now)
            state.ready.append(contentsOf: ready)
            state.messages.append(contentsOf: seen)
            return state.next(now)
        }
    }

    func register(_ socket: consuming sending Socket, as token: Token) throws {
        try loop.poller.add(socket, as: token)
        self.socket = consume socket
    }

    /// Everything in one job, so that the loop can't look in between.
    func swapSockets(_ next: consuming sending Socket, as token: Token, _ news: @Sendable () -> Void) {
        news()
        socket = nil
        try? loop.poller.add(next, as: token)
        socket = consume next
    }

    func isolated() -> Bool { true }

    func isolationHolds() -> Bool {
        loop.isIsolatingCurrentContext() == true
    }
}

final class Log: Sendable {
    struct State {
        var ticks = 0
        var instants: [Int64] = []
        var ready: [Readiness] = []
        var messages: [Int] = []
        var next: @Sendable (Int64) -> Int64 = { _ in Tick.never }
    }
    let state = Mutex<State>(State())
}

func eventually(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<500 {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

@Suite struct EventLoopTests {
    @Test("an idle loop makes no wake-up in a second")
    func idle() async throws {
        let loop = try EventLoop()
        let recorder = Recorder(loop)
        try loop.start(recorder, name: "idle")
        #expect(await eventually { loop.statistics.ticks == 1 })
        try await Task.sleep(for: .seconds(1))
        #expect(loop.statistics.ticks == 1)
        loop.stop()
        await loop.waitUntilStopped()
    }

    @Test("a deadline wakes the loop once, not before its time and within a few milliseconds")
    func deadline() async throws {
        let loop = try EventLoop()
        let recorder = Recorder(loop)
        let plan = Plan()
        recorder.log.state.withLock { $0.next = { plan.next($0) } }
        try loop.start(recorder, name: "deadline")
        try await Task.sleep(for: .milliseconds(400))
        let instants = recorder.log.state.withLock { $0.instants }
        #expect(instants.count == 2)
        if instants.count == 2 {
            #expect(instants[1] - instants[0] >= 150)
            #expect(instants[1] - instants[0] < 200)
        }
        loop.stop()
        await loop.waitUntilStopped()
    }

    @Test("the loop is its actor's executor: async calls run on its thread, and are counted")
    func executor() async throws {
        let loop = try EventLoop()
        let recorder = Recorder(loop)
        try loop.start(recorder, name: "executor")
        #expect(await eventually { loop.statistics.ticks == 1 })
        #expect(loop.statistics.enqueues == 0)
        #expect(await recorder.isolationHolds())
        #expect(loop.statistics.enqueues == 1)
        #expect(loop.isIsolatingCurrentContext() == false)
        loop.stop()
        await loop.waitUntilStopped()
    }

    @Test("touching the actor from a foreign thread stops the process")
    func isolation() async {
        await #expect(processExitsWith: .failure) {
            touch(Recorder(try EventLoop()))
        }
    }

    @Test("a closed descriptor's successor gets no old event")
    func reusedDescriptor() async throws {
        let loop = try EventLoop()
        let recorder = Recorder(loop)
        let pair = try Socket.pair()
        let other = try Socket.pair()
        let old = Token(slot: 3, generation: 1)
        let new = Token(slot: 3, generation: 2)
        try loop.start(recorder, name: "reuse")
        try await recorder.register(pair.first, as: old)
        #expect(await eventually { recorder.log.state.withLock { $0.ready.contains { $0.token == old } } })
        recorder.log.state.withLock { $0.ready = [] }
        // Bytes arrive for the old one, which is closed before the loop hears of it.
        let peer = Peer(pair.second)
        await recorder.swapSockets(other.first, as: new) { peer.send([1, 2, 3]) }
        #expect(await eventually { recorder.log.state.withLock { !$0.ready.isEmpty } })
        let ready = recorder.log.state.withLock { $0.ready }
        #expect(ready.allSatisfy { $0.token == new && !$0.events.contains(.readable) })
        loop.stop()
        await loop.waitUntilStopped()
    }
}

func touch(_ recorder: Recorder) {
    recorder.assumeIsolated { _ = $0.isolated() }
}

/// The far end of a pair.
final class Peer: Sendable {
    private let socket: Socket
    init(_ socket: consuming sending Socket) { self.socket = socket }
    func send(_ bytes: [UInt8]) { _ = try? socket.send(bytes.span) }
}

final class Plan: Sendable {
    private let asked = Mutex<Int>(0)
    func next(_ now: Int64) -> Int64 {
        asked.withLock { count in
            count += 1
            return count == 1 ? now + 150 : Tick.never
        }
    }
}
