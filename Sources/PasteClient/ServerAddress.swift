// Where a server is, and what people paste as a key: the key itself, or the whole address of a paste.

/// A server's address: `https://host:8443`. Plain `http` is for servers behind a proxy and for tests.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether TLS is spoken.
    public let isSecure: Bool
    /// A name or a numeric address, without brackets.
    public let host: String
    /// The port.
    public let port: UInt16

    /// Where `pasted serve` is when nobody says anything.
    public static let local = ServerAddress(isSecure: true, host: "localhost", port: 8443)

    private init(isSecure: Bool, host: String, port: UInt16) {
        (self.isSecure, self.host, self.port) = (isSecure, host, port)
    }

    /// Reads `https://host`, `http://host:8080`, `host:8443` or `host` (which mean https); a path is not permitted.
    public init?(_ text: String) {
        guard let (server, path) = Self.split(text), path.isEmpty || path == "/" else { return nil }
        self = server
    }

    static func split(_ text: String) -> (ServerAddress, path: Substring)? {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var rest = text[...]
        var isSecure = true
        if let scheme = text.firstRange(of: "://") {
            switch text[..<scheme.lowerBound].lowercased() {
            case "https": break
            case "http": isSecure = false
            default: return nil
            }
            rest = text[scheme.upperBound...]
        }
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        guard let (host, port) = hostAndPort(rest[..<end]) else { return nil }
        return (ServerAddress(isSecure: isSecure, host: host, port: port ?? (isSecure ? 443 : 80)), rest[end...])
    }

    private static func hostAndPort(_ authority: Substring) -> (String, UInt16?)? {
        var host = authority
        var port: UInt16?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            guard let number = UInt16(authority[authority.index(after: colon)...]), number > 0 else { return nil }
            (host, port) = (authority[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard (1...253).contains(host.utf8.count), !host.contains(where: { "@[]".contains($0) }) else { return nil }
        return (host.lowercased(), port)
    }

    /// `host:port` as `Host` has it; the scheme's own port is left out.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// `https://host:port`.
    public var description: String { "\(isSecure ? "https" : "http")://\(authority)" }

    /// Whether it is this machine.
    public var isThisMachine: Bool { ["localhost", "127.0.0.1", "::1"].contains(host) }
}

/// What a person gave to name a paste.
public struct PasteReference: Hashable, Sendable {
    /// The key as it was typed.
    public let key: String
    /// The server, when it was the whole address of a paste.
    public let server: ServerAddress?

    /// Reads a key or an address such as `https://host:8443/maple-otter-cabin`; nil for what can be neither.
    public init?(_ text: String) {
        if text.contains("://") {
            guard let (server, path) = ServerAddress.split(text), path.hasPrefix("/") else { return nil }
            let end = path.firstIndex { "?#".contains($0) } ?? path.endIndex
            let key = path[..<end].split(separator: "/", omittingEmptySubsequences: true)
            guard key.count == 1 else { return nil }
            (self.key, self.server) = (String(key[0]), server)
        } else {
            guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
                return nil
            }
            (key, server) = (text, nil)
        }
    }
}
