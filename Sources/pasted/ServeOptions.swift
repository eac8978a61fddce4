// Every setting of `pasted serve`, once: its flag, what it means, and what holds when nobody says anything.

import ArgumentParser
import FoundationEssentials
import PasteClient
import SystemPackage

/// The flags. All are texts here: whatever the source, `Settings` reads and judges them in one place.
struct ServeOptions: ParsableArguments {
    @Option(help: "Addresses to listen on, with commas between: HOST:PORT, [IPv6]:PORT, or :PORT for all.")
    var listen: String?
    @Option(help: "Address for /metrics, /healthz and /readyz; none: they are not served.")
    var adminListen: String?
    @Option(help: "Directory of the database, the secret and the self-signed certificate.")
    var stateDir: String?
    @Option(help: "Directory of the page.")
    var site: String?
    @Option(help: "'sqlite' keeps pastes on disk, 'memory' loses them at the end (for measurements).")
    var store: String?
    @Option(help: "'on' or 'off' (behind a proxy, in tests).")
    var tls: String?
    @Flag(help: "The same as --tls off.")
    var noTls = false
    @Option(help: "PEM files of certificate chains, with commas between; without one, one is made for localhost.")
    var certificate: String?
    @Option(help: "PEM files of the certificates' private keys, in the same order.")
    var privateKey: String?
    @Option(help: "DER files of OCSP responses to staple, in the same order; empty between commas: none for that one.")
    var ocspResponse: String?
    @Option(help: "'intermediate' (TLS 1.2 and 1.3) or 'modern' (1.3 only), as Mozilla defines them.")
    var tlsProfile: String?
    @Option(help: "How long browsers shall insist on TLS once they were here (HSTS): 180d; none: not said.")
    var hsts: String?
    @Option(help: "Addresses where plain HTTP is sent to https: usually :80. None: nowhere.")
    var redirectListen: String?
    @Option(help: "Web root of an ACME client, whose challenges are answered at the redirect address.")
    var acmeDirectory: String?
    @Option(help: "Event-loop threads; 0: one for each core.")
    var shards: String?
    @Option(help: "Origins besides its own whose pages may connect, with commas between.")
    var allowedOrigins: String?
    @Option(help: "Networks of proxies whose X-Forwarded-For counts, with commas between: 127.0.0.1,10.0.0.0/8.")
    var proxies: String?
    @Option(help: "'on': these proxies begin every connection with the PROXY protocol, version 1 or 2.")
    var proxyProtocol: String?
    @Option(help: "'on': share the ports, ask the server that runs on the state directory to end, and take over.")
    var takeOver: String?
    @Option(help: "How long a SIGTERM waits for connections to end.")
    var gracePeriod: String?
    @Option(help: "'trace', 'debug', 'info', 'notice', 'warning', 'error' or 'critical'.")
    var logLevel: String?
    @Option(help: "Bytes of UTF-8 in one item or the pad.")
    var textBytes: String?
    @Option(help: "Bytes of UTF-8 in all items and the pad of one paste.")
    var pasteBytes: String?
    @Option(help: "Items in one paste.")
    var items: String?
    @Option(help: "Bytes of one WebSocket message.")
    var messageBytes: String?
    @Option(help: "Bytes kept for all connections together: unfinished input, unread output.")
    var bufferBytes: String?
    @Option(help: "The longest life of a paste from now: 90s, 1h, 7d.")
    var lifetime: String?
    @Option(help: "The life of a paste whose maker named none.")
    var defaultLifetime: String?
    @Option(help: "Appends, removals and the like a second, per connection.")
    var appendsPerSecond: String?
    @Option(help: "Edits a second, per connection.")
    var editsPerSecond: String?
    @Option(help: "Connections at a time; 0: as many as there are descriptors for.")
    var connections: String?
    @Option(help: "Connections at a time of one address (IPv6: of one /64); 0, here and below: no limit.")
    var connectionsPerAddress: String?
    @Option(help: "New connections a second; over it they wait to be accepted.")
    var handshakesPerSecond: String?
    @Option(help: "New connections a second of one address.")
    var handshakesPerSecondPerAddress: String?
    @Option(help: "HTTP requests and WebSocket messages a second.")
    var requestsPerSecond: String?
    @Option(help: "HTTP requests and WebSocket messages a second of one address.")
    var requestsPerSecondPerAddress: String?
    @Option(help: "Bytes of WebSocket messages a second.")
    var bytesPerSecond: String?
    @Option(help: "Bytes of WebSocket messages a second of one address.")
    var bytesPerSecondPerAddress: String?
    @Option(help: "Bytes of one address's large messages that have begun and are not handled yet.")
    var inputBytesPerAddress: String?
    @Option(help: "Look-ups a minute of keys that open nothing; over it look-ups of short keys wait.")
    var missesPerMinute: String?
    @Option(help: "The same of one address.")
    var missesPerMinutePerAddress: String?
    @Option(help: "Pastes that may be stored.")
    var pastes: String?
    @Option(help: "New pastes an hour of one address.")
    var pastesPerHourPerAddress: String?
    @Option(help: "Bytes that may be stored.")
    var storedBytes: String?
    @Option(help: "Bytes of text that one address may have kept in a day.")
    var storedBytesPerDayPerAddress: String?
    @Option(help: "Bytes of text in pastes that are open, which are in memory.")
    var openPasteBytes: String?
    @Option(help: "Addresses whose use is remembered, some 160 bytes of memory each.")
    var rememberedAddresses: String?
    @Option(help: "Addresses and networks that only the limits of everybody bind, with commas between.")
    var exemptAddresses: String?

    /// Name, flag and default of each setting, in the order in which `--print-config` shows them.
    static let catalogue: [(name: String, flag: @Sendable (ServeOptions) -> String?, fallback: String)] = [
        ("listen", { $0.listen }, "localhost:8443"),
        ("admin-listen", { $0.adminListen }, ""),
        ("state-dir", { $0.stateDir }, defaultStateDirectory),
        ("site", { $0.site }, defaultSiteDirectory),
        ("store", { $0.store }, "sqlite"),
        ("tls", { $0.noTls ? "off" : $0.tls }, "on"),
        ("certificate", { $0.certificate }, ""),
        ("private-key", { $0.privateKey }, ""),
        ("ocsp-response", { $0.ocspResponse }, ""),
        ("tls-profile", { $0.tlsProfile }, "intermediate"),
        ("hsts", { $0.hsts }, ""),
        ("redirect-listen", { $0.redirectListen }, ""),
        ("acme-directory", { $0.acmeDirectory }, ""),
        ("shards", { $0.shards }, "0"),
        ("allowed-origins", { $0.allowedOrigins }, ""),
        ("proxies", { $0.proxies }, ""),
        ("proxy-protocol", { $0.proxyProtocol }, "off"),
        ("take-over", { $0.takeOver }, "off"),
        ("grace-period", { $0.gracePeriod }, "10s"),
        ("log-level", { $0.logLevel }, "info"),
        ("text-bytes", { $0.textBytes }, "1048576"),
        ("paste-bytes", { $0.pasteBytes }, "16777216"),
        ("items", { $0.items }, "10000"),
        ("message-bytes", { $0.messageBytes }, "6356992"),
        ("buffer-bytes", { $0.bufferBytes }, "268435456"),
        ("lifetime", { $0.lifetime }, "30d"),
        ("default-lifetime", { $0.defaultLifetime }, "24h"),
        ("appends-per-second", { $0.appendsPerSecond }, "20"),
        ("edits-per-second", { $0.editsPerSecond }, "200"),
        ("connections", { $0.connections }, "0"),
        ("connections-per-address", { $0.connectionsPerAddress }, "512"),
        ("handshakes-per-second", { $0.handshakesPerSecond }, "2000"),
        ("handshakes-per-second-per-address", { $0.handshakesPerSecondPerAddress }, "50"),
        ("requests-per-second", { $0.requestsPerSecond }, "0"),
        ("requests-per-second-per-address", { $0.requestsPerSecondPerAddress }, "5000"),
        ("bytes-per-second", { $0.bytesPerSecond }, "0"),
        ("bytes-per-second-per-address", { $0.bytesPerSecondPerAddress }, "8388608"),
        ("input-bytes-per-address", { $0.inputBytesPerAddress }, "67108864"),
        ("misses-per-minute", { $0.missesPerMinute }, "60"),
        ("misses-per-minute-per-address", { $0.missesPerMinutePerAddress }, "6"),
        ("pastes", { $0.pastes }, "1000000"),
        ("pastes-per-hour-per-address", { $0.pastesPerHourPerAddress }, "200"),
        ("stored-bytes", { $0.storedBytes }, "8589934592"),
        ("stored-bytes-per-day-per-address", { $0.storedBytesPerDayPerAddress }, "268435456"),
        ("open-paste-bytes", { $0.openPasteBytes }, "1073741824"),
        ("remembered-addresses", { $0.rememberedAddresses }, "65536"),
        ("exempt-addresses", { $0.exemptAddresses }, "127.0.0.0/8,::1"),
    ]

    private static var defaultStateDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        if let directory = environment["STATE_DIRECTORY"] { return directory }
        return Directories.state(environment: environment) ?? "./.local/state/pasted"
    }

    /// Beside an installed binary, else where the sources are.
    private static var defaultSiteDirectory: String {
        // Not the name by which it was called: a shell that finds it by PATH passes no directory.
        let binary = FilePath((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")
        let installed = binary.removingLastComponent().appending("../share/pasted/Public").lexicallyNormalized().string
        return FileManager.default.fileExists(atPath: installed) ? installed : "Public"
    }
}
