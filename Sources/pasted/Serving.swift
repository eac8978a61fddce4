// Settings become a running server.

import ArgumentParser
import Digest
import FoundationEssentials
import Glibc
import Logging
import PasteCore
import PasteServer
import PasteStore
import SQLiteStore
import ServiceLifecycle
import TLS
import UnixSignals

extension Serve {
    /// Serves until SIGTERM or SIGINT, then ends in order. A second signal ends at once.
    func serve(_ settings: Settings) async throws {
        // From the first moment on: a SIGHUP that nobody waits for ends the process.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        var logger = Logger(label: "pasted") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = settings.logLevel
        let state = try StateDirectory(settings.stateDirectory)
        let (store, closeStore) = try openStore(settings, state)
        defer { closeStore() }

        var core = CoreSettings(hash: KeyedHash(secret: try state.secret()))
        core.limits = settings.limits
        core.messageBytes = settings.messageBytes
        core.appends = settings.appends
        core.edits = settings.edits
        core.proxies = settings.proxies
        // A shard has its part, and room for a message of two peers at least.
        core.bufferBytes = max(settings.bufferBytes / settings.shards, 2 * settings.messageBytes)
        core.allowedOrigins = settings.allowedOrigins
        core.strictTransportSeconds = settings.tls?.strictTransportSeconds
        let certificates = try settings.tls.map { try self.certificates($0, state) }
        var configuration = ServerConfiguration(
            listen: settings.listen, operatorListen: settings.adminListen,
            tls: certificates, shards: settings.shards, core: core,
            site: try StaticSite.load(settings.siteDirectory), store: store, gracePeriod: settings.gracePeriod,
            logger: logger)
        configuration.redirectListen = settings.tls?.redirectListen ?? []
        configuration.challenges = settings.tls?.acmeDirectory.map(ChallengeDirectory.init(webRoot:))
        configuration.usesProxyProtocol = settings.usesProxyProtocol
        let server = try Server(configuration)
        announce(server, certificates, isVolatile: settings.isVolatile)
        let group = ServiceGroup(
            services: [HangUps(signals: hangUps, server: server), CertificateWatch(server), server],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }

    private func openStore(
        _ settings: Settings, _ state: StateDirectory
    ) throws -> (any PasteStore, close: () -> Void) {
        if settings.isVolatile { return (MemoryStore(limits: settings.limits), {}) }
        var sqlite = SQLiteSettings(directory: state.path)
        sqlite.limits = settings.limits
        let store = try SQLiteStore(sqlite)
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

/// SIGHUP: reads again what can be read again. Without it the signal would end the process.
private struct HangUps: Service {
    let signals: UnixSignalsSequence
    let server: Server

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            server.reloadCertificates()
        }
    }
}
