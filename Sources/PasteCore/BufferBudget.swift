// How much memory peers can make a shard keep, all of them together.

import WebSocket

/// The bytes that a shard keeps for its peers. Shard-confined.
final class BufferBudget {
    /// Bytes of unfinished input and unsent output.
    fileprivate(set) var usedBytes = 0

    func add(_ bytes: Int) {
        usedBytes += bytes
    }
}

/// Bytes that many connections wait to be sent. They count once, until the last of them has let go of the buffer.
final class SharedBuffer {
    let bytes: [UInt8]
    private let budget: BufferBudget

    init(_ bytes: [UInt8], on budget: BufferBudget) {
        self.bytes = bytes
        self.budget = budget
        budget.usedBytes += bytes.count
    }

    deinit {
        budget.usedBytes -= bytes.count
    }
}

extension ShardCore {
    /// Notes what a session holds now. Called whenever that may have changed; constant time.
    func account(_ session: Session) {
        let bytes = session.heldBytes
        budget.add(bytes - session.accountedBytes)
        session.accountedBytes = bytes
    }

    /// The same when a WebSocket's outbox changes and nothing else: what every delivery does twice.
    @inline(__always)
    func accountOutbox(of session: Session, _ change: (Outbox) -> Void) {
        let before = session.outbox.ownBytes
        change(session.outbox)
        // Only a WebSocket's other parts are sure to be accounted for where they change.
        guard session.http == nil else { return account(session) }
        let difference = session.outbox.ownBytes - before
        budget.add(difference)
        session.accountedBytes += difference
    }

    /// The session is gone, and what it held with it.
    func discharge(_ session: Session) {
        outboxBytes -= session.outbox.byteCount
        session.outbox.clear()
        session.held = []
        releaseInput(session)
        session.visit = nil
        budget.add(-session.accountedBytes)
        session.accountedBytes = 0
    }

    /// Closes connections until an eighth of the budget is free again. Those of the address that holds most go first, and
    /// of them the ones that hold most: one machine with a thousand unfinished messages pays before a thousand people
    /// with one each. Looking at all sessions is paid for by the bytes that it took to come here again.
    func relieve() {
        let target = settings.bufferBytes / 8 * 7
        var holders: [Network: (bytes: Int, sessions: [Session])] = [:]
        for session in sessions {
            guard let session, session.outbox.byteCount + session.accountedBytes >= Self.spareBytes else { continue }
            let network = Network(session.peer)
            holders[network, default: (0, [])].bytes += session.outbox.byteCount + session.accountedBytes
            holders[network]?.sessions.append(session)
        }
        for holder in holders.values.sorted(by: { $0.bytes > $1.bytes }) {
            for session in holder.sessions.sorted(by: { $0.accountedBytes > $1.accountedBytes }) {
                guard budget.usedBytes > target else { return }
                relieve(session)
            }
        }
    }

    /// What one connection may hold before closing it could help.
    private static let spareBytes = 1_024

    func relieve(_ session: Session) {
        counters.relievedConnections &+= 1
        let reads = session.outbox.weight <= Self.spareBytes
        if !session.isClosing, reads {
            if session.http != nil {
                refuseForLoad(session)
            } else {
                close(session, .tryAgainLater, "the server is short of memory, come back later")
            }
            webSockets -= session.webSocket == nil ? 0 : 1
            session.webSocket = nil
            session.http = nil
            account(session)
        } else {
            // Its outbox is what costs: a goodbye behind it would keep it.
            finish(session)
            discharge(session)
            effects.aborting.append(session.id)
        }
    }
}
