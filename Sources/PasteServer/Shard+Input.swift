// From the socket to the service.

import PasteCore
import Reactor
import TLS

extension Shard {
    /// One turn of reading: what an earlier turn left, or what one receive call gives.
    func read(_ connection: Connection) {
        if connection.phase == .introducing {
            readIntroduction(connection)
        } else if connection.phase != .open {
            discard(connection)
        } else if !connection.isSecure {
            guard let count = receive(connection) else { return }
            pass(connection, &received, count)
        } else {
            readSecurely(connection)
        }
    }

    /// Receives once. Nil: there is nothing to look at, and the connection may be gone.
    func receive(_ connection: Connection) -> Int? {
        var room = received.mutableSpan
        let result: Socket.Received?
        do throws(SystemError) {
            result = try connection.socket?.receive(into: &room)
        } catch {
            counters.lostConnections += 1
            close(connection)
            return nil
        }
        switch result {
        case .bytes(let count):
            // A short read has emptied the kernel's buffer (epoll(7)), and what comes later is news; only an
            // end that came along is not told again.
            if count < received.count, !connection.flags.contains(.endIsNear) { connection.flags.remove(.mayRead) }
            return count
        case .nothing, nil:
            connection.flags.remove(.mayRead)
        case .end:
            connection.flags.remove(.mayRead)
            end(connection)
        }
        return nil
    }

    func pass(_ connection: Connection, _ buffer: inout [UInt8], _ count: Int) {
        var whole = buffer.mutableSpan
        var bytes = whole._mutatingExtracting(first: count)
        logic.received(connection.id, &bytes, now: now)
        if !logic.wantsInput(connection.id) { connection.flags.insert(.isPaused) }
    }

    /// The peer will send no more.
    private func end(_ connection: Connection) {
        guard !connection.flags.contains(.hasEnded) else { return }
        connection.flags.insert(.hasEnded)
        logic.ended(connection.id, now: now)
    }

    private func readSecurely(_ connection: Connection) {
        if !connection.unread.isEmpty {
            let kept = connection.unread
            connection.unread = []
            decrypt(connection, kept.span)
        } else if connection.flags.contains(.mayHoldPlaintext) {
            let nothing: [UInt8] = []
            decrypt(connection, nothing.span)
        } else if let count = receive(connection) {
            // Moved out and back, so that the buffer can be read while the shard is at work; no copy.
            let ciphertext = received
            received = []
            decrypt(connection, ciphertext.span.extracting(first: count))
            received = ciphertext
        }
    }

    /// Decrypts until all is eaten or nobody wants more; what is left is kept.
    private func decrypt(_ connection: Connection, _ ciphertext: Span<UInt8>) {
        var offset = 0
        do throws(TLSError) {
            while true {
                var room = plaintext.mutableSpan
                let before = offset
                guard let result = try connection.tls?.decrypt(ciphertext, at: &offset, into: &room) else { return }
                if wire.count > 0, !sendWire(connection) { return }
                connection.barrenBytes = result.count > 0 ? 0 : connection.barrenBytes + offset - before
                guard connection.barrenBytes <= IOLimits.barrenBytes else { return stop(flooding: connection) }
                countHandshake(connection)
                if result.count > 0 { pass(connection, &plaintext, result.count) }
                connection.flags.remove(.mayHoldPlaintext)
                switch result.stop {
                case .hungry: return
                case .ended:
                    end(connection)
                    return
                case .full: connection.flags.insert(.mayHoldPlaintext)
                case .blocked where connection.unsent.count >= IOLimits.unsentBytes:
                    connection.keep(ciphertext.extracting(droppingFirst: offset))
                    return
                case .blocked: break
                }
                if connection.flags.contains(.isPaused) {
                    connection.keep(ciphertext.extracting(droppingFirst: offset))
                    return
                }
            }
        } catch {
            fail(connection, error)
        }
    }

    private func countHandshake(_ connection: Connection) {
        guard !connection.flags.contains(.isCounted), connection.tls?.isOpen == true else { return }
        // Output that had to wait for the handshake goes now.
        connection.flags.formUnion([.isCounted, .hasOutput])
        counters.handshakes += 1
        if connection.tls?.wasResumed == true { counters.resumedHandshakes += 1 }
    }

    private func fail(_ connection: Connection, _ error: TLSError) {
        guard case .plainHTTP = error else {
            count(connection, error)
            // The alert that says why.
            if sendWire(connection) { close(connection) }
            return
        }
        counters.plainRequests += 1
        connection.flags.insert(.isCounted)
        connection.tls = nil
        _ = try? connection.socket?.send(plainAnswer.span)
        shutDown(connection)
    }

    private func count(_ connection: Connection, _ error: TLSError) {
        connection.flags.insert(.isCounted)
        guard case .peer(let fault) = error else { return }
        switch fault.kind {
        case .broken: counters.brokenSessions += 1
        case .version: counters.versionFailures += 1
        case .parameters: counters.parameterFailures += 1
        case .applicationProtocol: counters.protocolFailures += 1
        case .alert: counters.peerAlerts += 1
        }
    }

    /// It sends ciphertext and never anything in it. TLS has no alert for that.
    private func stop(flooding connection: Connection) {
        connection.flags.insert(.isCounted)
        counters.floods += 1
        close(connection)
    }

    /// Throws away what a connection sends that is being shut down, up to a turn's worth.
    private func discard(_ connection: Connection) {
        guard receive(connection) == nil, connection.flags.contains(.hasEnded) else { return }
        if connection.phase == .lingering { close(connection) }
    }
}

/// To somebody who speaks HTTP on the TLS port.
private let plainAnswer: [UInt8] = {
    let sentence = "This port speaks HTTPS: use https:// instead of http:// in the address.\n"
    let head = """
        HTTP/1.1 400 Bad Request\r
        Content-Type: text/plain; charset=utf-8\r
        Content-Length: \(sentence.utf8.count)\r
        Cache-Control: no-store\r
        X-Robots-Tag: noindex\r
        Connection: close\r
        \r

        """
    return Array((head + sentence).utf8)
}()
