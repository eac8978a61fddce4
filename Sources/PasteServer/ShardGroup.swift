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
        package var tls: TLSContext?
        package var store: any PasteStore
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
            listeners: plan.listeners, connectionLimit: plan.connectionLimit, tls: plan.tls, store: plan.store,
            mailboxes: mailboxes,
            sinks: mailboxes.map(ShardSink.init), statistics: statistics, logger: plan.logger)
        let view = ServerView(statistics: statistics, store: plan.store, loops: loops)
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
    /// - Returns: Whether all went in time.
    func drain(within grace: Duration) async -> Bool {
        for mailbox in setup.mailboxes { mailbox.deliver(.drain) }
        let end = ContinuousClock.now + grace
        var isListening = true
        while setup.statistics.connections > 0 || isListening {
            if isListening, setup.statistics.allStoppedAccepting {
                // Who comes now is refused at once, or finds the server that shares the port.
                for entrance in setup.listeners { entrance.listener.stop() }
                isListening = false
                continue
            }
            guard ContinuousClock.now < end else { return false }
            // A cancelled wait must not spin: then it is over.
            do { try await Task.sleep(for: .milliseconds(IOLimits.drainPollMilliseconds)) } catch { return false }
        }
        return true
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
