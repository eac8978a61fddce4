// How a session leaves its shard, and what it is on the next one.

import PasteModel
import WebSocket

extension SessionTransfer {
    init(_ session: Session, message: [UInt8]) {
        self.init(
            transport: session.transport, peer: session.peer, isSecure: session.isSecure,
            http: session.http.map { HTTP($0, session.lookUp) }, webSocket: session.webSocket, host: session.host,
            client: session.client, appends: session.appends, edits: session.edits, inflated: session.inflated,
            visit: session.visit,
            message: message, held: session.held, view: session.view.flatMap(MovedView.init))
    }
}

extension MovedView {
    /// `nil` for a viewer that is not between its home and a follower.
    fileprivate init?(_ view: Session.View) {
        guard view.ticket > 0 else { return nil }
        self.init(
            paste: view.paste.id, author: view.author, key: view.key, cursor: view.cursor,
            missedDevices: view.missedDevices, ticket: view.ticket, rests: view.rests)
    }
}

extension SessionTransfer.HTTP {
    init(_ connection: HTTPConnection, _ lookUp: Session.LookUp) {
        self.init(
            parser: connection.parser, exchange: connection.exchange, hasBegun: connection.hasBegun,
            due: connection.due, isLast: connection.isLast, lookUp: lookUp)
    }
}

extension Session {
    convenience init(id: ConnectionID, _ transfer: SessionTransfer, now: Milliseconds) {
        self.init(id: id, peer: transfer.transport.peer, isSecure: transfer.transport.isSecure, now: now)
        peer = transfer.peer
        isSecure = transfer.isSecure
        webSocket = transfer.webSocket
        deflateWindow = transfer.webSocket?.deflateWindow ?? .none
        if let http = transfer.http {
            self.http = HTTPConnection(http)
            lookUp = http.lookUp
        }
        host = transfer.host
        client = transfer.client
        appends = transfer.appends
        edits = transfer.edits
        inflated = transfer.inflated
        visit = transfer.visit
        held = transfer.held
        // Bytes that are held, and the adoption itself, end in a look at the input.
        isPaused = true
    }
}
