// The HTTP front: the static page, and the door to the WebSocket.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

/// One HTTP connection's state; dropped at the upgrade.
final class HTTPConnection {
    var parser = RequestParser(limits: HTTPLimits())
    /// The request that is answered when its last byte has come.
    var head: RequestHead?
    /// Whether a byte of the awaited request has come: from then on it has to be complete in time.
    var hasBegun = true
    /// When the connection is closed if nothing changes. Bytes alone do not move it.
    var due: Milliseconds

    init(due: Milliseconds) {
        self.due = due
    }
}

extension ShardCore {
    /// Looks at the next part of a request.
    /// - Returns: Whether there was one; if not, the bytes are used up.
    func lookAtRequest(_ bytes: Span<UInt8>, at offset: inout Int, of session: Session) -> Bool {
        guard let http = session.http else { return false }
        let event = http.parser.next(bytes, at: &offset)
        if !http.hasBegun, !http.parser.isIdle {
            http.hasBegun = true
            setDue(now + settings.requestMilliseconds, http, session)
        }
        switch event {
        case nil:
            return false
        case .head(let head):
            counters.requests &+= 1
            identify(session, head)
            if head.body == .none {
                http.head = head
            } else {
                refuseContent(head, session)
            }
        case .body:
            break  // refused by then: no resource of the page takes content
        case .end:
            guard let head = http.head else { break }
            http.head = nil
            http.hasBegun = false
            setDue(now + settings.keepAliveMilliseconds, http, session)
            if !waitsForTurn(session, head) {
                answer(head, session)
            }
        case .failed(let failure):
            counters.badRequests &+= 1
            send(session, failure.serialized(date: date, extra: securityFields(session)))
            finish(session)
        }
        return true
    }

    /// Answers before the content has come, and instead of `100 Continue`: what will follow is not read as a request,
    /// so the connection ends with the answer (RFC 9110 sections 10.1.1 and 15.5.14).
    private func refuseContent(_ head: RequestHead, _ session: Session) {
        var head = head
        head.keepsAlive = false
        answer(head, session)
        finish(session)
    }

    private func setDue(_ time: Milliseconds, _ http: HTTPConnection, _ session: Session) {
        http.due = time
        call(session, at: time)
    }

    /// A request did not come in time.
    func timeOut(_ session: Session) {
        if session.http?.parser.isIdle == false {
            send(
                session,
                HTTPFailure(.requestTimeout, "The request took too long.")
                    .serialized(date: date, extra: securityFields(session)))
        }
        finish(session)
    }

    /// The server can not keep what a request has sent so far.
    func refuseForLoad(_ session: Session) {
        send(
            session,
            HTTPFailure(
                .serviceUnavailable, "The server is short of memory: try again later.", fields: [.retryAfter: "10"]
            ).serialized(date: date, extra: securityFields(session)))
        finish(session)
    }

    private var date: String { HTTPDate.text(secondsSince1970: now / 1_000) }

    func answer(_ head: RequestHead, _ session: Session) {
        let path: RequestPath
        do throws(HTTPFailure) {
            path = try RequestPath(head.target)
            // Whatever is asked, it is asked at the wrong address.
            if session.isRedirect { return redirect(head, path, session) }
            try checkMethod(head.method)
            if !session.isOperator, path.segments == ["live"] {
                return upgrade(head, session)
            }
            try checkReading(head)
        } catch {
            return fail(error, head, session)
        }
        let file = "/" + path.segments.joined(separator: "/")
        if session.isOperator {
            return answerOperator(file, head, session)
        }
        let isKey = path.segments.count == 1 && PasteKey(parsing: path.segments[0]) != nil
        if let asset = site.assets[file], file != Self.page {
            serve(asset, isPage: false, head, session)
        } else if isKey || file == "/", let page = site.assets[Self.page] {
            // Whether there is such a paste is said over the WebSocket, where misses are counted.
            serve(page, isPage: true, head, session)
        } else {
            fail(HTTPFailure(.notFound, "There is nothing here."), head, session)
        }
    }

    /// A method that no resource knows is another error than one that this resource does not have (RFC 9110
    /// sections 15.5.6 and 15.6.2). Methods differ by case.
    private func checkMethod(_ method: HTTPRequest.Method) throws(HTTPFailure) {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options, .trace]
        guard known.contains(method) else {
            throw HTTPFailure(.notImplemented, "This server does not know the method.")
        }
    }

    /// What can only be read takes `GET` and `HEAD`, without content.
    private func checkReading(_ head: RequestHead) throws(HTTPFailure) {
        guard head.method == .get || head.method == .head else {
            throw HTTPFailure(.methodNotAllowed, "Only GET and HEAD work here.", fields: [.allow: "GET, HEAD"])
        }
        guard head.body == .none else {
            throw HTTPFailure(.contentTooLarge, "This address takes no content.")
        }
    }

    private func serve(_ asset: Site.Asset, isPage: Bool, _ head: RequestHead, _ session: Session) {
        var fields = securityFields(session)
        fields[.eTag] = asset.etag
        fields[.vary] = "Accept-Encoding"
        fields[.cacheControl] = "no-cache"
        fields[.contentType] = asset.contentType
        if isPage {
            fields[.contentSecurityPolicy] = Self.contentSecurityPolicy
        }
        if head.fields.matches(etag: asset.etag) {
            fields[.contentType] = nil
            return respond(.notModified, fields, [], head, session)
        }
        // The page fits into a connection's first flight as it is, and under every key it is the same: compressing it
        // would gain nothing but the question whether its size tells something (BREACH).
        if let gzip = asset.gzip, !isPage, head.fields.acceptsGzip {
            fields[.contentEncoding] = "gzip"
            // Another representation, another tag (RFC 9110 section 8.8.3).
            return respond(.ok, fields, gzip, owner: .site, head, session)
        }
        respond(.ok, fields, asset.body, owner: .site, head, session)
    }

    private func answerOperator(_ file: String, _ head: RequestHead, _ session: Session) {
        var fields = securityFields(session)
        fields[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
        switch file {
        case "/metrics":
            respond(.ok, fields, Array(operatorView.metrics.utf8), head, session)
        case "/healthz":
            respond(.ok, fields, Array("ok\n".utf8), head, session)
        case "/readyz":
            let trouble = isDraining ? "draining" : operatorView.trouble
            respond(
                trouble == nil ? .ok : .serviceUnavailable, fields, Array("\(trouble ?? "ok")\n".utf8), head, session)
        default:
            fail(HTTPFailure(.notFound, "There are /metrics, /healthz and /readyz."), head, session)
        }
    }

    func fail(_ failure: HTTPFailure, _ head: RequestHead, _ session: Session) {
        counters.badRequests &+= 1
        var fields = securityFields(session)
        fields.append(contentsOf: failure.fields)
        fields[.contentType] = "text/plain; charset=utf-8"
        respond(failure.status, fields, Array(failure.sentence.utf8) + [0x0A], head, session)
    }

    func respond(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ content: [UInt8], owner: Outbox.Owner = .this,
        _ head: RequestHead, _ session: Session
    ) {
        let keepsAlive = head.keepsAlive && !isDraining
        let length: ResponseBody = status == .notModified ? .none : .length(content.count)
        send(
            session,
            ResponseHead(status: status, fields: fields)
                .serialized(body: length, keepsAlive: keepsAlive, date: date))
        if head.method != .head {
            send(session, content, owner: owner)
        }
        if !keepsAlive {
            finish(session)
        }
    }

    // MARK: The upgrade

    private func upgrade(_ head: RequestHead, _ session: Session) {
        let policy = Handshake.Policy(subprotocols: [Self.subprotocol], origins: settings.allowedOrigins)
        switch Handshake.check(head, policy: policy) {
        case .rejected(let failure):
            fail(failure, head, session)
        case .accepted(let response, _, let deflate):
            counters.upgrades &+= 1
            webSockets += 1
            session.http = nil
            session.host = head.authority?.description ?? ""
            let webSocket = WebSocketSession(
                role: .server, limits: WebSocketLimits(messageBytes: settings.messageBytes), deflate: deflate)
            session.webSocket = webSocket
            session.deflateWindow = webSocket.deflateWindow
            send(session, response.serialized(body: .none, keepsAlive: true, date: date))
            send(session, .welcome(Welcome(server: settings.serverName, limits: settings.announced, now: now)))
            call(session, at: now + settings.pingMilliseconds)
            if isDraining {
                finishForDrain(session)
            }
        }
    }

    private static let subprotocol = "pasted.v1"

    // MARK: Fields

    /// Nothing inline, nothing from elsewhere, in nobody's frame.
    private static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
        manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
        require-trusted-types-for 'script'; trusted-types 'none'
        """

    private static let page = "/index.html"

    /// What every answer carries.
    func securityFields(_ session: Session) -> HTTPFields {
        guard session.isSecure else { return Self.plainFields }
        guard let seconds = settings.strictTransportSeconds else { return Self.secureFields }
        var fields = Self.secureFields
        fields[.strictTransportSecurity] = "max-age=\(seconds)"
        return fields
    }

    private static let plainFields = fields([
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("X-Robots-Tag", "noindex"),
    ])
    /// Browsers complain of an opener policy without TLS.
    private static let secureFields = HTTPFields(
        plainFields + fields([("Cross-Origin-Opener-Policy", "same-origin")]))

    private static func fields(_ pairs: [(name: String, value: String)]) -> HTTPFields {
        var fields: HTTPFields = [:]
        for pair in pairs {
            if let name = HTTPField.Name(pair.name) {
                fields[name] = pair.value
            }
        }
        return fields
    }
}

extension HTTPFields {
    /// Whether `If-None-Match` names the tag (RFC 9110 section 13.1.2: weak comparison).
    fileprivate func matches(etag: String) -> Bool {
        FieldList(.ifNoneMatch, in: self).elements.contains { $0 == "*" || $0 == etag || $0 == "W/" + etag }
    }

    /// Whether `Accept-Encoding` takes gzip (RFC 9110 section 12.5.3).
    fileprivate var acceptsGzip: Bool {
        FieldList(.acceptEncoding, in: self).elements.contains { element in
            let parts = element.lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
            guard let coding = parts.first, coding == "gzip" || coding == "*" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { "123456789".contains($0) } }
        }
    }
}
