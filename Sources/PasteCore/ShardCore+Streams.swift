// Event streams: a response that goes on for as long as its reader follows the paste. To the paste it is a viewer like
// any other; what is told here is how it begins, shows that it is alive, and ends.
//
//     the paste is over                  `expired`, the end of the content; closed when that has been read
//     the server ends it (a drain,       the event `close` with the code that a WebSocket would be closed with, the
//     a newer stream, a stalled reader)  end of the content; closed when that has been read or after a while
//     the reader goes                    closed

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

/// What a request for an event stream asks for.
struct StreamWish: Sendable {
    /// The key as it was written.
    let key: String
    /// Where the reader stands; `nil`: nowhere.
    let after: StreamPosition?
    /// Refs that it has no answer to.
    let pending: [UInt64]
    /// Who reads; `nil`: somebody new.
    let client: ClientSecret?

    /// What `GET /KEY/events` asks for; nil for another request. What can't be read of it counts as not said: the reader
    /// gets a snapshot.
    init?(_ exchange: Exchange) {
        guard case .paste(let address, .events) = exchange.route else { return nil }
        key = address.spelling
        let path = try? RequestPath(exchange.head.target)
        let fields = exchange.head.fields
        // An `EventSource` comes back to the address that it was given, and names in the field how far it got since.
        let position = Self.lastEventID.flatMap { fields[$0] } ?? path?.parameter("after")
        after = position.flatMap { StreamPosition($0) }
        pending = (path?.parameter("pending") ?? "").split(separator: ",").prefix(AnnouncedLimits.pendingRefs)
            .compactMap { UInt64($0) }
        client = Self.clientName.flatMap { fields[$0] }.flatMap { ClientSecret(hexadecimal: Array($0.utf8)) }
    }

    /// The cursor, if it is whole.
    var cursor: Cursor? {
        if case .cursor(let cursor) = after { return cursor }
        return nil
    }

    private static let lastEventID = HTTPField.Name("Last-Event-ID")
    private static let clientName = HTTPField.Name("Pasted-Client")
}

extension ShardCore {
    /// Answers the request in hand by the stream of its paste, which is open and not over.
    func openStream(of live: LivePaste, _ session: Session) {
        guard let paste = live.paste, let exchange = session.http?.exchange, let wish = StreamWish(exchange) else {
            return
        }
        let isChunked = exchange.head.minorVersion > 0
        let isHead = exchange.head.method == .head
        let keepsAlive = isHead && keepsAlive(session)
        send(
            session,
            ResponseHead(status: .ok, fields: HTTPFields(securityFields(session) + EventStream.fields))
                .serialized(body: isChunked ? .chunked : .untilClose, keepsAlive: keepsAlive, date: date))
        guard !isHead else { return conclude(session, keepsAlive: keepsAlive) }
        let stream = EventStream(isChunked: isChunked)
        let hasEnded = session.http?.isLast == true
        session.http = nil
        session.stream = stream
        session.client = wish.client
        streams += 1
        counters.streams &+= 1
        let retry = Milliseconds.random(in: settings.streamRetryMilliseconds, using: &random)
        send(session, stream.wrapped(EventStream.opening(retry: retry)))
        subscribe(session, live, key: wish.key, after: cursor(wish.after, in: paste), pending: wish.pending)
        call(session, at: now + settings.signOfLifeMilliseconds)
        if isDraining {
            finishForDrain(session)
        } else if hasEnded {
            finish(session)
        }
    }

    private func cursor(_ position: StreamPosition?, in paste: Paste) -> Cursor? {
        switch position {
        case .cursor(let cursor): cursor
        case .seq(let seq): paste.cursor(at: seq)
        case nil: nil
        }
    }

    /// A viewer's paste is over. A stream ends with that, when its reader has read so far.
    func endStream(_ session: Session) {
        guard let stream = session.stream, !session.isClosing else { return }
        session.stream?.isOver = true
        send(session, stream.end)
    }

    /// What comes behind the request of a stream is no request: the answer to that never ends.
    func skipInput(_ session: Session, _ count: Int) {
        session.stream?.strayBytes += count
        if let stray = session.stream?.strayBytes, stray > settings.strayBytes {
            close(session, .policyViolation, "nothing may be sent behind the request for an event stream")
        }
    }

    func lookAtStreamClock(_ session: Session) {
        if session.outbox.isEmpty, session.lastOutputAt + settings.signOfLifeMilliseconds <= now,
            let stream = session.stream
        {
            send(session, stream.wrapped(EventStream.signOfLife))
        }
        callReader(session, at: max(now + 1_000, session.lastOutputAt + settings.signOfLifeMilliseconds))
    }
}
