// Settings become a running server.

import ArgumentParser
import Digest
import FoundationEssentials
import Glibc
import Logging
import PasteCore
import PasteServer
import PasteStore
import Reactor
import SQLiteStore
import ServiceLifecycle
import TLS
import UnixSignals

extension Serve {
    /// Serves until SIGTERM or SIGINT, then ends in order. What can fail comes before what takes over.
    func serve(_ found: FoundSettings, _ settings: Settings, _ source: SettingsSource) async throws {
        // From the first moment on: a SIGHUP that nobody waits for ends the process.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        hideMemory()
        let level = SharedLogLevel(settings.logLevel)
        let logger = Logger(label: "pasted") { LevelledLog(label: $0, level: level) }
        let manager = ServiceManager()
        let inherited = try Listener.inherited()
        let state = try StateDirectory(settings.stateDirectory)
        var core = CoreSettings(hash: KeyedHash(secret: try state.secret())).following(settings)
        core.proxies = settings.proxies
        core.visitors = settings.visitors
        let site = try StaticSite.load(settings.siteDirectory)
        let certificates = try settings.tls.map { try self.certificates($0, state) }
        let entrances = try Entrances(
            listen: settings.listen, operatorListen: settings.adminListen,
            redirectListen: settings.tls?.redirectListen ?? [], inherited: inherited,
            sharesPorts: settings.takesOver)
        if entrances.isInherited {
            logger.notice("sockets were passed in: they hold instead of the settings' addresses")
        }

        let (store, closeStore) = try await openStore(settings, state, entrances, manager, logger)
        defer { closeStore() }
        var configuration = ServerConfiguration(
            listen: settings.listen, operatorListen: settings.adminListen, tls: certificates,
            shards: settings.shards, core: core, site: site, store: store, gracePeriod: settings.gracePeriod,
            logger: logger)
        configuration.challenges = settings.tls?.acmeDirectory.map(ChallengeDirectory.init(webRoot:))
        configuration.usesProxyProtocol = settings.usesProxyProtocol
        configuration.milestones.serving = {
            if !settings.isVolatile { state.lock.enter() }
            manager.ready()
        }
        configuration.milestones.draining = {
            manager.stopping()
            if !settings.isVolatile { state.lock.leave() }
        }
        configuration.milestones.quiet = { closeStore() }
        let server = try Server(configuration, behind: entrances)
        announce(server, certificates, isVolatile: settings.isVolatile)
        // Ended from the last to the first: signs of life until the end.
        let group = ServiceGroup(
            services: [
                Supervision(server: server, manager: manager, logger: logger),
                Reloading(
                    signals: hangUps, source: source, started: found, server: server, core: core, level: level,
                    manager: manager, logger: logger),
                CertificateWatch(server), server,
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }

    private func openStore(
        _ settings: Settings, _ state: StateDirectory, _ entrances: Entrances, _ manager: ServiceManager,
        _ logger: Logger
    ) async throws -> (any PasteStore, close: @Sendable () -> Void) {
        if settings.isVolatile { return (MemoryStore(limits: settings.limits), {}) }
        var sqlite = SQLiteSettings(directory: state.path)
        sqlite.limits = settings.limits
        let store: SQLiteStore
        if settings.takesOver {
            manager.status("Waiting for the database.")
            // The other one goes on accepting for a moment when it ends: nobody falls between the two.
            try entrances.steerHere()
            store = try await state.lock.succeed(sqlite, grace: settings.gracePeriod, logger)
        } else {
            store = try SQLiteStore(sqlite)
        }
        return (store, { store.close() })
    }

    private func certificates(_ tls: TLSSettings, _ state: StateDirectory) throws -> Certificates {
        let own = Certificates.Source.own(directory: state.path, hostName: Certificate.hostName)
        return try Certificates(
            tls.files.isEmpty ? [own] : tls.files, profile: tls.profile, now: Int64(Date().timeIntervalSince1970))
    }

    /// What a person at a terminal wants to know. Scripts read it too: one address a line.
    private func announce(_ server: Server, _ certificates: Certificates?, isVolatile: Bool) {
        let scheme = certificates == nil ? "http" : "https"
        for address in server.addresses {
            print("Pasted is on \(scheme)://\(address)")
        }
        for address in server.redirectAddresses {
            print("Plain HTTP is sent there from http://\(address)")
        }
        for address in server.operatorAddresses {
            print("Metrics are on http://\(address)/metrics")
        }
        if let certificates {
            print("The certificate's SHA-256 fingerprint is \(certificates.fingerprint)")
        }
        if isVolatile {
            print("Pastes are kept in memory only: they end with the server.")
        }
        // Lines reach a pipe now, not when its buffer is full.
        _ = fflush(nil)
    }
}
