// Texts over HTTP: exact bytes, parts of them, or JSON. Only committed state is shown.

import Digest
import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

extension ShardCore {
    /// Shows something of a paste that is there.
    func show(_ errand: Errand, of live: LivePaste, at address: Address, _ session: Session) {
        guard let state = live.paste?.committed, let exchange = session.http?.exchange else { return }
        switch errand {
        case .newest:
            guard let item = state.items.last else {
                return refuse(Self.missing("This paste holds no item yet."), session)
            }
            show(item, of: live, exchange, session)
        case .item(let number):
            guard let item = state.item(number) else {
                return refuse(
                    Self.missing("There is no item \(number) in this paste. It may have been removed."), session)
            }
            show(item, of: live, exchange, session)
        case .pad:
            let place = LivePaste.Place(item: 0, textSeq: state.padSeq)
            guard exchange.form == .json else { return serve(state.pad, at: place, of: live, exchange, session) }
            var json: [UInt8] = []
            encodePad(state.pad, seq: state.padSeq, into: &json)
            serve(json: json, etag: etag(of: place, isJSON: true, live), of: live, exchange, session)
        case .snapshot, .reading:
            begin(errand, of: live, at: address, exchange, session)
        default: break
        }
    }

    private static func missing(_ sentence: String) -> Refusal {
        Refusal(.noSuchItem, sentence)
    }

    private func show(_ item: Item, of live: LivePaste, _ exchange: Exchange, _ session: Session) {
        let place = LivePaste.Place(item: item.number, textSeq: item.textSeq)
        guard exchange.form == .json else { return serve(item.text, at: place, of: live, exchange, session) }
        var json: [UInt8] = []
        item.encode(into: &json)
        serve(json: json, etag: etag(of: place, isJSON: true, live), of: live, exchange, session)
    }

    /// A text's exact bytes, or a part of them. The bytes are those of the paste: nothing is copied for a reader.
    private func serve(
        _ text: Text, at place: LivePaste.Place, of live: LivePaste, _ exchange: Exchange, _ session: Session
    ) {
        var fields = textFields(session)
        fields[.contentType] = "text/plain; charset=utf-8"
        fields[.acceptRanges] = "bytes"
        let etag = etag(of: place, isJSON: false, live)
        fields[.eTag] = etag
        if exchange.head.fields.matches(etag: etag) {
            fields[.contentType] = nil
            return respond(.notModified, fields, [], exchange.head, session)
        }
        let isGet = exchange.head.method == .get
        switch isGet ? ByteRange(exchange.head.fields, etag: etag, count: text.count) : .whole {
        case .whole:
            note(session, reads: live)
            respond(.ok, fields, .shared(live.lend(text, at: place, on: budget)), exchange.head, session)
        case .part(let range):
            fields[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(text.count)"
            note(session, reads: live)
            respond(.partialContent, fields, Array(text.utf8[range]), exchange.head, session)
        case .outside:
            refuse(
                Refusal(
                    .rangeNotSatisfiable, "The text has \(text.count) bytes.",
                    fields: [.contentRange: "bytes */\(text.count)"]), session)
        }
    }

    private func serve(
        json: [UInt8], etag: String, of live: LivePaste, _ exchange: Exchange, _ session: Session
    ) {
        var fields = textFields(session)
        fields[.contentType] = "application/json"
        fields[.eTag] = etag
        if exchange.head.fields.matches(etag: etag) {
            fields[.contentType] = nil
            return respond(.notModified, fields, [], exchange.head, session)
        }
        note(session, reads: live)
        respond(.ok, fields, json + [0x0A], exchange.head, session)
    }

    // MARK: Readers

    /// A text of a paste is about to be sent: when the paste's time is over, who has not read it soon after is cut off, so
    /// that nothing of it is left in memory, however slowly they read.
    func note(_ session: Session, reads live: LivePaste) {
        _ = isRead(live)
        session.http?.reading = live
        live.readers.append(session.id)
    }

    /// Whether texts of a paste are on their way to HTTP readers.
    func isRead(_ live: LivePaste) -> Bool {
        live.readers.removeAll { reader($0, of: live) == nil }
        return !live.readers.isEmpty
    }

    func cutOffReaders(of live: LivePaste) {
        // Who reads as fast as people do gets what is in the outbox; the others have as long as any goodbye.
        for session in live.readers.compactMap({ reader($0, of: live) }) { finish(session) }
        live.readers = []
    }

    private func reader(_ id: ConnectionID, of live: LivePaste) -> Session? {
        guard let session = session(id), let http = session.http, http.reading === live else { return nil }
        return session.outbox.isEmpty && http.stream == nil ? nil : session
    }

    /// What a paste's texts are sent with: they are in no cache when the paste is over.
    func textFields(_ session: Session) -> HTTPFields {
        var fields = securityFields(session)
        fields[.cacheControl] = "no-store"
        fields[.vary] = "Accept"
        return fields
    }

    /// A tag of one text in one form. It holds for this run of the server: a database that was restored from a backup
    /// could have another text in the same place.
    private func etag(of place: LivePaste.Place, isJSON: Bool, _ live: LivePaste) -> String {
        let words = [runNonce, live.id.high, live.id.low, place.item, place.textSeq, isJSON ? 1 : 0]
        return Self.etag(hash.word("etag", words.flatMap(\.bytes)))
    }

    static func etag(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return "\"" + String(repeating: "0", count: 16 - digits.count) + digits + "\""
    }
}

extension UInt64 {
    var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> UInt64(56 - 8 * $0)) } }
}

extension LivePaste {
    /// One text of a paste: an item's, or item 0 for the pad's; and which state of it.
    struct Place: Hashable {
        let item: UInt64
        let textSeq: UInt64
    }

    /// A text that is on its way to readers.
    struct Loan {
        let place: Place
        weak var buffer: SharedBuffer?
    }

    /// A text that waits in outboxes: one buffer for all of its readers.
    func lend(_ text: Text, at place: Place, on budget: BufferBudget) -> SharedBuffer {
        loans.removeAll { $0.buffer == nil }
        if let buffer = loans.first(where: { $0.place == place })?.buffer { return buffer }
        let buffer = SharedBuffer(text.utf8, on: budget)
        loans.append(Loan(place: place, buffer: buffer))
        return buffer
    }
}
