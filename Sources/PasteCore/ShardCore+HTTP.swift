// The HTTP front: the static page, and the door to the WebSocket.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

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
            begin(head, session)
        case .body(let range):
            collect(bytes.extracting(range), session)
        case .end:
            complete(session)
        case .failed(let failure):
            counters.badRequests &+= 1
            send(session, failure.serialized(date: date, extra: securityFields(session)))
            finish(session)
        }
        return true
    }

    func setDue(_ time: Milliseconds, _ http: HTTPConnection, _ session: Session) {
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

    var date: String { HTTPDate.text(secondsSince1970: now / 1_000) }

    // MARK: The site

    /// The same for every key: whether there is such a paste is said over the WebSocket, where misses are counted.
    func servePage(_ head: RequestHead, _ session: Session) {
        serve(Self.page, isPage: true, head, session)
    }

    func serveAsset(_ path: String, _ head: RequestHead, _ session: Session) {
        serve(path, isPage: false, head, session)
    }

    private func serve(_ path: String, isPage: Bool, _ head: RequestHead, _ session: Session) {
        guard let asset = site.assets[path] else {
            return refuse(Refusal(.notFound, "There is nothing here."), session)
        }
        serve(asset, isPage: isPage, head, session)
    }

    private func serve(_ asset: Site.Asset, isPage: Bool, _ head: RequestHead, _ session: Session) {
        var fields = securityFields(session)
        fields[.eTag] = asset.etag
        fields[.vary] = isPage ? "Accept" : "Accept-Encoding"
        fields[.cacheControl] = asset.isPermanent ? "public, max-age=31536000, immutable" : "no-cache"
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
            return respond(.ok, fields, .site(gzip), head, session)
        }
        respond(.ok, fields, .site(asset.body), head, session)
    }

    func answerOperator(_ path: RequestPath, _ head: RequestHead, _ session: Session) throws(HTTPFailure) {
        guard head.method == .get || head.method == .head else {
            throw try Route.unknownOrWrong(head.method, allowed: "GET, HEAD")
        }
        guard head.body == .none else { throw HTTPFailure(.contentTooLarge, "This address takes no content.") }
        var fields = securityFields(session)
        fields[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
        switch path.segments {
        case ["metrics"]:
            respond(.ok, fields, Array(operatorView.metrics.utf8), head, session)
        case ["healthz"]:
            respond(.ok, fields, Array("ok\n".utf8), head, session)
        case ["readyz"]:
            let trouble = isDraining ? "draining" : operatorView.trouble
            respond(
                trouble == nil ? .ok : .serviceUnavailable, fields, Array("\(trouble ?? "ok")\n".utf8), head, session)
        default:
            throw HTTPFailure(.notFound, "There are /metrics, /healthz and /readyz.")
        }
    }

    func respond(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ content: [UInt8], _ head: RequestHead, _ session: Session
    ) {
        respond(status, fields, .own(content), head, session)
    }

    func respond(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ content: Outbox.Buffer, _ head: RequestHead,
        _ session: Session
    ) {
        let keepsAlive = keepsAlive(session)
        let length: ResponseBody =
            status == .notModified || status == .noContent ? .none : .length(content.bytes.count)
        send(
            session,
            ResponseHead(status: status, fields: fields)
                .serialized(body: length, keepsAlive: keepsAlive, date: date))
        if head.method != .head, length != .none {
            send(session, content)
        }
        conclude(session, keepsAlive: keepsAlive)
    }

    /// Whether the connection goes on after the answer. Not when content is still to come, which is not read as a
    /// request then (RFC 9110 sections 10.1.1 and 15.5.14).
    func keepsAlive(_ session: Session) -> Bool {
        guard let http = session.http, let exchange = http.exchange else { return false }
        return exchange.head.keepsAlive && exchange.isComplete && !http.isLast && !isDraining
    }

    // MARK: The upgrade

    func upgrade(_ head: RequestHead, _ session: Session) {
        let policy = Handshake.Policy(subprotocols: [Self.subprotocol], origins: settings.allowedOrigins)
        switch Handshake.check(head, policy: policy) {
        case .rejected(let failure):
            refuse(Refusal(failure), session)
        case .accepted(let response, _, let deflate):
            counters.upgrades &+= 1
            webSockets += 1
            session.http = nil
            // Whoever asked by HTTP before is somebody else behind a proxy that shares its connections.
            session.client = nil
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
        require-trusted-types-for 'script'; trusted-types worker
        """

    static let page = "/index.html"

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
    func matches(etag: String) -> Bool {
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
