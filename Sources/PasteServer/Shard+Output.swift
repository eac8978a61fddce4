// From the service to the socket.

import PasteCore
import PasteModel
import Reactor
import TLS

extension Shard {
    /// One turn of writing: until the service has no more, the socket takes no more, or the turn's budget is
    /// used up. What is left has another turn, when there is room again.
    func flush(_ connection: Connection) {
        if connection.isSecure {
            flushSecurely(connection)
        } else {
            flushPlainly(connection)
        }
        if !connection.flags.contains(.isGone), connection.wantsWrite || connection.wantsRead { queue(connection) }
    }

    private func flushPlainly(_ connection: Connection) {
        // Out and back: what is used in its place while the service is called would be watched by the runtime.
        var output: [UInt8] = []
        swap(&output, &self.output)
        defer { swap(&output, &self.output) }
        var budget = IOLimits.turnBytes
        while budget > 0 {
            fill(&output, from: logic, connection.id, budget, now: now)
            guard !output.isEmpty else { return ran(dry: connection) }
            guard let count = send(connection, output.span) else { return }
            let isDry = !logic.sent(connection.id, count, now: now)
            guard connection.flags.contains(.mayWrite) else { return }
            guard !isDry else { return ran(dry: connection) }
            budget -= count
        }
    }

    private func flushSecurely(_ connection: Connection) {
        if !connection.unsent.isEmpty {
            let waiting = connection.unsent
            connection.unsent = []
            guard let count = send(connection, waiting.span) else { return }
            if count < waiting.count {
                connection.unsent = Array(waiting[count...])
                return
            }
        }
        var output: [UInt8] = []
        swap(&output, &self.output)
        defer { swap(&output, &self.output) }
        var budget = IOLimits.turnBytes
        while budget > 0 {
            fill(&output, from: logic, connection.id, budget, now: now)
            guard !output.isEmpty, !connection.flags.contains(.saidGoodbye) else { return ran(dry: connection) }
            let taken: Int
            do throws(TLSError) {
                taken = try connection.tls?.encrypt(output.span) ?? 0
            } catch {
                counters.lostConnections += 1
                wire.clear()
                return close(connection)
            }
            // Nothing can be said before the handshake is over.
            guard taken > 0 else { return ran(dry: connection) }
            let isDry = !logic.sent(connection.id, taken, now: now)
            guard sendWire(connection), connection.unsent.isEmpty else { return }
            guard !isDry else { return ran(dry: connection) }
            budget -= taken
        }
    }

    private func ran(dry connection: Connection) {
        connection.flags.remove(.hasOutput)
        if connection.phase == .flushing { shutDown(connection) }
    }

    /// Sends and notes whether there is room for more. Nil: the connection is gone.
    private func send(_ connection: Connection, _ bytes: Span<UInt8>) -> Int? {
        do throws(SystemError) {
            return try connection.send(bytes)
        } catch {
            lose(connection)
            return nil
        }
    }

    private func lose(_ connection: Connection) {
        counters.lostConnections += 1
        close(connection)
    }

    /// Sends what is on the wire and keeps what the socket does not take. False: the connection is gone.
    func sendWire(_ connection: Connection) -> Bool {
        defer { wire.clear() }
        guard connection.unsent.isEmpty, connection.flags.contains(.mayWrite) else {
            connection.leave(wire.output(from: 0))
            return true
        }
        do throws(SystemError) {
            let count = try connection.send(wire)
            if count < wire.count { connection.unsent = wire.output(from: count) }
            return true
        } catch {
            lose(connection)
            return false
        }
    }

    /// Ends our side when all is sent, then waits for the peer to end its own.
    func shutDown(_ connection: Connection) {
        connection.phase = .flushing
        if !connection.flags.contains(.saidGoodbye), connection.tls != nil {
            connection.flags.insert(.saidGoodbye)
            connection.tls?.close()
            guard sendWire(connection) else { return }
        }
        guard connection.unsent.isEmpty else { return }
        if connection.flags.contains(.hasEnded) { return close(connection) }
        connection.phase = .lingering
        connection.unread = []
        connection.socket?.shutDownOutput()
        lingering.add(connection.id, until: now + IOLimits.lingerMilliseconds)
        if connection.wantsRead { queue(connection) }
    }
}

// Outside the actor, where a closure costs nothing: in one of the actor's the runtime asks at each call whether it runs
// on the actor's executor, which is a sixth of the user time of a delivery.

/// Copies the next output of a connection into an empty buffer.
private func fill<Logic: ShardLogic>(
    _ output: inout [UInt8], from logic: Logic, _ id: ConnectionID, _ budget: Int, now: Milliseconds
) {
    output.removeAll(keepingCapacity: true)
    output.append(addingCapacity: budget) { room in
        logic.peek(id, into: &room, now: now)
    }
}

extension Connection {
    /// Sends and notes whether there is room for more.
    fileprivate func send(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        let count = try socket?.send(bytes) ?? 0
        if count < bytes.count { flags.remove(.mayWrite) }
        return count
    }

    fileprivate func send(_ wire: TLSWire) throws(SystemError) -> Int {
        try wire.withOutput { bytes throws(SystemError) in try send(bytes) }
    }
}
