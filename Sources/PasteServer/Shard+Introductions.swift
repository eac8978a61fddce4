// Connections that come through the operator's proxies by the PROXY protocol: who is at their other end is said before
// their first byte, and before TLS. Nobody else is asked, and nobody else is believed.

import PasteCore
import Reactor

extension Shard {
    /// Whether a new connection begins with a proxy's header.
    func isIntroduced(_ peer: PeerAddress, _ entrance: ShardSetup<Logic.Transfer>.Entrance) -> Bool {
        !entrance.isOperator && setup.proxies.contains { $0.contains(peer) }
    }

    /// Waits for the header; the service hears of the connection when it is there.
    func awaitIntroduction(_ connection: Connection) {
        connection.phase = .introducing
        introductions.add(connection.id, until: now + IOLimits.introductionMilliseconds)
    }

    /// One turn of reading before the header is whole.
    func readIntroduction(_ connection: Connection) {
        guard let count = receive(connection) else {
            if connection.flags.contains(.hasEnded) { close(connection) }
            return
        }
        connection.keep(received.span.extracting(first: count))
        var bytes = connection.unread
        switch ProxyHeader.read(bytes.span) {
        case .incomplete:
            break
        case .malformed:
            counters.refusedIntroductions += 1
            close(connection)
        case .complete(let byteCount, let peer):
            bytes.removeFirst(byteCount)
            connection.unread = bytes
            let peer = peer ?? connection.peer
            guard logic.admits(peer, now: now) else { return close(connection) }
            connection.phase = .open
            logic.opened(
                connection.id, peer: peer, isSecure: connection.isSecure,
                isOperator: connection.isOperator, now: now)
            // Behind the header, the connection's own bytes: ciphertext is read from where it is.
            guard !connection.isSecure, !bytes.isEmpty else { return }
            connection.unread = []
            pass(connection, &bytes, bytes.count)
        }
    }

    /// Closes connections whose header did not come in time.
    func closeUnintroduced() {
        while let id = introductions.popDue(now: now, isMeant: { connections[$0]?.phase == .introducing }),
            let connection = connections[id]
        {
            counters.refusedIntroductions += 1
            close(connection)
        }
    }
}
