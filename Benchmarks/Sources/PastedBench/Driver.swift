// Runs a workload on one thread, from the first connection to the last delivery.
//
//     pioneers --all open--> opening --all open--> preparing --load is ready--> warming --its time--> measuring
//     measuring --its time--> draining --nothing outstanding, or patience is over--> over
//
// The pioneers are the first few connections: what the server allocates once is there behind them, and the memory that
// the others add is theirs.

import Foundation
import PasteProtocol
import Reactor
import Synchronization
import TLS

/// How long, and how.
struct Plan: Sendable {
    var warmSeconds = 0.5
    var seconds = 2.0
    /// Connections that are being opened at a time.
    var openingAtOnce = 64
    /// Whether connections resume the TLS session of the first.
    var resumes = false
    /// Whether the measurement ends when nothing is outstanding.
    var endsEarly = false
    static let pioneers = 20
    static let patienceSeconds = 30.0
}

/// The measurement: differences between its beginning and its end, and what opening took before.
struct Measured: Sendable {
    var isSecure = false
    var tally = Tally()
    var seconds = 0.0
    var serverCPU = 0.0
    var softirqCPU = 0.0
    var ownCPU = 0.0
    /// Connections that were opened after the pioneers, what that cost, and what they added to the server's memory by the
    /// end of the measurement.
    var opened = 0
    var openingSeconds = 0.0
    var openingCPU = 0.0
    var anonymousBytes = 0
    var residentBytes = 0
    /// The server's memory in all.
    var memory = (anonymous: 0, resident: 0)
}

/// The actor on the load's event loop.
actor Driver<Load: Workload>: TickHandler {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActor }
    /// Nil until the loop has ended.
    nonisolated let outcome = Mutex<(measured: Measured, figures: [Figure])?>(nil)

    private enum Stage { case pioneers, opening, preparing, warming, measuring, draining, over }

    private var load: Load
    private let plan: Plan
    private let server: Server
    private let line: Line
    private let room = Room()
    private var stage = Stage.pioneers
    private var stageEnds = Int64.max
    private var slots: [Device?] = []
    private var launchedAt: [Int64] = []
    private var generation: UInt32 = 0
    private var opening = 0
    private var ticket: TLSTicket?
    private var measured = Measured()
    private var isVerified = false
    private var began = Marks()
    private var memoryBefore = (anonymous: 0, resident: 0)

    init(_ load: sending Load, _ plan: Plan, on server: Server, _ loop: EventLoop) throws {
        self.load = load
        self.plan = plan
        self.server = server
        self.loop = loop
        line = try Line(to: server)
        measured.isSecure = server.isSecure
    }

    func tick(_ ready: [Readiness], now: Int64) -> Int64 {
        do {
            for news in ready { receive(news) }
            room.now = nanoseconds()
            let due = try advance()
            for device in room.takeDirty() { try device.flush() }
            return wake(due, now)
        } catch {
            room.wrong("\(error)")
            finish()
            return Tick.never
        }
    }

    /// A request that is due within the clock's step is waited for awake: the load must not be late by itself.
    private func wake(_ due: Int64?, _ now: Int64) -> Int64 {
        if stage == .over { return Tick.never }
        if let due, due - room.now < 1_500_000 { return Tick.atOnce }
        let next = min(due ?? .max, stageEnds)
        return next == .max ? Tick.never : now + max(1, (next - room.now) / 1_000_000)
    }

    // MARK: Connections

    private func launch() throws {
        let slot = slots.firstIndex { $0 == nil } ?? slots.count
        generation &+= 1
        let token = Token(slot: UInt32(slot), generation: generation)
        let device = try Device(token, on: line, resuming: plan.resumes ? ticket : nil)
        if slot == slots.count {
            slots.append(device)
            launchedAt.append(nanoseconds())
        } else {
            (slots[slot], launchedAt[slot]) = (device, nanoseconds())
        }
        opening += 1
        try device.flush()
        try device.register(with: loop)
    }

    private func receive(_ news: Readiness) {
        let slot = Int(news.token.slot)
        guard slot < slots.count, let device = slots[slot], device.token == news.token else { return }
        room.now = nanoseconds()
        do {
            let wasOpen = device.isOpen
            try device.receive(news.events) { load.received($0, by: device, in: room) }
            if device.isOpen, !wasOpen { opened(device) }
        } catch {
            room.wrong("connection \(slot): \(error)")
            slots[slot] = nil
            if !device.isOpen { opening -= 1 }
        }
    }

    private func opened(_ device: Device) {
        opening -= 1
        if ticket == nil { ticket = device.ticket }
        guard load.hangsUpAtOnce else { return room.devices.append(device) }
        if plan.resumes, room.isMeasuring {
            if device.offersTicket, !device.wasResumed { room.wrong("a TLS session was not resumed") }
            if ticket == nil { room.wrong("the server gives no ticket") }
        }
        room.delivered(due: launchedAt[Int(device.token.slot)])
        slots[Int(device.token.slot)] = nil
    }

    /// Opens more, as many at a time as planned.
    private func open(_ count: Int) throws -> Bool {
        while opening < plan.openingAtOnce, opening + room.devices.count < count { try launch() }
        return room.devices.count >= count
    }

    // MARK: Stages

    private func advance() throws -> Int64? {
        switch stage {
        case .pioneers:
            if load.hangsUpAtOnce {
                enter(.warming, for: plan.warmSeconds)
                return try advance()
            }
            guard try open(min(Plan.pioneers, load.connections)) else { return nil }
            began = Marks(of: server)
            stage = .opening
            return try advance()
        case .opening:
            guard try open(load.connections) else { return nil }
            measured.opened = load.connections - min(Plan.pioneers, load.connections)
            measured.openingSeconds = Double(room.now - began.at) / 1e9
            measured.openingCPU = server.process.cpuSeconds - began.server
            stage = .preparing
            load.prepare(room)
            return try advance()
        case .preparing:
            guard load.isReady else { return nil }
            enter(.warming, for: plan.warmSeconds)
            return try advance()
        case .warming, .measuring:
            if room.now >= stageEnds {
                if stage == .measuring { return drain() }
                measure()
            }
            if plan.endsEarly, stage == .measuring, load.outstanding == 0 { return drain() }
            while load.hangsUpAtOnce, opening < load.connections { try launch() }
            return load.tick(room)
        case .draining:
            if load.outstanding == 0, !isVerified {
                isVerified = true
                load.verify(room)
            }
            if load.outstanding == 0 || room.now >= stageEnds {
                if load.outstanding > 0 { room.wrong("\(load.outstanding) requests were not shown to all") }
                finish()
            }
            return nil
        case .over: return nil
        }
    }

    private func enter(_ next: Stage, for seconds: Double) {
        stage = next
        stageEnds = room.now + Int64(seconds * 1e9)
        room.isSending = true
    }

    private func measure() {
        memoryBefore = began.memory
        began = Marks(of: server)
        room.isMeasuring = true
        enter(.measuring, for: plan.seconds)
    }

    private func drain() -> Int64? {
        let end = Marks(of: server)
        measured.seconds = Double(end.at - began.at) / 1e9
        measured.serverCPU = end.server - began.server
        measured.softirqCPU = end.softirq - began.softirq
        measured.ownCPU = end.own - began.own
        measured.memory = end.memory
        measured.anonymousBytes = end.memory.anonymous - memoryBefore.anonymous
        measured.residentBytes = end.memory.resident - memoryBefore.resident
        (room.isSending, room.isMeasuring) = (false, false)
        if load.delivers, room.tally.deliveries == 0 { room.wrong("nothing came") }
        stage = .draining
        stageEnds = room.now + Int64(Plan.patienceSeconds * 1e9)
        return room.now
    }

    private func finish() {
        guard stage != .over else { return }
        stage = .over
        measured.tally = room.tally
        outcome.withLock { $0 = (measured, load.figures(measured)) }
        loop.stop()
    }
}

/// Clocks and memory at one moment.
private struct Marks {
    var at = Int64(0)
    var server = 0.0
    var softirq = 0.0
    var own = 0.0
    var memory = (anonymous: 0, resident: 0)

    init() {}

    init(of server: Server) {
        at = nanoseconds()
        self.server = server.process.cpuSeconds
        softirq = ServerProcess.softirqSeconds
        own = ownCPUSeconds()
        memory = server.process.memory
    }
}

/// Runs a load to its end.
func drive<Load: Workload>(
    _ load: sending Load, _ plan: Plan, on server: Server
) async throws -> (measured: Measured, figures: [Figure]) {
    let loop = try EventLoop()
    let driver = try Driver(load, plan, on: server, loop)
    try loop.start(driver, name: "load")
    await loop.waitUntilStopped()
    guard let outcome = driver.outcome.withLock({ $0 }) else { throw Lost("the load ended without a result") }
    return outcome
}
