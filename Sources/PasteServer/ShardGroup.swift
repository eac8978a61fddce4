// All shards of a server: made together, started, drained and stopped. The control plane's side: any thread.

import Logging
import PasteCore
import PasteModel
import PasteStore
import Reactor
import TLS

/// The shards and what they share.
package final class ShardGroup<Logic: ShardLogic>: Sendable {
    let setup: ShardSetup<Logic.Transfer>
    let shards: [Shard<Logic>]

    /// What a group is made of.
    package struct Plan: Sendable {
        package var shards = 1
        package var listeners: [ShardSetup<Logic.Transfer>.Entrance] = []
        package var connectionLimit = Int.max
        package var tls: Certificates?
        package var proxies: [AddressRange] = []
        package var store: any PasteStore
        package var visitors: Visitors?
        package var logger: Logger

        package init(store: any PasteStore, logger: Logger) {
            self.store = store
            self.logger = logger
        }
    }

    /// Makes the shards; nothing runs yet.
    /// - Parameter logic: The service of one shard.
    package init(_ plan: Plan, logic: @Sendable (_ shard: Int, ServerView) -> sending Logic) throws {
        let loops = try (0..<plan.shards).map { _ in try EventLoop() }
        let statistics = Statistics(shards: plan.shards)
        let mailboxes = loops.map {
            Mailbox<ShardMessage<Logic.Transfer>>(of: $0, capacity: IOLimits.mailboxMessages)
        }
        let setup = ShardSetup(
            listeners: plan.listeners, connectionLimit: plan.connectionLimit, tls: plan.tls,
            proxies: plan.proxies, store: plan.store, mailboxes: mailboxes,
            sinks: mailboxes.map(ShardSink.init), statistics: statistics, logger: plan.logger)
        let view = ServerView(
            statistics: statistics, store: plan.store, loops: loops, mail: { mailboxes.map(\.count) },
            certificates: plan.tls, visitors: plan.visitors)
        self.setup = setup
        shards = try loops.indices.map { number in
            try Shard(number, loop: loops[number], setup: setup, logic: logic(number, view))
        }
    }

    /// Starts the threads.
    package func start() throws {
        for shard in shards {
            try shard.loop.start(shard, name: "shard-\(shard.number)")
        }
    }

    /// Accepts no more, lets the service close what is there, and waits until all is gone, at most so long.
    /// - Parameter whenQuiet: Called once, as soon as no request can reach the store any more: a successor that
    ///   waits for it need not wait for goodbyes that nobody reads.
    /// - Returns: Whether all went in time.
    func drain(within grace: Duration, whenQuiet: () async -> Void = {}) async -> Bool {
        let spread = grace / IOLimits.spreadDivisor
        for mailbox in setup.mailboxes {
            mailbox.deliver(.drain(spread: spread.components.seconds * 1_000 + spread.milliseconds))
        }
        let start = ContinuousClock.now
        let end = start + grace - grace / IOLimits.endDivisor
        if setup.sharesPorts {
            _ = await reached(by: min(start + .milliseconds(IOLimits.latecomerMilliseconds), end)) { false }
            guard await reached(by: end, { setup.statistics.isQuiet }) else { return false }
            await whenQuiet()
            _ = await reached(by: min(start + .milliseconds(IOLimits.halfOpenMilliseconds), end)) { false }
            for mailbox in setup.mailboxes { mailbox.deliver(.stopAccepting) }
            guard await stopListening(by: end) else { return false }
        } else {
            guard await stopListening(by: end) else { return false }
            guard await reached(by: end, { setup.statistics.isQuiet }) else { return false }
            await whenQuiet()
        }
        return await reached(by: end, { setup.statistics.connections == 0 })
    }

    /// Who comes from here on is refused at once, or finds the server that has the port, too.
    private func stopListening(by end: ContinuousClock.Instant) async -> Bool {
        guard await reached(by: end, { setup.statistics.allStoppedAccepting }) else { return false }
        for entrance in setup.listeners { entrance.listener.stop() }
        return true
    }

    /// Waits until it is so, or the time is over.
    private func reached(by end: ContinuousClock.Instant, _ isSo: () -> Bool) async -> Bool {
        while !isSo() {
            guard ContinuousClock.now < end else { return false }
            // A cancelled wait must not spin: then it is over.
            do { try await Task.sleep(for: .milliseconds(IOLimits.drainPollMilliseconds)) } catch { return false }
        }
        return true
    }

    /// Has every shard work by other settings.
    func reload(_ settings: CoreSettings) {
        for mailbox in setup.mailboxes { mailbox.deliver(.reload(settings)) }
    }

    /// Whether every loop goes round within the time.
    func answers(within time: Duration) async -> Bool {
        let before = shards.map { $0.loop.statistics.ticks }
        for shard in shards { shard.loop.wake() }
        return await reached(by: .now + time) {
            zip(shards, before).allSatisfy { $0.loop.statistics.ticks > $1 }
        }
    }

    /// Closes whatever is left and ends the threads.
    package func stop() async {
        for mailbox in setup.mailboxes { mailbox.deliver(.stop) }
        for shard in shards {
            shard.loop.stop()
            await shard.loop.waitUntilStopped()
        }
    }
}

extension Duration {
    /// The part below a second, in milliseconds.
    fileprivate var milliseconds: Int64 { components.attoseconds / 1_000_000_000_000_000 }
}
