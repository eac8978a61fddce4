// One thread's worth of the server: connections, their buffers, and the service that they talk to.
//
//     EventLoop.run       sleeps until there is news, a deadline or a message
//     Shard.tick          mail, deadlines, then a turn for each connection that has something to do
//     Shard+Introductions what a proxy says of a connection
//     Shard+Input         receive, decrypt, hand to the service
//     Shard+Effects       what the service asks for: store, sends, moves, ends
//     Shard+Output        copy out, encrypt, send
//     Shard+Arrivals      accept, adopt, part with
//
// From tick to send one call stack: no await, no task, no allocation per message.

import Logging
import PasteCore
import PasteModel
import PasteStore
import Reactor
import TLS

/// An event loop's actor.
actor Shard<Logic: ShardLogic>: TickHandler {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActor }

    let number: Int
    let setup: ShardSetup<Logic.Transfer>
    let logic: Logic
    let wire: TLSWire
    var connections = ConnectionTable()
    /// What a socket gives: plaintext, or ciphertext that is decrypted into `plaintext`.
    var received = [UInt8](repeating: 0, count: IOLimits.turnBytes)
    var plaintext = [UInt8](repeating: 0, count: IOLimits.turnBytes)
    /// What the service gives, to be sent or encrypted.
    var output: [UInt8] = []
    /// Who has a turn in this tick, and who in the next.
    var turns: [Connection] = []
    var nextTurns: [Connection] = []
    /// When lingering connections close.
    var lingering = Expiries()
    /// Until when proxies have to say who connects.
    var introductions = Expiries()
    /// Listeners that are not listened to for want of descriptors, and when to try again.
    var acceptRetryAt: Milliseconds?
    var exhaustionToldAt: Milliseconds = 0
    var isAccepting = true
    var counters = IOCounters()
    var now: Milliseconds = 0
    private var mail: [ShardMessage<Logic.Transfer>] = []

    /// A shard that runs once its loop is started with it.
    init(_ number: Int, loop: EventLoop, setup: ShardSetup<Logic.Transfer>, logic: sending Logic) throws {
        self.number = number
        self.loop = loop
        self.setup = setup
        self.logic = logic
        wire = try TLSWire()
        for index in setup.listeners.indices {
            try loop.poller.add(setup.listeners[index].listener, as: Self.token(ofListener: index))
        }
    }

    /// One round of all that is to be done. Compiled once more for the service that counts: what is called from here
    /// is then called directly, and not through tables.
    @_specialize(where Logic == ShardCore)
    func tick(_ ready: [Readiness], now: Int64) -> Int64 {
        self.now = now
        takeMail()
        meetDeadlines()
        for (index, readiness) in ready.enumerated() {
            if index + Lookahead.connection < ready.count {
                connections.prefetch(slot: ready[index + Lookahead.connection].token.slot)
            }
            note(readiness)
        }
        takeTurns()
        applyEffects()
        setup.statistics.publish(
            number,
            Statistics.Figures(
                core: logic.counted, gauges: logic.gauges, io: counters, connections: connections.count,
                isQuiet: logic.isQuiet && (!isAccepting || setup.sharesPorts)))
        return nextTick()
    }

    private func takeMail() {
        setup.mailboxes[number].take(into: &mail)
        for message in mail {
            switch message {
            case .handOff(let handoff): adopt(handoff)
            case .note(let note): logic.heard(note, now: now)
            case .answers(let answers): logic.answered(answers, now: now)
            case .drain(let spread):
                // A port that another process may share is given up later: see `ShardGroup.drain`.
                if setup.sharesPorts { leaveInherited() } else { stopAccepting() }
                for connection in connections.all where connection.phase == .introducing {
                    close(connection)
                }
                logic.drain(now: now, within: spread)
            case .stopAccepting: stopAccepting()
            case .reload(let settings): logic.reload(settings)
            case .stop:
                stopAccepting()
                for connection in connections.all {
                    close(connection)
                }
            }
        }
    }

    private func meetDeadlines() {
        if let deadline = logic.nextDeadline, deadline <= now {
            logic.timer(now: now)
        }
        if let retryAt = acceptRetryAt, retryAt <= now {
            listenAgain()
        }
        closeLingering()
        closeUnintroduced()
    }

    /// Remembers the kernel's news; the turn comes with the others'.
    private func note(_ readiness: Readiness) {
        if let index = Self.listener(of: readiness.token) {
            accept(from: index)
            return
        }
        let id = ConnectionID(slot: readiness.token.slot, generation: readiness.token.generation)
        guard let connection = connections[id] else { return }
        if readiness.events.contains(.readable) { connection.flags.insert(.mayRead) }
        if readiness.events.contains(.writable) { connection.flags.insert(.mayWrite) }
        if readiness.events.contains(.ended) { connection.flags.insert(.endIsNear) }
        queue(connection)
    }

    /// Gives a connection a turn, in this tick if its turns are not over yet.
    func queue(_ connection: Connection) {
        guard !connection.flags.contains(.isQueued) else { return }
        connection.flags.insert(.isQueued)
        nextTurns.append(connection)
    }

    /// One turn each: whoever has more to do comes again in the next tick.
    private func takeTurns() {
        swap(&turns, &nextTurns)
        for (index, connection) in turns.enumerated() {
            if index + Lookahead.session < turns.count { logic.prefetchSession(turns[index + Lookahead.session].id) }
            if index + Lookahead.paste < turns.count { logic.prefetchPaste(turns[index + Lookahead.paste].id) }
            connection.flags.remove(.isQueued)
            guard !connection.flags.contains(.isGone) else { continue }
            if connection.wantsRead { read(connection) }
            if connection.wantsWrite { flush(connection) }
            if !connection.flags.contains(.isGone), connection.wantsRead || connection.wantsWrite { queue(connection) }
        }
        turns.removeAll(keepingCapacity: true)
    }

    private func nextTick() -> Int64 {
        if !nextTurns.isEmpty || logic.hasEffects { return Tick.atOnce }
        var next = logic.nextDeadline ?? Tick.never
        if let acceptRetryAt { next = min(next, acceptRetryAt) }
        return min(next, lingering.next ?? Tick.never, introductions.next ?? Tick.never)
    }

    // Listeners use the slots below the loop's own; connections never get that far.
    private static var firstListenerSlot: UInt32 { 0xffff_0000 }

    static func token(ofListener index: Int) -> Token {
        Token(slot: firstListenerSlot + UInt32(index), generation: 0)
    }

    private static func listener(of token: Token) -> Int? {
        token.slot >= firstListenerSlot ? Int(token.slot - firstListenerSlot) : nil
    }
}

/// What all shards share.
package struct ShardSetup<Transfer: Sendable>: Sendable {
    /// One listening address.
    package struct Entrance: Sendable {
        let listener: Listener
        let isSecure: Bool
        let isOperator: Bool
        /// Whether all it does is to send people to the secure address.
        var isRedirect = false

        package init(listener: Listener, isSecure: Bool, isOperator: Bool, isRedirect: Bool = false) {
            self.listener = listener
            self.isSecure = isSecure
            self.isOperator = isOperator
            self.isRedirect = isRedirect
        }

        var isInherited: Bool {
            if case .inherited = listener.origin { return true }
            return false
        }
    }

    /// Whether other processes may listen on the same ports by sockets of their own.
    var sharesPorts: Bool { listeners.contains { $0.listener.origin == .shared } }

    let listeners: [Entrance]
    /// Connections of all shards together; about, since shards accept side by side.
    let connectionLimit: Int
    let tls: Certificates?
    /// Who has to begin a connection with the PROXY protocol's header.
    let proxies: [AddressRange]
    let store: any PasteStore
    /// By shard.
    let mailboxes: [Mailbox<ShardMessage<Transfer>>]
    /// By shard: where the store's answers go.
    let sinks: [any StoreSink]
    let statistics: Statistics
    let logger: Logger
}
