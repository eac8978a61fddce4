// The HTTP front: the static page, and the door to the WebSocket.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol
import WebSocket

/// One HTTP connection's state; dropped at the upgrade.
final class HTTPConnection {
    var parser: RequestParser
    /// The request whose content is being read.
    var head: RequestHead?
    /// Until when the head that is awaited has to be there.
    var headDue: Milliseconds
    /// Whether a request has been answered: a second one may take its time to begin.
    var isReused = false

    init(limits: HTTPLimits, headDue: Milliseconds) {
        parser = RequestParser(limits: limits)
        self.headDue = headDue
    }
}

extension ShardCore {
    /// Looks at the next part of a request.
    func lookAtRequest(_ bytes: Span<UInt8>, at offset: inout Int, of session: Session) {
        guard let http = session.http, let event = http.parser.next(bytes, at: &offset) else { return }
        switch event {
        case .head(let head):
            counters.requests &+= 1
            http.head = head
            http.headDue = .max
        case .content:
            // No resource of the page takes content: it is read over, within the parser's limit.
            break
        case .end:
            guard let head = http.head else { return }
            http.head = nil
            http.isReused = true
            http.headDue = now + settings.keepAliveMilliseconds
            answer(head, session)
        case .failed(let failure):
            counters.badRequests &+= 1
            send(session, failure.serialized(date: date, extra: Self.securityFields))
            finish(session)
        }
    }

    /// A request did not come in time.
    func timeOut(_ session: Session) {
        if session.http?.isReused == false {
            send(
                session,
                HTTPFailure(.requestTimeout, "The request took too long.")
                    .serialized(date: date, extra: Self.securityFields))
        }
        finish(session)
    }

    private var date: String { HTTPDate.string(milliseconds: now) }

    private func answer(_ head: RequestHead, _ session: Session) {
        let isHead = head.method == .head
        guard let path = RequestPath(head.target) else {
            return fail(HTTPFailure(.badRequest, "The path is not a plain one."), head, session)
        }
        if path.text == "/live" {
            return upgrade(head, session)
        }
        guard isHead || head.method == .get else {
            return fail(
                HTTPFailure(.methodNotAllowed, "Only GET and HEAD work here.", fields: [.allow: "GET, HEAD"]),
                head, session)
        }
        if let asset = site.assets[path.text == "/" ? "/index.html" : path.text] {
            serve(asset, isPage: path.text == "/" || path.text == "/index.html", head, session)
        } else if PasteKey(parsing: String(path.text.dropFirst())) != nil, let page = site.assets["/index.html"] {
            // Whether there is such a paste is said over the WebSocket, where misses are counted.
            serve(page, isPage: true, head, session)
        } else {
            fail(HTTPFailure(.notFound, "There is nothing here."), head, session)
        }
    }

    private func serve(_ asset: Site.Asset, isPage: Bool, _ head: RequestHead, _ session: Session) {
        var fields = Self.securityFields
        fields[.eTag] = asset.etag
        fields[.vary] = "Accept-Encoding"
        fields[.cacheControl] = "no-cache"
        fields[.contentType] = asset.contentType
        if isPage {
            fields[.contentSecurityPolicy] = Self.contentSecurityPolicy
            fields[Self.robots] = "noindex"
        }
        if head.fields.matches(etag: asset.etag) {
            fields[.contentType] = nil
            return respond(.notModified, fields, [], head, session)
        }
        if let gzip = asset.gzip, head.fields.acceptsGzip {
            fields[.contentEncoding] = "gzip"
            // Another representation, another tag (RFC 9110 section 8.8.3).
            return respond(.ok, fields, gzip, head, session)
        }
        respond(.ok, fields, asset.body, head, session)
    }

    private func fail(_ failure: HTTPFailure, _ head: RequestHead, _ session: Session) {
        counters.badRequests &+= 1
        var fields = Self.securityFields
        fields.append(contentsOf: failure.fields)
        fields[.contentType] = "text/plain; charset=utf-8"
        respond(failure.status, fields, Array(failure.sentence.utf8) + [0x0A], head, session)
    }

    private func respond(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, _ content: [UInt8], _ head: RequestHead,
        _ session: Session
    ) {
        let keepsAlive = head.keepsAlive && !isDraining
        let length: ResponseContent = status == .notModified ? .none : .length(content.count)
        send(
            session,
            ResponseHead(status: status, fields: fields)
                .serialized(content: length, keepsAlive: keepsAlive, date: date))
        if head.method != .head {
            send(session, content)
        }
        if !keepsAlive {
            finish(session)
        }
    }

    // MARK: The upgrade

    private func upgrade(_ head: RequestHead, _ session: Session) {
        switch Handshake.accept(
            head, subprotocols: [Self.subprotocol], allowedOrigins: settings.allowedOrigins,
            isSecure: session.isSecure)
        {
        case .failure(let failure):
            fail(failure, head, session)
        case .success(let accepted):
            counters.upgrades &+= 1
            session.http = nil
            session.host = head.fields[.host] ?? ""
            session.webSocket = WebSocketSession(
                role: .server, limits: WebSocketLimits(messageBytes: settings.messageBytes))
            send(session, accepted.serialized(date: date))
            send(session, .welcome(Welcome(server: settings.serverName, limits: settings.announced, now: now)))
            call(session, at: now + settings.pingMilliseconds)
        }
    }

    private static let subprotocol = "pasted.v1"

    // MARK: Fields

    private static let robots = HTTPField.Name("X-Robots-Tag")

    /// Nothing inline, nothing from elsewhere, in nobody's frame.
    private static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
        manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
        require-trusted-types-for 'script'; trusted-types 'none'
        """

    private static let securityFields: HTTPFields = [:]
}
