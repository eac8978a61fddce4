// Where to listen, as the operator writes it.

/// A host and a port: `localhost:8443`, `0.0.0.0:443`, `[::1]:8443`, `:8443` for all addresses.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// `localhost`, a numeric address without brackets, or empty for all addresses.
    public let host: String
    /// The port; 0 lets the system choose.
    public let port: UInt16

    /// An address from its parts.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads an address; `nil` when it is none.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            text[text.index(after: colon)...].first != "+"
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        self.init(host: String(host), port: port)
    }

    /// The numeric addresses meant: both of this machine's own for `localhost`, IPv4 and IPv6 for all.
    var numericHosts: [String] {
        switch host {
        case "localhost": ["127.0.0.1", "::1"]
        case "": ["0.0.0.0", "::"]
        default: [host]
        }
    }

    /// As the operator writes it.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
