// Requests over HTTP that change something: answered when the change is durable, like a device's.

import Digest
import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

extension ShardCore {
    /// Does what the request in hand asks of a paste that is there.
    func run(_ errand: Errand, on live: LivePaste, at address: Address, _ session: Session) {
        switch errand {
        case .newest, .item, .pad, .snapshot, .reading: show(errand, of: live, at: address, session)
        case .events: openStream(of: live, session)
        case .append: append(to: live, session)
        case .message: run(messageFor: live, session)
        case .remove(let item):
            guard let (author, ref) = requester(in: live, scope: "remove \(item)", session) else { return }
            ask(.remove(item: item), LivePaste.Requester(session: session, author: author, ref: ref), of: live)
        case .end:
            guard let (author, ref) = requester(in: live, scope: "end", session) else { return }
            end(live, for: LivePaste.Requester(session: session, author: author, ref: ref))
        }
    }

    // MARK: New pastes

    /// A new paste of the content in hand.
    func make(_ session: Session) {
        guard let exchange = session.http?.exchange else { return }
        if exchange.route == .makeByMessage { return run(messageFor: nil, session) }
        guard takeTexts(session) != nil else { return }
        // With a key of its own the same request finds its first paste again; else it is a new one each time.
        session.client =
            exchange.wishes.idempotencyKey.map { secret(of: $0, scope: "make", exchange.wishes) }
            ?? ClientSecret(high: random.next(), low: random.next())
        create(session, ref: 1, key: nil, expiresIn: exchange.wishes.expiresIn, isPrivate: false)
    }

    /// There is a paste for the request in hand.
    func goOnWithNewPaste(_ creation: Creation, _ paste: CreatedPaste) {
        let session = creation.session
        session.inFlight -= 1
        session.wait = nil
        guard !session.isClosing, let exchange = session.http?.exchange else { return }
        let created = Created(creation, paste, url: url(of: creation.key, session))
        if exchange.texts == nil {
            answer(.created(created), session, status: .created, location: created.url)
        } else {
            session.http?.exchange?.created = created
            session.http?.exchange?.route = .paste(Address(creation.key), .append)
            session.lookUp = .free
            resume(session)
        }
        goOn(session)
    }

    // MARK: Texts

    /// The texts of the content in hand; nil when it was refused.
    private func takeTexts(_ session: Session) -> [FormPart]? {
        guard let http = session.http, let exchange = http.exchange else { return nil }
        if let texts = exchange.texts { return texts }
        do throws(Refusal) {
            var texts = try http.exchange?.content?.takeTexts() ?? []
            if exchange.form == .page {
                // A browser sends the line ends of a text field as CR LF, whatever was typed (HTML, "form submission").
                for index in texts.indices where !texts[index].isFile {
                    texts[index].text = texts[index].text.withPlainLineEnds
                }
            }
            http.exchange?.texts = texts
            account(session)
            return texts
        } catch {
            refuse(error, session)
            return nil
        }
    }

    /// Keeps the texts in hand as items: all of them, in one batch, or none.
    private func append(to live: LivePaste, _ session: Session) {
        guard let paste = live.paste, let texts = takeTexts(session), let exchange = session.http?.exchange,
            !waitsForPermit(session, isEdit: false)
        else { return }
        var requests = texts.map { PasteRequest.append($0.text) }
        if exchange.created == nil, let lifetime = exchange.wishes.expiresIn {
            requests.append(.extend(expiresIn: lifetime))
        }
        let scope = exchange.created == nil ? "append" : "make"
        guard let (author, first) = requester(in: live, scope: scope, count: requests.count, session) else { return }
        let refs = first..<first + UInt64(requests.count)
        guard !isOtherRequest(requests, refs, author, in: paste.tentative) else {
            return refuse(
                Refusal(.unprocessableContent, "This Idempotency-Key was used for other content. Draw a new one."),
                session)
        }
        let requester = LivePaste.Requester(session: session, author: author, ref: first)
        if requests.count > 1, let rejection = paste.tentative.refuses(texts, paste.limits) {
            let isRepeat = paste.tentative.clients[author]?.receipt(of: first) != nil
            guard isRepeat else { return refuse(session, ErrorMessage(rejection, ref: nil)) }
        }
        let bytes = requests.reduce(0) { $0 + $1.storedBytes(in: paste) }
        let isPaid = requests.count > 1 && paste.tentative.clients[author]?.receipt(of: first) == nil
        if isPaid, chargeStorage(requester, bytes: bytes, in: paste) == nil { return }
        session.http?.exchange?.awaited = requests.count
        session.wait = .answer
        for (request, ref) in zip(requests, refs) {
            decide(
                LivePaste.Requester(session: session, author: author, ref: ref), request, on: live, isPaid: isPaid)
        }
    }

    /// Whether what these refs did before was something else, as far as that can be told.
    private func isOtherRequest(
        _ requests: [PasteRequest], _ refs: Range<UInt64>, _ author: Author, in state: PasteState
    ) -> Bool {
        guard let record = state.clients[author], record.receipts.contains(where: { refs.contains($0.ref) }) else {
            return false
        }
        if record.receipt(of: refs.upperBound) != nil, refs.lowerBound == 1 { return true }
        for (request, ref) in zip(requests, refs) {
            guard let receipt = record.receipt(of: ref) else { return true }
            switch request {
            case .append(let text):
                guard let number = receipt.item else { return true }
                // Who has edited the item since has not made the request another one.
                if let item = state.item(number), item.textSeq == receipt.seq, item.text != text { return true }
            default:
                if receipt.item != nil { return true }
            }
        }
        return false
    }

    // MARK: Messages

    /// One message of the protocol: of a paste, or of none.
    private func run(messageFor live: LivePaste?, _ session: Session) {
        guard let exchange = session.http?.exchange, let json = exchange.content?.bytes else { return }
        let message: ClientMessage
        do {
            message = try ClientMessage(json: json.span)
        } catch {
            counters.badMessages &+= 1
            return refuse(session, ErrorMessage(error))
        }
        session.client = exchange.wishes.client ?? ClientSecret(high: random.next(), low: random.next())
        switch (message, live) {
        case (.hello, nil):
            answer(.welcome(Welcome(server: settings.serverName, limits: settings.announced, now: now)), session)
        case (.create(let ref, let key, let expiresIn, let isPrivate), nil):
            if key != nil, waitsForLookUp(session, creating: ref, json.span) { return }
            create(session, ref: ref, key: key, expiresIn: expiresIn, isPrivate: isPrivate)
        case (.request(let ref, let request, let key), let live?):
            if let key, PasteKey(parsing: key).map({ PasteID($0, hash: hash) }) != live.id {
                return refuse(session, .otherPaste, ref: ref)
            }
            if waitsForPermit(session, isEdit: request.isEdit) { return }
            ask(
                request, LivePaste.Requester(session: session, author: author(of: session, in: live), ref: ref),
                of: live)
        case (.delete(let ref), let live?):
            end(live, for: LivePaste.Requester(session: session, author: author(of: session, in: live), ref: ref))
        default:
            refuse(
                session,
                ErrorMessage(
                    code: .badMessage,
                    detail: live == nil ? "only `create` and `hello`" : "only a request to this paste"))
        }
    }

    private func ask(_ request: PasteRequest, _ requester: LivePaste.Requester, of live: LivePaste) {
        requester.session.wait = .answer
        decide(requester, request, on: live)
    }

    private func end(_ live: LivePaste, for requester: LivePaste.Requester) {
        requester.session.wait = .answer
        requester.session.inFlight += 1
        end(live, LivePaste.Ending(reason: .deleted, requester: requester))
    }

    // MARK: Who asks

    /// In whose name a request is made, and the first of its numbers.
    ///
    /// With an `Idempotency-Key` that is a client of its own, whose requests begin at 1: repeated, they are known. Else
    /// it is nobody in particular, the same for all in a paste, so that a script that adds a line each minute does not
    /// use up the clients that a paste remembers.
    private func requester(
        in live: LivePaste, scope: String, count: Int = 1, _ session: Session
    ) -> (author: Author, ref: UInt64)? {
        guard let exchange = session.http?.exchange, let paste = live.paste else { return nil }
        if let key = exchange.wishes.idempotencyKey {
            let secret = secret(of: key, scope: scope, exchange.wishes)
            return (Author(of: secret.bytes, in: live.id, hash: hash), 1)
        }
        let author = nameless(in: live)
        let known = paste.tentative.clients[author]?.receipts.last?.ref ?? 0
        let ref = max(live.lastNamelessRef, known) + 1
        live.lastNamelessRef = ref + UInt64(count) - 1
        return (author, ref)
    }

    /// Nobody in particular.
    func nameless(in live: LivePaste) -> Author {
        Author(of: hash("nameless", []), in: live.id, hash: hash)
    }

    private func secret(of key: String, scope: String, _ wishes: Wishes) -> ClientSecret {
        ClientSecret(key, scope: scope, client: wishes.client, hash: hash)
    }

    // MARK: Answers

    /// A paste has answered the request in hand, or a part of it: durable.
    func acknowledgeExchange(_ receipt: Receipt, _ session: Session) {
        guard let http = session.http, http.exchange != nil else { return }
        http.exchange?.receipts.append(receipt)
        guard let exchange = http.exchange, exchange.receipts.count == exchange.awaited,
            case .paste(let address, let errand) = exchange.route
        else { return }
        switch errand {
        case .append: answerKept(exchange, address, session)
        case .message: answer(.ack(receipt), session)
        default:
            guard exchange.form == .json else {
                return respond(.noContent, securityFields(session), [], exchange.head, session)
            }
            answer(.ack(receipt), session)
        }
    }

    private func answerKept(_ exchange: Exchange, _ address: Address, _ session: Session) {
        let items = exchange.receipts.sorted { $0.ref < $1.ref }.compactMap { receipt in
            receipt.item.map { KeptItem(item: $0, seq: receipt.seq) }
        }
        let paste = exchange.created?.url ?? url(of: address.key, session)
        var fields = securityFields(session)
        fields[.cacheControl] = "no-store"
        if exchange.form == .page {
            return lead(to: "/\(address.key.name)/read", exchange, session)
        }
        let urls = items.map { "\(paste)/items/\($0.item)" }
        fields[.location] = exchange.created == nil ? urls.first : paste
        var content: [UInt8] = []
        if exchange.form == .json {
            fields[.contentType] = "application/json"
            KeptAnswer(created: exchange.created, url: paste, items: items).encode(into: &content)
            content.append(0x0A)
        } else {
            fields[.contentType] = "text/plain; charset=utf-8"
            for url in exchange.created == nil ? urls : [paste] { content += Array(url.utf8) + [0x0A] }
        }
        respond(.created, fields, content, exchange.head, session)
    }

    /// Leads a browser to another address here.
    func lead(to path: String, _ exchange: Exchange, _ session: Session) {
        var fields = securityFields(session)
        fields[.cacheControl] = "no-store"
        fields[.location] = path
        respond(.seeOther, fields, [], exchange.head, session)
    }

    /// Answers with a message of the protocol.
    private func answer(
        _ message: ServerMessage, _ session: Session, status: HTTPResponse.Status = .ok, location: String? = nil
    ) {
        guard let exchange = session.http?.exchange else { return }
        var content: [UInt8] = []
        message.encode(into: &content)
        var fields = securityFields(session)
        fields[.contentType] = "application/json"
        fields[.cacheControl] = "no-store"
        fields[.location] = location
        respond(status, fields, content + [0x0A], exchange.head, session)
    }
}

extension ClientSecret {
    /// The client of an `Idempotency-Key`.
    /// - Parameters:
    ///   - scope: The kind of request: one key may be used for several.
    ///   - client: Who asks, when that was named.
    init(_ key: String, scope: String, client: ClientSecret?, hash: KeyedHash) {
        let name = Array(scope.utf8) + [0] + Array(key.utf8) + [0] + (client?.bytes ?? [])
        self.init(high: hash.word("idempotency high", name), low: hash.word("idempotency low", name))
    }
}

extension PasteState {
    /// Why these texts can not all be kept.
    fileprivate func refuses(_ texts: [FormPart], _ limits: Limits) -> Rejection? {
        if texts.count > limits.items - items.count { return .tooManyItems(limit: limits.items) }
        let bytes = texts.reduce(0) { $0 + $1.text.count }
        return bytes > limits.pasteBytes - byteCount ? .pasteFull(limit: limits.pasteBytes) : nil
    }
}

extension Text {
    /// With LF for CR LF.
    fileprivate var withPlainLineEnds: Text {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        for (index, byte) in utf8.enumerated() {
            if byte == 0x0D, index + 1 < utf8.count, utf8[index + 1] == 0x0A { continue }
            bytes.append(byte)
        }
        return Text(uncheckedUTF8: bytes)
    }
}
