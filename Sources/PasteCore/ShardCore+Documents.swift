// A whole paste over HTTP, as JSON or as a page: written bit by bit as the reader takes it.

import Digest
import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

/// A document on its way: the state as it was when it began, and how far it has been written.
struct DocumentStream {
    let state: PasteState
    /// Items that were written.
    var next = 0
    var isChunked: Bool
    var writer: Writer

    enum Writer {
        case json(SnapshotWriter)
        case page(PastePage)
    }
}

extension ShardCore {
    func begin(_ errand: Errand, of live: LivePaste, at address: Address, _ exchange: Exchange, _ session: Session) {
        guard let paste = live.paste, let http = session.http else { return }
        let state = paste.committed
        var fields = textFields(session)
        // Weak: the clock in it goes on.
        let etag =
            "W/"
            + Self.etag(
                hash.word(
                    "etag",
                    [live.id.high, live.id.low, state.cursor.seq, state.cursor.tag, errand == .reading ? 1 : 0]
                        .flatMap(\.bytes)))
        fields[.eTag] = etag
        if exchange.head.fields.matches(etag: String(etag.dropFirst(2))) {
            return respond(.notModified, fields, [], exchange.head, session)
        }
        let writer: DocumentStream.Writer
        if errand == .reading {
            let page = PastePage(key: live.key, expiresAt: state.expiresAt, now: now, state)
            writer = .page(page)
            setPlainPage(&fields)
        } else {
            fields[.contentType] = "application/json"
            counters.snapshots &+= 1
            writer = .json(
                SnapshotWriter(
                    Snapshot(
                        paste: address.spelling, code: live.key.code, cursor: state.cursor, same: false, now: now,
                        expiresAt: state.expiresAt, you: nameless(in: live), can: Self.verbs, pad: state.pad,
                        padSeq: state.padSeq, items: [], acked: [], devices: live.deviceCount, more: false)))
        }
        let isChunked = exchange.head.minorVersion > 0
        let keepsAlive = keepsAlive(session) && isChunked
        send(
            session,
            ResponseHead(status: .ok, fields: fields).serialized(
                body: isChunked ? .chunked : .untilClose, keepsAlive: keepsAlive, date: date))
        guard exchange.head.method == .get else { return conclude(session, keepsAlive: keepsAlive) }
        note(session, reads: live)
        session.wait = .answer
        http.stream = DocumentStream(state: state, isChunked: isChunked, writer: writer)
        markDirty(session)
    }

    func servePlainPage(_ exchange: Exchange, _ session: Session) {
        var fields = securityFields(session)
        fields[.cacheControl] = "no-cache"
        setPlainPage(&fields)
        respond(.ok, fields, PastePage.home, exchange.head, session)
    }

    private func setPlainPage(_ fields: inout HTTPFields) {
        fields[.contentType] = "text/html; charset=utf-8"
        fields[.contentSecurityPolicy] = PastePage.contentSecurityPolicy
        // The browser names the page that a form is sent from only under a policy that lets it.
        if let policy = HTTPField.Name("Referrer-Policy") { fields[policy] = "same-origin" }
    }

    /// Writes on while the outbox has room.
    func refillDocument(_ session: Session) {
        while !session.isClosing, session.outbox.weight < settings.refillBytes, let http = session.http,
            var stream = http.stream
        {
            let (bytes, isLast) = stream.part(of: settings.snapshotPartBytes)
            queue(session, stream.isChunked ? ChunkedBody.chunk(bytes) : bytes)
            http.stream = isLast ? nil : stream
            guard isLast else { continue }
            if stream.isChunked { queue(session, ChunkedBody.end) }
            conclude(session, keepsAlive: stream.isChunked && keepsAlive(session))
        }
    }
}

extension DocumentStream {
    /// The next bytes: at least one item, and others while their texts are together below `limit`.
    mutating func part(of limit: Int) -> (bytes: [UInt8], isLast: Bool) {
        var output: [UInt8] = []
        if next == 0 {
            switch writer {
            case .json(let writer): output += writer.opening
            case .page(let page): output += page.opening
            }
        }
        var end = next
        var byteCount = 0
        while end < state.items.count, end == next || byteCount + item(end).text.count <= limit {
            byteCount += item(end).text.count
            end += 1
        }
        let items = (next..<end).map(item)
        next = end
        let isLast = end == state.items.count
        switch writer {
        case .json(var snapshot):
            snapshot.append(items, into: &output)
            if isLast { output += snapshot.closing + [0x0A] }
            writer = .json(snapshot)
        case .page(let page):
            for item in items { page.append(item, into: &output) }
            if isLast { output += page.closing }
        }
        return (output, isLast)
    }

    /// A page has the newest first.
    private func item(_ index: Int) -> Item {
        if case .page = writer { return state.items[state.items.count - 1 - index] }
        return state.items[index]
    }
}
