// One HTTP request on its way through the core: its turn, its paste's home shard, the look-up, its content, its answer.
// The same limits hold as for a device's messages, and a key is looked up before its content is let in.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

extension ShardCore {
    // MARK: From the head to the answer

    /// A head has come. Without content to wait for, nothing happens before its end.
    func begin(_ head: RequestHead, _ session: Session) {
        session.lookUp = .unpaid
        session.http?.exchange = Exchange(head)
        session.http?.reading = nil
        if head.body != .none {
            takeUp(session)
        }
    }

    /// The last byte of a request has come.
    func complete(_ session: Session) {
        guard let http = session.http, let exchange = http.exchange else { return }
        http.hasBegun = false
        http.exchange?.isComplete = true
        setDue(now + settings.keepAliveMilliseconds, http, session)
        guard let content = exchange.content else { return takeUp(session) }
        session.lookUp = .free  // it was looked up before its content was let in
        let verdict = visitors.use(
            .bytes, visit(of: session), cost: content.bytes.count, patience: settings.visitors.patience, now: now)
        switch verdict {
        case .now: resume(session)
        case .wait(let delay): park(session, .exchange, .bytes, delay)
        case .refused(let retryAfter, _, _):
            refuse(Refusal(ErrorMessage(code: .tooFast, retryAfter: retryAfter)), session)
        }
    }

    private func takeUp(_ session: Session) {
        guard !exchangeWaitsForTurn(session) else { return }
        open(session)
    }

    /// Finds the route of the request in hand, and goes on it.
    func open(_ session: Session) {
        guard let head = session.http?.exchange?.head else { return }
        do throws(HTTPFailure) {
            let path = try RequestPath(head.target)
            // Whatever is asked, it is asked at the wrong address.
            if session.isRedirect { return redirect(head, path, session) }
            if session.isOperator { return try answerOperator(path, head, session) }
            try route(path, head, session)
        } catch {
            refuse(Refusal(error), session)
        }
    }

    private func route(_ path: RequestPath, _ head: RequestHead, _ session: Session) throws(HTTPFailure) {
        let form = session.http?.exchange?.form
        var route = try Route(head.method, path, prefersPage: form == .page) {
            site.assets[$0] != nil && $0 != Self.page
        }
        if route == .makeByMessage, head.fields.contains(.upgrade) { route = .webSocket }
        session.http?.exchange?.route = route
        if route == .makeByMessage || route.errand == .message {
            // Who speaks the protocol is answered in it.
            session.http?.exchange?.form = .json
        }
        guard route.takesContent || head.body == .none || route == .webSocket else {
            throw HTTPFailure(.contentTooLarge, "This address takes no content.")
        }
        if route.isChange {
            try checkOrigin(head)
            session.http?.exchange?.wishes = try Wishes(head.fields, isForNewPaste: route == .make)
        }
        resume(session)
    }

    /// A page of another site may not have its visitor's browser change anything here (PROTOCOL.md, "Browsers").
    private func checkOrigin(_ head: RequestHead) throws(HTTPFailure) {
        let site = HTTPField.Name("Sec-Fetch-Site").flatMap { head.fields[$0] }
        let isForeign = site == "cross-site" || site == "same-site"
        guard Origin.isAllowed(head, alsoAllowed: settings.allowedOrigins), !isForeign || head.fields.contains(.origin)
        else {
            throw HTTPFailure(.forbidden, "Pages of another site may not change anything here.")
        }
    }

    /// Goes on with the request in hand, here or on another shard: after its turn, its move, its content.
    func resume(_ session: Session) {
        guard let exchange = session.http?.exchange, let route = exchange.route else { return }
        if route.takesContent, exchange.content == nil {
            // What is wrong can be seen before anything is looked up.
            guard admit(exchange, session) else { return }
        }
        switch route {
        case .page: servePage(exchange.head, session)
        case .plainPage: servePlainPage(exchange, session)
        case .plainPaste(let address): lead(to: "/\(address.key.name)/read", exchange, session)
        case .asset(let path): serveAsset(path, exchange.head, session)
        case .webSocket: upgrade(exchange.head, session)
        case .code(let address): serveCode(of: address, exchange, session)
        case .make, .makeByMessage: exchange.isComplete ? make(session) : invite(session)
        case .paste(let address, _):
            let id = PasteID(address.key, hash: hash)
            if moves(session, to: id) { return }
            seek(.http(from: StreamWish(exchange)?.cursor), address.key, id, session)
        }
    }

    /// The paste of the request in hand was found.
    func reached(_ live: LivePaste, _ session: Session) {
        guard let exchange = session.http?.exchange, case .paste(let address, let errand) = exchange.route else {
            return
        }
        guard exchange.content == nil || exchange.isComplete else { return invite(session) }
        run(errand, on: live, at: address, session)
    }

    // MARK: Content

    /// Makes room for content, if its head announces nothing that is refused anyway.
    private func admit(_ exchange: Exchange, _ session: Session) -> Bool {
        do throws(Refusal) {
            let isMessage = exchange.route.map { $0 == .makeByMessage || $0.errand == .message } ?? false
            session.http?.exchange?.content = try Content(
                exchange.head, isMessage: isMessage, settings: settings, now: now)
            if let lifetime = exchange.wishes.expiresIn, !(1...settings.limits.lifetime ~= lifetime) {
                throw Refusal(ErrorMessage(Rejection.badExpiry(limit: settings.limits.lifetime), ref: nil))
            }
            // Nothing will come: said before it is looked at where to.
            if exchange.head.body == .none { throw Refusal(ErrorMessage(code: isMessage ? .badMessage : .emptyText)) }
            return true
        } catch {
            refuse(error, session)
            return false
        }
    }

    /// The content may come.
    private func invite(_ session: Session) {
        guard let http = session.http, let exchange = http.exchange else { return }
        if exchange.head.expectsContinue {
            send(session, ResponseHead.goOn)
        }
        awaitContent(http, session)
    }

    /// A pipe may be silent for a while, and has an end.
    private func awaitContent(_ http: HTTPConnection, _ session: Session) {
        let end = (http.exchange?.content?.begunAt ?? now) + settings.contentMilliseconds
        setDue(min(end, now + settings.contentSilenceMilliseconds), http, session)
    }

    func collect(_ bytes: Span<UInt8>, _ session: Session) {
        guard let http = session.http, http.exchange?.content != nil else { return }
        do throws(Refusal) {
            try http.exchange?.content?.add(bytes)
            awaitContent(http, session)
        } catch {
            refuse(error, session)
        }
    }

    // MARK: Home

    /// Moves the connection to a paste's home shard with the request in hand, which is answered there; the next one may
    /// move it on.
    /// - Returns: Whether it has to go.
    private func moves(_ session: Session, to id: PasteID) -> Bool {
        let home = id.home(of: shards)
        guard home != shard else { return false }
        session.wait = .handOff(shard: home, message: [])
        handOffIfReady(session)
        return true
    }

    // MARK: The end

    /// Says no to the request in hand.
    func refuse(_ refusal: Refusal, _ session: Session) {
        guard !session.isClosing, let exchange = session.http?.exchange else { return }
        abandonPaste(of: exchange)
        counters.badRequests &+= 1
        count(refusal.message)
        var fields = securityFields(session)
        fields.append(contentsOf: refusal.fields)
        var content: [UInt8] = []
        if exchange.form == .json {
            fields[.contentType] = "application/json"
            ServerMessage.error(refusal.message).encode(into: &content)
        } else {
            fields[.contentType] = "text/plain; charset=utf-8"
            content = Array(refusal.message.message.utf8)
            if refusal.message.known == .noSuchPaste, exchange.head.method == .put {
                // `curl -T README https://HOST/` has named a key by its file's name.
                content += " A file with such a name makes a new paste by: curl --data-binary @FILE https://HOST/".utf8
            }
        }
        respond(refusal.status, fields, content + [0x0A], exchange.head, session)
    }

    /// A paste whose first text could not be kept, and whose address nobody was told, is not left behind.
    private func abandonPaste(of exchange: Exchange) {
        guard exchange.created != nil, case .paste(let address, .append) = exchange.route,
            let live = pastes[PasteID(address.key, hash: hash)], live.ending == nil, live.deviceCount == 0,
            let paste = live.paste, paste.cursor.seq == 0, !paste.hasPending
        else { return }
        end(live, LivePaste.Ending(reason: .deleted, requester: nil))
    }

    /// The request in hand has its answer, or the answer is on its way out.
    func conclude(_ session: Session, keepsAlive: Bool) {
        session.http?.exchange = nil
        guard keepsAlive, session.http?.isLast != true else { return finish(session) }
        // What it asked of a paste may yet be answered in parts: the next request begins when nothing more can come.
        if case .answer = session.wait, session.inFlight == 0 {
            unblock(session)
        }
    }

    /// The peer has ended its side. What it asked before is answered.
    func endsAfterAnswer(_ session: Session) -> Bool {
        guard let http = session.http, let exchange = http.exchange, exchange.isComplete, !session.isClosing,
            exchange.route?.errand != .events
        else { return false }
        http.isLast = true
        return true
    }
}

extension Route {
    var errand: Errand? {
        if case .paste(_, let errand) = self { return errand }
        return nil
    }
}
