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
    /// Where people who come without TLS are sent to the first of `listen`; none: nowhere.
    public var redirectListen: [ListenAddress] = []
    /// What answers a certificate authority there; `nil`: nothing does.
    public var challenges: (any Challenges)?
    /// The certificates; `nil`: plain HTTP.
    public var tls: Certificates?
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
    /// Whether the core's proxies begin every connection with the PROXY protocol's header.
    public var usesProxyProtocol = false
    /// What is to be done on the way.
    public var milestones = Milestones()
    /// Where rare events are told. Never a key or a text.
    public var logger: Logger

    /// A server's parts.
    public init(
        listen: [ListenAddress], operatorListen: ListenAddress? = nil, tls: Certificates?, shards: Int,
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

/// What else is to be done at the turns of a server's life.
public struct Milestones: Sendable {
    /// Connections are served.
    public var serving: @Sendable () -> Void = {}
    /// The end has begun.
    public var draining: @Sendable () -> Void = {}
    /// No request will reach the store any more: it may be given to a successor.
    public var quiet: @Sendable () async -> Void = {}

    /// Nothing else.
    public init() {}
}

extension CoreSettings {
    /// The limits, as metrics name them.
    fileprivate var told: [(name: String, value: Int64)] {
        [
            ("text_bytes", Int64(limits.textBytes)), ("paste_bytes", Int64(limits.pasteBytes)),
            ("items", Int64(limits.items)), ("message_bytes", Int64(messageBytes)),
            ("lifetime_seconds", limits.lifetime / 1_000), ("requests_in_flight", Int64(requestsInFlight)),
            ("appends_per_second", Int64(appends.perSecond)), ("edits_per_second", Int64(edits.perSecond)),
            ("outbox_bytes", Int64(outboxHighWaterBytes)),
            ("stalled_reader_seconds", stalledReaderMilliseconds / 1_000),
            ("request_seconds", requestMilliseconds / 1_000),
        ]
    }
}

/// A server: bound when it is made, running between `start` and `stop`. As a service it starts, waits for the
/// graceful shutdown and drains.
public final class Server: Service {
    /// Where people connect, with the ports that were found.
    public let addresses: [ListenAddress]
    /// Where the operator connects.
    public let operatorAddresses: [ListenAddress]
    /// Where people who come without TLS are sent to where it is spoken.
    public let redirectAddresses: [ListenAddress]
    private let configuration: ServerConfiguration
    private let group: ShardGroup<ShardCore>

    /// A server behind these entrances; without, it binds every address of the configuration.
    /// - Throws: `BindError` when an address is in use or not this machine's.
    public init(_ configuration: ServerConfiguration, behind entrances: Entrances? = nil) throws {
        self.configuration = configuration
        let descriptors = Int(clamping: raiseDescriptorLimit())
        let entrances =
            try entrances
            ?? Entrances(
                listen: configuration.listen, operatorListen: configuration.operatorListen,
                redirectListen: configuration.redirectListen)
        addresses = entrances.addresses
        operatorAddresses = entrances.operatorAddresses
        redirectAddresses = entrances.redirectAddresses
        var core = configuration.core
        if let first = addresses.first, !redirectAddresses.isEmpty {
            let secure = addresses.first { $0.port == 443 } ?? first
            core.redirect = Redirect(port: secure.port, challenges: configuration.challenges)
        }
        let settings = core

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
        plan.proxies = configuration.usesProxyProtocol ? configuration.core.proxies : []
        plan.listeners =
            entrances.people.map { .init(listener: $0.listener, isSecure: configuration.tls != nil, isOperator: false) }
            + entrances.operators.map { .init(listener: $0.listener, isSecure: false, isOperator: true) }
            + entrances.redirects.map {
                .init(listener: $0.listener, isSecure: false, isOperator: false, isRedirect: true)
            }
        group = try ShardGroup(plan) { shard, view in
            ShardCore(
                settings: settings, shard: shard, shards: configuration.shards, site: configuration.site,
                operatorView: view, visitors: visitors, random: SystemRandomNumberGenerator(), now: WallClock.present)
        }
        showLimits(configuration.core)
    }

    var certificates: Certificates? { configuration.tls }
    var logger: Logger { configuration.logger }

    /// Starts the shards' threads: from here on connections are served.
    public func start() throws {
        tell(configuration.tls?.notes ?? [])
        try group.start()
        configuration.milestones.serving()
    }

    /// Works by other limits and origins from now on. Drops nobody.
    public func reload(_ core: CoreSettings) {
        group.reload(core)
        showLimits(core)
    }

    private func showLimits(_ core: CoreSettings) {
        group.setup.statistics.tell(core.told + [("connections", Int64(group.setup.connectionLimit))])
    }

    /// Whether every event loop goes round within the time.
    public func answers(within time: Duration) async -> Bool {
        await group.answers(within: time)
    }

    /// Ends in order: no new connections, WebSockets closed with 1001 when their requests are answered, at most
    /// for the grace period; then the threads end.
    public func stop() async {
        configuration.milestones.draining()
        let wasOrderly = await group.drain(within: configuration.gracePeriod) { await configuration.milestones.quiet() }
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
