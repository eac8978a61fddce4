// How a session leaves its shard, and what it is on the next one.

import PasteModel
import WebSocket

extension SessionTransfer {
    init?(_ session: Session, message: [UInt8]) {
        guard let webSocket = session.webSocket else { return nil }
        self.init(
            peer: session.peer, isSecure: session.isSecure, webSocket: webSocket, host: session.host,
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

extension Session {
    convenience init(id: ConnectionID, _ transfer: SessionTransfer, now: Milliseconds) {
        self.init(id: id, peer: transfer.peer, isSecure: transfer.isSecure, now: now)
        webSocket = transfer.webSocket
        deflateWindow = transfer.webSocket.deflateWindow
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
