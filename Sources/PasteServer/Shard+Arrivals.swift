// How connections come and go: by accept, from another shard, to another shard, for good.

import Logging
import PasteCore
import PasteModel
import Reactor
import TLS

extension Shard {
    /// Accepts until nobody waits or the tick's share is taken; the listener tells again while somebody waits.
    func accept(from index: Int, atMost count: Int = IOLimits.acceptsPerTick) {
        guard isAccepting else { return }
        let entrance = setup.listeners[index]
        for _ in 0..<count {
            // Some descriptors are left to the store and the system's libraries, which fail badly without.
            guard entrance.isOperator || setup.statistics.connections < setup.connectionLimit else {
                return stopListening(
                    "the limit of \(setup.connectionLimit) connections is reached", sparesOperator: true)
            }
            // Who waits in the kernel's queue costs nothing and loses nothing.
            if !entrance.isOperator, let delay = logic.acceptDelay(now: now) {
                return leaveQueued(until: now + delay)
            }
            switch entrance.listener.accept() {
            case .connection(let socket, let peer):
                let peer = PeerAddress(high: peer.high, low: peer.low)
                // One address's surplus ends here: before TLS, a slot or an answer, since it is told by who asks most.
                // Of whom a proxy brings is asked when it has said who that is.
                guard entrance.isOperator || isIntroduced(peer, entrance) || logic.admits(peer, now: now) else {
                    continue
                }
                open(socket, peer, entrance)
            case .nothing:
                return
            case .exhausted(let error):
                return stopListening(error.description, sparesOperator: false)
            }
        }
    }

    private func open(_ socket: consuming Socket, _ peer: PeerAddress, _ entrance: ShardSetup<Logic.Transfer>.Entrance)
    {
        let id = connections.reserve()
        let connection = Connection(id, peer, socket, isSecure: entrance.isSecure, isOperator: entrance.isOperator)
        if entrance.isSecure, let certificates = setup.tls {
            connection.tls = try? TLSSession(accepting: certificates.context, on: wire)
        }
        guard enter(connection), connection.tls != nil || !entrance.isSecure else {
            counters.refusedConnections += 1
            drop(connection)
            return
        }
        counters.acceptedConnections += 1
        if entrance.isRedirect { return logic.openedForRedirect(id, peer: peer, now: now) }
        if isIntroduced(peer, entrance) { return awaitIntroduction(connection) }
        logic.opened(id, peer: peer, isSecure: entrance.isSecure, isOperator: entrance.isOperator, now: now)
    }

    /// Registers with the kernel, whose first news comes at once. False: it has no room.
    private func enter(_ connection: Connection) -> Bool {
        connections.set(connection)
        setup.statistics.connectionOpened()
        let token = Token(slot: connection.id.slot, generation: connection.id.generation)
        do throws(SystemError) {
            try connection.socket?.register(with: loop.poller, as: token)
            return true
        } catch {
            setup.logger.error("a connection could not be watched", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// A connection comes from another shard.
    func adopt(_ handoff: Handoff<Logic.Transfer>) {
        guard let content = handoff.take() else { return }
        let id = connections.reserve()
        let connection = Connection(
            id, content.peer, content.socket, isSecure: content.isSecure, isOperator: content.isOperator)
        if let session = content.tls { connection.tls = session.attached(to: wire) }
        connection.flags = content.flags
        connection.unsent = content.unsent
        connection.unread = content.unread
        guard enter(connection) else {
            counters.refusedConnections += 1
            drop(connection)
            return logic.lost(content.transfer, now: now)
        }
        logic.adopt(id, content.transfer, now: now)
        if !logic.wantsInput(id) { connection.flags.insert(.isPaused) }
        queue(connection)
    }

    /// A connection moves to another shard, with everything but this object.
    func handOff(_ id: ConnectionID, to shard: Int, _ transfer: Logic.Transfer) {
        guard let connection = connections[id], let socket = connection.socket.take() else { return }
        loop.poller.remove(socket)
        // The new registration tells what the old one told; what was not passed on is remembered.
        let kept: Connection.Flags = [.hasEnded, .mayHoldPlaintext, .isCounted]
        let handoff = Handoff(
            Handoff<Logic.Transfer>.Content(
                peer: connection.peer, socket: socket, tls: connection.tls.take()?.detached(),
                isSecure: connection.isSecure,
                isOperator: connection.isOperator, flags: connection.flags.intersection(kept),
                unsent: connection.unsent, unread: connection.unread, transfer: transfer))
        drop(connection)
        // Refused only when more connections wait than can be: it closes with the message.
        if !setup.mailboxes[shard].post(.handOff(handoff)) {
            counters.refusedConnections += 1
            logic.lost(transfer, now: now)
        }
    }

    /// The connection ends here and now.
    func close(_ connection: Connection) {
        guard !connection.flags.contains(.isGone) else { return }
        if connection.tls != nil, !connection.flags.contains(.isCounted) { counters.unfinishedHandshakes += 1 }
        drop(connection)
        logic.closed(connection.id, now: now)
        if acceptRetryAt != nil { listenAgain() }
    }

    private func drop(_ connection: Connection) {
        connection.flags.insert(.isGone)
        connection.socket = nil
        connection.tls = nil
        connection.unsent = []
        connection.unread = []
        connections.release(connection.id)
        setup.statistics.connectionClosed()
    }

    /// Closes lingering connections whose time is over.
    func closeLingering() {
        while let id = lingering.popDue(now: now, isMeant: { connections[$0] != nil }),
            let connection = connections[id]
        {
            close(connection)
        }
    }

    // MARK: Listening

    /// Out of descriptors: a listener that went on telling would spin.
    private func stopListening(_ reason: String, sparesOperator: Bool) {
        guard acceptRetryAt == nil else { return }
        counters.exhaustions += 1
        if exhaustionToldAt + IOLimits.exhaustionSilenceMilliseconds <= now {
            exhaustionToldAt = now
            setup.logger.error(
                "no new connections until others close: raise the limit of open files",
                metadata: ["reason": "\(reason)"])
        }
        for entrance in setup.listeners where !(sparesOperator && entrance.isOperator) {
            loop.poller.remove(entrance.listener)
        }
        acceptRetryAt = now + IOLimits.acceptRetryMilliseconds
    }

    /// All together open connections faster than they may.
    private func leaveQueued(until time: Milliseconds) {
        guard acceptRetryAt == nil else { return }
        for entrance in setup.listeners where !entrance.isOperator {
            loop.poller.remove(entrance.listener)
        }
        acceptRetryAt = time
    }

    /// Something closed, or enough time has passed.
    func listenAgain() {
        acceptRetryAt = nil
        guard isAccepting else { return }
        for index in setup.listeners.indices {
            // Those that were spared are there already, which is the only error that can come.
            try? loop.poller.add(setup.listeners[index].listener, as: Self.token(ofListener: index))
        }
    }

    /// Leaves those who come from here on to the next process that has these listeners.
    func leaveInherited() {
        for entrance in setup.listeners where entrance.isInherited { loop.poller.remove(entrance.listener) }
    }

    /// No new connections from here on. Those that the kernel accepted already still come in, unless another
    /// process has the listener, too: then they wait for it.
    func stopAccepting() {
        guard isAccepting else { return }
        for index in setup.listeners.indices where !setup.listeners[index].isInherited {
            accept(from: index, atMost: IOLimits.lastAccepts)
        }
        isAccepting = false
        acceptRetryAt = nil
        for entrance in setup.listeners { loop.poller.remove(entrance.listener) }
        setup.statistics.shardStoppedAccepting()
    }
}
