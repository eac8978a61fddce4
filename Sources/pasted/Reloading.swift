// SIGHUP: certificates and settings are read again. Those that can change under open connections change, the others are
// named in the log; settings that are wrong change nothing.

import FoundationEssentials
import Logging
import PasteCore
import PasteServer
import Reactor
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Reads settings again at each SIGHUP until the graceful shutdown. Drops nobody.
struct Reloading: Service {
    let signals: UnixSignalsSequence
    let source: SettingsSource
    let started: FoundSettings
    let server: Server
    let core: CoreSettings
    let level: SharedLogLevel
    let manager: ServiceManager
    let logger: Logger

    /// The settings that change at once: for every connection, except `message-bytes` and what `welcome`
    /// announces, which hold for connections from then on.
    static let live: Set<String> = [
        "log-level", "allowed-origins", "text-bytes", "paste-bytes", "items", "message-bytes", "lifetime",
        "default-lifetime", "appends-per-second", "edits-per-second", "buffer-bytes", "hsts",
    ]

    func run() async throws {
        var latest = started
        for await _ in signals.cancelOnGracefulShutdown() {
            manager.reloading()
            server.reloadCertificates()
            latest = await reload(latest)
            manager.ready()
        }
    }

    private func reload(_ latest: FoundSettings) async -> FoundSettings {
        do {
            let found = try await FoundSettings(source)
            let settings = try Settings(found)
            level.set(settings.logLevel)
            server.reload(core.following(settings))
            let changed = found.changes(from: latest)
            logger.notice(
                "settings were read again", metadata: ["changed": "\(changed.filter(Self.live.contains))"])
            let waiting = found.changes(from: started).filter { !Self.live.contains($0) }
            if !waiting.isEmpty {
                logger.warning("settings that hold after a restart only", metadata: ["settings": "\(waiting)"])
            }
            return found
        } catch {
            logger.error("settings are wrong, the old ones stay", metadata: ["reason": "\(error)"])
            return latest
        }
    }
}

extension CoreSettings {
    /// These settings, with what the operator decides taken from there.
    func following(_ settings: Settings) -> CoreSettings {
        var core = self
        core.limits = settings.limits
        core.messageBytes = settings.messageBytes
        core.appends = settings.appends
        core.edits = settings.edits
        // A shard has its part, and room for a message of two peers at least.
        core.bufferBytes = max(settings.bufferBytes / settings.shards, 2 * settings.messageBytes)
        core.allowedOrigins = settings.allowedOrigins
        core.strictTransportSeconds = settings.tls?.strictTransportSeconds
        return core
    }
}

/// The level of all loggers that were made with it.
final class SharedLogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    init(_ level: Logger.Level) {
        self.level = Mutex(level)
    }

    var value: Logger.Level { level.withLock { $0 } }

    func set(_ level: Logger.Level) {
        self.level.withLock { $0 = level }
    }
}

/// Logs to standard error at a level that can change.
struct LevelledLog: LogHandler {
    private var stream: StreamLogHandler
    private let shared: SharedLogLevel

    init(label: String, level: SharedLogLevel) {
        stream = .standardError(label: label)
        // What passes is decided here.
        stream.logLevel = .trace
        shared = level
    }

    var logLevel: Logger.Level {
        get { shared.value }
        set { shared.set(newValue) }
    }

    var metadata: Logger.Metadata {
        get { stream.metadata }
        set { stream.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { stream[metadataKey: key] }
        set { stream[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        stream.log(event: event)
    }
}
