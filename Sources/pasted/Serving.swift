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
        core.visitors = settings.visitors
        core.allowedOrigins = settings.allowedOrigins
        let certificate = try settings.isSecure ? certificate(settings, state) : nil
        var configuration = ServerConfiguration(
            listen: settings.listen, operatorListen: settings.adminListen,
            tls: try certificate.map { try TLSContext(serving: $0) }, shards: settings.shards, core: core,
            site: try StaticSite.load(settings.siteDirectory), store: store, gracePeriod: settings.gracePeriod,
            logger: logger)
        configuration.operatorListen = settings.adminListen
        let server = try Server(configuration)
        announce(server, certificate, isVolatile: settings.isVolatile)
        let group = ServiceGroup(
            services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
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

    private func certificate(_ settings: Settings, _ state: StateDirectory) throws -> Certificate {
        if let chain = settings.certificate, let key = settings.privateKey {
            return try Certificate(chainFile: chain, keyFile: key)
        }
        return try .own(
            in: state.path, hostName: Certificate.hostName, now: Int64(Date().timeIntervalSince1970))
    }

    /// What a person at a terminal wants to know. Scripts read it too: one address a line.
    private func announce(_ server: Server, _ certificate: Certificate?, isVolatile: Bool) {
        let scheme = certificate == nil ? "http" : "https"
        for address in server.addresses {
            print("Pasted is on \(scheme)://\(address)")
        }
        for address in server.operatorAddresses {
            print("Metrics are on http://\(address)/metrics")
        }
        if let certificate {
            print("The certificate's SHA-256 fingerprint is \(certificate.fingerprint)")
        }
        if isVolatile {
            print("Pastes are kept in memory only: they end with the server.")
        }
        // Lines reach a pipe now, not when its buffer is full.
        _ = fflush(nil)
    }
}
