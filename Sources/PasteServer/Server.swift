// The control plane: binds, starts the shards, waits for the end, drains. Async, and never in the data path.

import Digest
import Logging
import PasteCore
import PasteModel
import PasteStore
import Reactor
import ServiceLifecycle
import TLS

/// All that a server is made of.
public struct ServerConfiguration: Sendable {
    /// Where people connect.
    public var listen: [ListenAddress]
    /// Where the operator reads metrics and health, without TLS; `nil`: nowhere.
    public var operatorListen: ListenAddress?
    /// The certificate and its settings; `nil`: plain HTTP.
    public var tls: TLSContext?
    /// How many event-loop threads, at least 1.
    public var shards: Int
    /// The service's settings.
    public var core: CoreSettings
    /// The page.
    public var site: Site
    /// Where pastes live.
    public var store: any PasteStore
    /// How long an end in order may take.
    public var gracePeriod: Duration
    /// Whether another process of the same user may listen on the same ports.
    public var sharesPorts = false
    /// Where rare events are told. Never a key or a text.
    public var logger: Logger

    /// A server's parts.
    public init(
        listen: [ListenAddress], operatorListen: ListenAddress? = nil, tls: TLSContext?, shards: Int,
        core: CoreSettings, site: Site, store: any PasteStore, gracePeriod: Duration, logger: Logger
    ) {
        self.listen = listen
        self.operatorListen = operatorListen
        self.tls = tls
        self.shards = max(1, shards)
        self.core = core
        self.site = site
        self.store = store
        self.gracePeriod = gracePeriod
        self.logger = logger
    }
}

/// A server: bound when it is made, running between `start` and `stop`. As a service it starts, waits for the
/// graceful shutdown and drains.
public final class Server: Service {
    /// Where people connect, with the ports that were found.
    public let addresses: [ListenAddress]
    /// Where the operator connects.
    public let operatorAddresses: [ListenAddress]
    private let configuration: ServerConfiguration
    private let group: ShardGroup<ShardCore>

    /// Binds every address.
    /// - Throws: `SystemError` when an address is in use or not this machine's.
    public init(_ configuration: ServerConfiguration) throws {
        self.configuration = configuration
        let descriptors = Int(clamping: raiseDescriptorLimit())
        var options = Listener.Options()
        options.sharesPort = configuration.sharesPorts
        let entrances = try configuration.listen.flatMap { address in
            try bind(address, options).map { (address.host, $0) }
        }
        let operatorEntrances = try configuration.operatorListen.map { address in
            try bind(address, options).map { (address.host, $0) }
        }
        addresses = entrances.map { ListenAddress(host: $0.0, port: $0.1.port) }.uniqued
        operatorAddresses = (operatorEntrances ?? []).map { ListenAddress(host: $0.0, port: $0.1.port) }.uniqued

        var plan = ShardGroup<ShardCore>.Plan(store: configuration.store, logger: configuration.logger)
        plan.shards = configuration.shards
        plan.connectionLimit = max(descriptors / 2, descriptors - IOLimits.reservedDescriptors)
        let limits = configuration.core.visitors
        if limits.total.connections > 0 {
            plan.connectionLimit = min(plan.connectionLimit, limits.total.connections)
        }
        let visitors = Visitors(limits)
        plan.visitors = visitors
        plan.tls = configuration.tls
        plan.listeners =
            entrances.map { .init(listener: $0.1, isSecure: configuration.tls != nil, isOperator: false) }
            + (operatorEntrances ?? []).map { .init(listener: $0.1, isSecure: false, isOperator: true) }
        group = try ShardGroup(plan) { shard, view in
            ShardCore(
                settings: configuration.core, shard: shard, shards: configuration.shards, site: configuration.site,
                operatorView: view, visitors: visitors, random: SystemRandomNumberGenerator(), now: WallClock.present)
        }
    }

    /// Starts the shards' threads: from here on connections are served.
    public func start() throws {
        try group.start()
    }

    /// Ends in order: no new connections, WebSockets closed with 1001 when their requests are answered, at most
    /// for the grace period; then the threads end.
    public func stop() async {
        let wasOrderly = await group.drain(within: configuration.gracePeriod)
        if !wasOrderly {
            configuration.logger.warning(
                "connections were cut when the grace period ended",
                metadata: ["connections": "\(group.setup.statistics.connections)"])
        }
        await group.stop()
    }

    /// Serves until the graceful shutdown or a cancellation.
    public func run() async throws {
        try start()
        try? await gracefulShutdown()
        await stop()
    }
}

/// One listener for each numeric address that is meant. When the system chooses the port, it is the same for all.
private func bind(_ address: ListenAddress, _ options: Listener.Options) throws -> [Listener] {
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
    return listeners
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
