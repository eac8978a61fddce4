// Who a request comes from when a proxy passed it on.

import HTTP1
import HTTPTypes

extension ShardCore {
    /// Takes a proxy's word for where a request comes from and whether its way was encrypted. Anybody can write the
    /// fields, so they count only when the connection comes from one of the operator's proxies. `Forwarded` (RFC 7239)
    /// is not read: a proxy that writes one of the two passes on what a client wrote into the other.
    func identify(_ session: Session, _ head: RequestHead) {
        session.peer = session.transport.peer
        session.isSecure = session.transport.isSecure
        guard isProxy(session.transport.peer), !session.isOperator else { return }
        session.peer = client(behind: session.transport.peer, head.fields)
        switch Self.elements("X-Forwarded-Proto", head.fields).last {
        case .some("https"): session.isSecure = true
        case .some("http"): session.isSecure = false
        default: break
        }
    }

    /// The right-most address that is not a proxy's: each proxy appended who connected to it, and what stands left of
    /// the first stranger is that stranger's own invention. Who can not be read there stays the proxy before.
    private func client(behind proxy: PeerAddress, _ fields: HTTPFields) -> PeerAddress {
        var nearest = proxy
        for element in Self.elements("X-Forwarded-For", fields).reversed() {
            guard let address = PeerAddress(forwarded: element) else { return nearest }
            nearest = address
            guard isProxy(address) else { return address }
        }
        return nearest
    }

    private func isProxy(_ address: PeerAddress) -> Bool {
        settings.proxies.contains { $0.contains(address) }
    }

    private static func elements(_ name: String, _ fields: HTTPFields) -> [String] {
        HTTPField.Name(name).map { FieldList($0, in: fields).elements } ?? []
    }
}

extension PeerAddress {
    /// An address as proxies write it: perhaps with a port, an IPv6 address with one in brackets.
    init?(forwarded text: String) {
        if let address = PeerAddress(text) {
            self = address
            return
        }
        if text.utf8.first == UInt8(ascii: "["), let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) {
            let rest = text[end...].dropFirst()
            guard rest.isEmpty || Self.isPort(rest), let address = PeerAddress(String(text[..<end].dropFirst())),
                text.contains(":")
            else { return nil }
            self = address
            return
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), Self.isPort(text[colon...]),
            let address = PeerAddress(String(text[..<colon])), address.isIPv4
        else { return nil }
        self = address
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.first == UInt8(ascii: ":") && (2...6).contains(text.utf8.count)
            && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}
