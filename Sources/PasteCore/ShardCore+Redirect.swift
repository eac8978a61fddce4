// The address without TLS, which sends people to the one with it, and lets a certificate authority look.

import HTTP1
import HTTPTypes
import PasteModel

/// What a certificate authority asks for to see that a host is ours (RFC 8555 section 8.3, "http-01").
public protocol Challenges: Sendable {
    /// The answer to a challenge, or nil. `token` is of the base64url alphabet. Called in a shard: it must not wait.
    func answer(token: String) -> [UInt8]?
}

/// Where the address without TLS leads.
public struct Redirect: Sendable {
    /// The port with TLS.
    public var port: UInt16
    /// The challenges that are answered without TLS; nil: none.
    public var challenges: (any Challenges)?

    /// A redirect to this port of the same host.
    public init(port: UInt16, challenges: (any Challenges)? = nil) {
        self.port = port
        self.challenges = challenges
    }
}

extension ShardCore {
    /// A connection was accepted at the address without TLS. Its time is bounded like any other's.
    public func openedForRedirect(_ id: ConnectionID, peer: PeerAddress, now: Milliseconds) {
        opened(id, peer: peer, isSecure: false, now: now)
        sessions[Int(id.slot)]?.isRedirect = true
    }

    /// Answers a request that came without TLS: 308 for every method, so that a `PUT` stays one and its content
    /// is not lost on clients that follow (RFC 9110 section 15.4.9). An upgrade to WebSocket is answered alike.
    ///
    /// What is reflected: a host that the parser has found well-formed, and a path that the secure side would take.
    func redirect(_ head: RequestHead, _ path: RequestPath, _ session: Session) {
        if let token = Self.token(path) {
            guard head.method == .get || head.method == .head else {
                return refuse(
                    Refusal(.methodNotAllowed, "Only GET and HEAD work here.", fields: [.allow: "GET, HEAD"]), session)
            }
            guard let answer = redirection?.challenges?.answer(token: token) else {
                return refuse(Refusal(.notFound, "There is no such challenge."), session)
            }
            var fields = securityFields(session)
            fields[.contentType] = "application/octet-stream"
            fields[.cacheControl] = "no-store"
            return respond(.ok, fields, answer, head, session)
        }
        guard let authority = head.authority, let redirect = redirection else {
            return refuse(
                Refusal(.badRequest, "This address leads to https, but the host is missing."), session)
        }
        let port = redirect.port == 443 ? "" : ":\(redirect.port)"
        var fields = securityFields(session)
        fields[.location] = "https://\(authority.host)\(port)\(head.target)"
        fields[.contentType] = "text/plain; charset=utf-8"
        respond(.permanentRedirect, fields, Array("This is served with https only.\n".utf8), head, session)
    }

    /// The token of a challenge's path; its alphabet (RFC 8555 section 8.3) names no other directory.
    private static func token(_ path: RequestPath) -> String? {
        guard path.segments.count == 3, path.segments[0] == ".well-known", path.segments[1] == "acme-challenge",
            !path.endsInSlash, path.query == nil, path.segments[2].utf8.count <= 128,
            path.segments[2].utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { return nil }
        return path.segments[2]
    }
}
