// Where connections come in: addresses that are bound here, or sockets that were passed in.
//
// Bound before anything is taken from a server that runs already: an address that can not be had hurts nobody.

import Reactor

/// Listening sockets that nobody serves yet; who connects waits.
public struct Entrances: Sendable {
    struct Entrance: Sendable {
        let address: ListenAddress
        let listener: Listener
    }

    let people: [Entrance]
    let operators: [Entrance]
    let redirects: [Entrance]

    /// Where people connect, with the ports that were found.
    public var addresses: [ListenAddress] { people.map(\.address).uniqued }
    /// Where the operator connects.
    public var operatorAddresses: [ListenAddress] { operators.map(\.address).uniqued }
    /// Where people who come without TLS are sent to where it is spoken.
    public var redirectAddresses: [ListenAddress] { redirects.map(\.address).uniqued }
    /// Whether some were passed in, so that the settings' addresses do not hold for them.
    public let isInherited: Bool

    /// Binds every address, unless a socket for its purpose was passed in: named `admin` for the operator's,
    /// `redirect` for the one that sends people to TLS, anything else for people's.
    /// - Parameter sharesPorts: Whether another process of the same user may listen on the same ports.
    /// - Throws: `BindError` when an address is in use or not this machine's.
    public init(
        listen: [ListenAddress], operatorListen: ListenAddress?, redirectListen: [ListenAddress] = [],
        inherited: [Listener] = [], sharesPorts: Bool = false
    ) throws {
        var options = Listener.Options()
        options.sharesPort = sharesPorts
        isInherited = !inherited.isEmpty
        let passed = inherited.map { listener in
            Entrance(address: ListenAddress(host: listener.host, port: listener.port), listener: listener)
        }
        let special = ["admin", "redirect"].map { name in
            passed.filter { $0.listener.origin == .inherited(name: name) }
        }
        let forPeople = passed.filter { entrance in
            !special.joined().contains { $0.listener === entrance.listener }
        }
        people = try forPeople.isEmpty ? listen.flatMap { try bind($0, options) } : forPeople
        operators = try special[0].isEmpty ? operatorListen.map { try bind($0, options) } ?? [] : special[0]
        redirects = try special[1].isEmpty ? redirectListen.flatMap { try bind($0, options) } : special[1]
    }

    /// Has all new connections of shared ports come here, not to the process that is to be taken over from.
    public func steerHere() throws {
        for entrance in people + operators + redirects where entrance.listener.origin == .shared {
            try entrance.listener.steerHere()
        }
    }
}

/// One listener for each numeric address that is meant. When the system chooses the port, it is the same for all.
private func bind(_ address: ListenAddress, _ options: Listener.Options) throws -> [Entrances.Entrance] {
    var listeners: [Listener] = []
    for host in address.numericHosts {
        do {
            let port = listeners.first?.port ?? address.port
            listeners.append(try Listener(host: host, port: port, options: options))
        } catch {
            // A machine without IPv6 (or without IPv4) serves what it has, when the operator named no address.
            guard address.numericHosts.count > 1, error.meansNoSuchFamily else {
                throw BindError(address: address, error: error)
            }
        }
    }
    guard !listeners.isEmpty else {
        throw BindError(address: address, error: .noSuchFamily)
    }
    return listeners.map { .init(address: ListenAddress(host: address.host, port: $0.port), listener: $0) }
}

/// An address that can not be listened on.
public struct BindError: Error, CustomStringConvertible {
    /// Which.
    public let address: ListenAddress
    /// Why.
    public let error: SystemError

    /// A sentence for the operator.
    public var description: String { "can not listen on \(address): \(error)" }
}

extension [ListenAddress] {
    fileprivate var uniqued: [ListenAddress] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
