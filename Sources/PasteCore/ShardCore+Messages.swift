// What devices say over a WebSocket, and the answers that need no paste.

import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    /// Looks at the next thing that the frames in `bytes` say.
    /// - Returns: Whether there was one; if not, the bytes are used up.
    func lookAtFrames(_ bytes: inout MutableSpan<UInt8>, at offset: inout Int, of session: Session) -> Bool {
        guard offset < bytes.count, let event = session.nextEvent(&bytes, at: &offset, codec: codec) else {
            return false
        }
        session.isRequestPaid = false
        session.lookUp = .unpaid
        switch event {
        case .message:
            session.messageBegunAt = nil
        case .ping, .pong, .closed, .failed:
            // In the middle of a message, its time goes on.
            if session.webSocket?.isMidMessage == false { session.messageBegunAt = nil }
        }
        switch event {
        case .message(.text, .inPlace(let range)):
            handle(session, bytes.span.extracting(range))
        case .message(.text, .assembled(let message)):
            handle(session, message.span)
        case .message(.text, .inflated(let message)):
            handleInflated(session, message)
        case .message(.binary, _):
            counters.badMessages &+= 1
            close(session, .unsupportedData, "messages are JSON texts")
        case .ping(let reply):
            send(session, reply)
        case .pong:
            break
        case .closed(_, let reply):
            if let reply {
                send(session, reply)
            }
            finish(session)
        case .failed(_, let reply):
            counters.badFrames &+= 1
            send(session, reply)
            finish(session)
        }
        return true
    }

    /// One message of the protocol. The first that needs a paste of another shard moves the connection there.
    func handle(_ session: Session, _ json: Span<UInt8>) {
        if waitsForTurn(session, json) { return }
        counters.messages &+= 1
        let message: ClientMessage
        do {
            message = try ClientMessage(json: json, knownKey: session.view?.key ?? session.named?.text)
        } catch {
            counters.badMessages &+= 1
            refuse(session, ErrorMessage(error))
            if error.code == .badHello {
                close(session, .badHello)
            }
            return
        }
        switch message {
        case .hello(let client):
            greet(session, client)
        case .create(let ref, let key, let expiresIn, let isPrivate):
            if key != nil, waitsForLookUp(session, creating: ref, json) { return }
            if waitsForPermit(session, isEdit: false, json) { return }
            create(session, ref: ref, key: key, expiresIn: expiresIn, isPrivate: isPrivate)
        case .subscribe(let key, let after, let pending):
            want(.subscribe(key: key, after: after, pending: pending), of: key, session, json)
        case .request(let ref, let request, let key):
            self.request(session, ref: ref, request, key: key, json)
        case .delete(let ref):
            guard let view = session.view else {
                return refuse(session, .notSubscribed, ref: ref)
            }
            if takesHome(session, json) { return }
            if waits(for: view.paste, .delete(ref: ref), session) { return }
            delete(view.paste, session, ref: ref)
        case .unsubscribe:
            leave(session)
        case .ping:
            send(session, .pong)
        }
    }

    /// Encodes a message for one device, queues it and marks that as dirty.
    func send(_ session: Session, _ message: ServerMessage) {
        queue(session, message)
        markDirty(session)
    }

    /// Encodes a message for one device and queues it.
    /// - Parameters:
    ///   - items: Items that were encoded before, instead of the message's own.
    ///   - position: In a stream, the cursor that its reader has with it.
    func queue(_ session: Session, _ message: ServerMessage, items: EncodedItems? = nil, position: Cursor? = nil) {
        var outgoing = outgoing(message, items: items)
        if let stream = session.stream {
            let event = EventStream.event(outgoing.payload, position: position ?? message.position)
            queue(session, stream.wrapped(event))
        } else {
            queue(session, outgoing.frame(for: session.deflateWindow, by: codec))
        }
    }

    /// Encodes a message once, as the frames that everyone shares.
    func outgoing(_ message: ServerMessage, items: EncodedItems? = nil) -> OutgoingMessage {
        var json: [UInt8] = []
        message.encode(into: &json, items: items)
        return OutgoingMessage(.text, json)
    }

    /// Says no to a request.
    func refuse(_ session: Session, _ error: ErrorMessage) {
        guard !session.isClosing else { return }
        if session.http != nil { return refuse(Refusal(error), session) }
        count(error)
        send(session, .error(error))
    }

    func count(_ error: ErrorMessage) {
        let place = error.known.flatMap { ErrorCode.allCases.firstIndex(of: $0) }
        counters.refused(place)
    }

    /// Says no to a request by a row of the error table.
    func refuse(
        _ session: Session, _ code: ErrorCode, ref: UInt64? = nil, retryAfter: Milliseconds? = nil, limit: Int? = nil
    ) {
        refuse(session, ErrorMessage(code: code, ref: ref, retryAfter: retryAfter, limit: limit.map(Int64.init)))
    }

    private func greet(_ session: Session, _ client: ClientSecret) {
        guard session.client == nil else {
            return refuse(session, .helloTooLate)
        }
        session.client = client
    }

    /// The secret of a session's device; somebody new when it named none.
    func client(of session: Session) -> ClientSecret {
        if let client = session.client { return client }
        let client = ClientSecret(high: random.next(), low: random.next())
        session.client = client
        return client
    }

    private func request(
        _ session: Session, ref: UInt64, _ request: PasteRequest, key: String?, _ json: Span<UInt8>
    ) {
        if let view = session.view {
            if let key, !isKey(key, of: view) {
                return refuse(session, .otherPaste, ref: ref)
            }
            if takesHome(session, json) { return }
            session.view?.restsUntil = now + settings.restMilliseconds
            if waitsForPermit(session, isEdit: request.isEdit, json)
                || waits(for: view.paste, .request(ref: ref, request), session)
            {
                return
            }
            return perform(
                LivePaste.Requester(session: session, author: view.author, ref: ref), request, on: view.paste)
        }
        guard let key else {
            return refuse(session, .notSubscribed, ref: ref)
        }
        want(.request(ref: ref, request), of: key, session, json)
    }

    /// Whether a key names the paste that is followed. Nearly always it is spelled as in `subscribe`, and reading
    /// and hashing it again would be a fifth of what an append costs.
    private func isKey(_ key: String, of view: Session.View) -> Bool {
        // Strings that Swift calls equal have equal small letters, and those are what is read as a key.
        if key == view.key { return true }
        return PasteKey(parsing: key).map { PasteID($0, hash: hash) } == view.paste.id
    }

    /// Has a session wait that sends little that decompresses to much: else a few kilobytes a second would keep the
    /// shard busy.
    private func handleInflated(_ session: Session, _ message: [UInt8]) {
        guard let delay = session.inflated.take(settings.inflated, count: message.count >> 10, now: now) else {
            return handle(session, message.span)
        }
        counters.throttledRequests &+= 1
        session.wait = .permit(message: message)
        deadlines.add(.permit(session.id), at: now + delay)
    }

    /// Has a session wait that asks faster than it may: its requests keep their order, and none is lost.
    /// - Returns: Whether it has to; the message is handled when there is a permit.
    func waitsForPermit(_ session: Session, isEdit: Bool, _ json: Span<UInt8>) -> Bool {
        let delay =
            isEdit
            ? session.edits.take(settings.edits, now: now) : session.appends.take(settings.appends, now: now)
        guard let delay else { return false }
        counters.throttledRequests &+= 1
        session.wait = .permit(message: copy(json))
        deadlines.add(.permit(session.id), at: now + delay)
        return true
    }

    /// The same for the HTTP request in hand.
    func waitsForPermit(_ session: Session, isEdit: Bool) -> Bool {
        let message: [UInt8] = []
        return waitsForPermit(session, isEdit: isEdit, message.span)
    }

    /// There is a permit for the message that waits.
    func handleThrottled(_ session: Session) {
        guard case .permit(let message) = session.wait else { return }
        session.wait = nil
        if session.http != nil {
            resume(session)
        } else {
            handle(session, message.span)
        }
        account(session)
        if session.wait == nil {
            unblocked.append(session)
        }
    }

    func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.append(bytes)
        return copy
    }
}

extension Array<UInt8> {
    /// Appends the bytes of a span as one block: byte by byte costs ten times as much.
    mutating func append(_ bytes: Span<UInt8>) {
        // Safe: the pointer does not leave the closure, which reads exactly the buffer it is given.
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe append(contentsOf: buffer)
        }
    }
}
