// One HTTP connection, and the one request of it that is being answered: requests are answered in their order, so what
// follows it waits.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

/// One HTTP connection's state; dropped at the upgrade.
final class HTTPConnection {
    var parser: RequestParser
    /// The request in hand, from its head to the last byte of its answer.
    var exchange: Exchange?
    /// The answer's content, when it is written bit by bit.
    var stream: DocumentStream?
    /// Whether a byte of the awaited request has come: from then on it has to be complete in time.
    var hasBegun = true
    /// When the connection is closed if nothing changes. Bytes of a head do not move it.
    var due: Milliseconds
    /// Whether the peer has ended its side: nothing comes after the request in hand.
    var isLast = false

    init(due: Milliseconds) {
        // How much content is too much depends on what it is for: `Content` says.
        var limits = HTTPLimits()
        limits.bodyBytes = 1 << 50
        parser = RequestParser(limits: limits)
        self.due = due
    }

    /// Bytes that are kept for it.
    var heldBytes: Int { parser.heldBytes + (exchange?.content?.bytes.count ?? 0) }

    /// A connection that comes from another shard.
    init(_ transfer: SessionTransfer.HTTP) {
        parser = transfer.parser
        exchange = transfer.exchange
        hasBegun = transfer.hasBegun
        due = transfer.due
        isLast = transfer.isLast
    }
}

/// A request from its head to its answer:
///
///     head ──turn, home shard, look-up──> inviting ──content──> complete ──look-up──> answered
///      └── no content ──> complete ──turn, home shard, look-up──> answered
struct Exchange: Sendable {
    let head: RequestHead
    /// What the client would rather have.
    var form: Representation
    /// Where it leads; nil before it was looked at.
    var route: Route?
    /// The content so far, when the route takes some.
    var content: Content?
    /// What the fields ask for beside it.
    var wishes = Wishes()
    /// The texts of the content, once it is complete.
    var texts: [FormPart]?
    /// The paste that was made for them.
    var created: Created?
    /// How many answers of the paste make the answer, and those that came.
    var awaited = 1
    var receipts: [Receipt] = []
    /// Whether the whole request has come: the connection can be used again after the answer.
    var isComplete = false

    init(_ head: RequestHead) {
        self.head = head
        form = Representation(head.fields)
    }
}
