// A thread, its epoll, and the actor that lives on it.
//
//     wait for news, the next deadline, or a ring      (the one place where the thread sleeps)
//     run the jobs that async code enqueued            (control plane only: none in the data path)
//     handler.assumeIsolated { tick }                  (all the work, one call stack, no await)
//
// The loop is its actor's serial executor: what the actor isolates is touched by this thread only, and the
// compiler proves it.

import CLinux
import Synchronization

/// The actor that works on a loop. Its `unownedExecutor` is the loop's.
public protocol TickHandler: Actor {
    /// Does all work that is due. `now` is in milliseconds since 1970 and never goes back. Answers when to be
    /// called again if there is no news before: `Tick.atOnce`, `Tick.never`, or an instant.
    func tick(_ ready: [Readiness], now: Int64) -> Int64
}

/// Special answers of a tick.
public enum Tick {
    /// Work is left: look for news without sleeping, then tick.
    public static let atOnce: Int64 = .min
    /// Only news is worth a tick.
    public static let never: Int64 = .max
}

/// One event loop on a thread of its own, and the executor of one actor. Any thread may enqueue, wake and stop.
public final class EventLoop: SerialExecutor, Sendable {
    /// The loop's set of descriptors, for its actor to register with.
    public let poller: Poller
    private let wakeup: Wakeup
    private let jobs = Mutex<[UnownedJob]>([])
    private let isStopping = Atomic<Bool>(false)
    private let stopped = Mutex<StopWaiters>(StopWaiters())
    private let ticks = Atomic<UInt64>(0)
    private let enqueues = Atomic<UInt64>(0)

    private struct StopWaiters {
        var isOver = false
        var continuations: [CheckedContinuation<Void, Never>] = []
    }

    /// A loop that does not run yet.
    public init() throws(SystemError) {
        poller = try Poller()
        wakeup = try Wakeup()
        try poller.add(wakeup)
    }

    /// Starts the loop on a new thread; `name` has at most 15 bytes. Called once. The loop keeps the handler
    /// until it has stopped.
    public func start(_ handler: some TickHandler, name: String) throws(SystemError) {
        let body = ThreadBody { [self] in run(handler) }
        // The thread releases what is retained here, exactly once; it does not start when the call fails.
        let context = unsafe Unmanaged.passRetained(body)
        let answer = unsafe pasted_thread_start(
            name, { unsafe Unmanaged<ThreadBody>.fromOpaque($0).takeRetainedValue().run() }, context.toOpaque())
        if answer < 0 { unsafe context.release() }
        _ = try checked("pthread_create", answer)
    }

    /// Makes the loop tick soon.
    public func wake() {
        wakeup.ring()
    }

    /// Lets the loop end after a tick that sees all that was left for it before. Jobs that are enqueued later never run.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        wakeup.ring()
    }

    /// Waits until the loop has ended.
    public func waitUntilStopped() async {
        await withCheckedContinuation { continuation in
            let isOver = stopped.withLock { state in
                if !state.isOver { state.continuations.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// How often the loop woke up or went round, and how many executor jobs it was given, since its start.
    public var statistics: (ticks: UInt64, enqueues: UInt64) {
        (ticks.load(ordering: .relaxed), enqueues.load(ordering: .relaxed))
    }

    private func run(_ handler: some TickHandler) {
        wakeup.adopt()
        var clock = WallClock()
        var scratch = [pasted_readiness](repeating: pasted_readiness(), count: Poller.readinessAtOnce)
        var ready: [Readiness] = []
        var next = Tick.atOnce
        var isLast = false
        while !isLast {
            // What was left before `stop` is still seen by the last tick.
            isLast = isStopping.load(ordering: .acquiring)
            poller.wait(nanoseconds: isLast ? 0 : timeout(next, &clock), scratch: &scratch, into: &ready)
            wakeup.rest()
            ticks.add(1, ordering: .relaxed)
            runJobs()
            let now = clock.milliseconds()
            next = handler.assumeIsolated { $0.tick(ready, now: now) }
        }
        let waiters = stopped.withLock { state in
            state.isOver = true
            return state.continuations
        }
        for waiter in waiters { waiter.resume() }
    }

    /// How long to sleep, in nanoseconds; -1 is for ever.
    private func timeout(_ next: Int64, _ clock: inout WallClock) -> Int64 {
        if wakeup.wasRung() || next == Tick.atOnce { return 0 }
        return next == Tick.never ? -1 : clock.nanoseconds(until: next)
    }
}

// The executor's half.
extension EventLoop {
    /// Takes a job of the actor's; the loop runs it before its next tick.
    public func enqueue(_ job: consuming ExecutorJob) {
        enqueues.add(1, ordering: .relaxed)
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        wakeup.ring()
    }

    /// What an actor that lives on the loop answers as its `unownedExecutor`. Safe while the actor keeps its
    /// loop, as it must: the reference is not counted.
    @safe
    public var forActor: UnownedSerialExecutor { unsafe asUnownedSerialExecutor() }

    /// Whether the calling thread is the loop's.
    public func isIsolatingCurrentContext() -> Bool? {
        wakeup.isOwnThread()
    }

    /// Stops the process unless the calling thread is the loop's.
    public func checkIsolated() {
        precondition(wakeup.isOwnThread(), "not on the event loop's thread")
    }

    private func runJobs() {
        var due: [UnownedJob] = []
        jobs.withLock { swap(&$0, &due) }
        for job in due {
            // On the loop's thread, and each job exactly once: it was taken out of the queue.
            unsafe job.runSynchronously(on: asUnownedSerialExecutor())
        }
    }
}

/// What a new thread runs.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
