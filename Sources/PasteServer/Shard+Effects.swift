// What the service asks for, done in its order.

import PasteCore
import PasteStore
import Reactor
import TLS

extension Shard {
    /// Does what the tick's events call for, and what that calls for in turn.
    func applyEffects() {
        for _ in 0..<IOLimits.roundsPerTick {
            apply(logic.endOfTick(now: now))
            guard logic.hasEffects else { return }
        }
    }

    private func apply(_ effects: TickEffects<Logic.Transfer>) {
        if !effects.store.isEmpty { setup.store.submit(effects.store, answersTo: sink) }
        // Before our own sends, so that other shards send at the same time. Always taken, for a lost note would lose its
        // paste's order: events are bounded by the follower's window, all else is a few notes for a viewer that comes or goes.
        for (shard, note) in effects.notes { setup.mailboxes[shard].deliver(.note(note)) }
        for (index, id) in effects.dirty.enumerated() {
            if index + Lookahead.output < effects.dirty.count {
                let next = effects.dirty[index + Lookahead.output]
                connections.prefetch(slot: next.slot)
                logic.prefetchSession(next)
            }
            guard let connection = connections[id] else { continue }
            connection.flags.insert(.hasOutput)
            if connection.wantsWrite { flush(connection) }
        }
        for id in effects.resumed {
            guard let connection = connections[id] else { continue }
            connection.flags.remove(.isPaused)
            if connection.wantsRead { queue(connection) }
        }
        for (id, shard, transfer) in effects.handOffs {
            handOff(id, to: shard, transfer)
        }
        for id in effects.closing {
            guard let connection = connections[id], connection.phase == .open else { continue }
            connection.phase = .flushing
            connection.flags.insert(.hasOutput)
            if connection.wantsWrite { flush(connection) }
        }
        for id in effects.aborting {
            if let connection = connections[id] { close(connection) }
        }
    }

    private var sink: any StoreSink { setup.sinks[number] }
}
