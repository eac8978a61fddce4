// Flags over environment over file over default: found, read and judged in one place.

import ArgumentParser
import Configuration
import FoundationEssentials
import Logging
import PasteCore
import PasteModel
import PasteServer
import SystemPackage

/// All settings of `pasted serve`, valid.
struct Settings {
    let listen: [ListenAddress]
    let adminListen: ListenAddress?
    let stateDirectory: String
    let siteDirectory: String
    let isVolatile: Bool
    let isSecure: Bool
    let certificate: String?
    let privateKey: String?
    let shards: Int
    let allowedOrigins: [String]
    let gracePeriod: Duration
    let logLevel: Logger.Level
    let limits: Limits
    let messageBytes: Int
    let appends: Rate
    let edits: Rate
    let visitors: VisitorLimits

    /// Reads every setting.
    /// - Throws: `ValidationError` with a sentence that names the setting and where its value came from.
    init(_ found: FoundSettings) throws {
        listen = try found.read("listen", "addresses like localhost:8443") { text in
            let addresses = text.split(separator: ",").map { ListenAddress(String($0)) }
            return addresses.isEmpty || addresses.contains(nil) ? nil : addresses.compactMap(\.self)
        }
        adminListen = try found.read("admin-listen", "an address like 127.0.0.1:9090") { text in
            text.isEmpty ? .some(nil) : ListenAddress(text).map(Optional.some)
        }
        stateDirectory = try found.read("state-dir", "a directory") { $0.isEmpty ? nil : $0 }
        siteDirectory = try found.read("site", "a directory") { $0.isEmpty ? nil : $0 }
        isVolatile = try found.read("store", "'sqlite' or 'memory'") { ["sqlite": false, "memory": true][$0] }
        isSecure = try found.read("tls", "'on' or 'off'") { ["on": true, "off": false][$0] }
        certificate = try found.read("certificate", "a file") { .some($0.isEmpty ? nil : $0) }
        privateKey = try found.read("private-key", "a file") { .some($0.isEmpty ? nil : $0) }
        let threads = try found.read("shards", "0 to 256") { found.whole($0, 0...256) }
        shards = threads == 0 ? ProcessInfo.processInfo.activeProcessorCount : threads
        allowedOrigins = try found.read("allowed-origins", "origins like https://example.org") { text in
            let origins = text.split(separator: ",").map(String.init)
            return origins.allSatisfy { $0.contains("://") && !$0.hasSuffix("/") } ? origins : nil
        }
        gracePeriod = try .milliseconds(found.read("grace-period", "a duration like 10s") { found.duration($0) })
        logLevel = try found.read("log-level", "one of \(Logger.Level.allCases.map(\.rawValue))") {
            Logger.Level(rawValue: $0)
        }
        messageBytes = try found.read("message-bytes", "4096 to 1073741824") { found.whole($0, 4_096...1 << 30) }
        limits = try Limits(found)
        appends = try Rate(found, "appends-per-second")
        edits = try Rate(found, "edits-per-second")
        visitors = try VisitorLimits(found)
        guard (certificate == nil) == (privateKey == nil) else {
            throw ValidationError("certificate and private-key go together: give both or neither.")
        }
    }
}

extension Limits {
    fileprivate init(_ found: FoundSettings) throws {
        self.init()
        textBytes = try found.read("text-bytes", "1 to 67108864") { found.whole($0, 1...64 << 20) }
        pasteBytes = try found.read("paste-bytes", "1 to 1073741824") { found.whole($0, 1...1 << 30) }
        items = try found.read("items", "1 to 1000000") { found.whole($0, 1...1_000_000) }
        lifetime = try found.read("lifetime", "a duration like 30d") { found.duration($0) }
        defaultLifetime = try found.read("default-lifetime", "a duration like 24h, at most lifetime") { text in
            found.duration(text).flatMap { $0 <= lifetime ? $0 : nil }
        }
    }
}

extension Rate {
    /// A rate with a burst of five times as much.
    fileprivate init(_ found: FoundSettings, _ name: String) throws {
        let perSecond = try found.read(name, "1 to 1000000") { found.whole($0, 1...1_000_000) }
        self.init(perSecond: perSecond, burst: perSecond * 5)
    }
}

/// The texts of all settings, each with its source.
struct FoundSettings {
    private(set) var values: [(name: String, text: String, source: String)] = []

    /// Looks each setting up, the strongest source first.
    /// - Parameter file: A JSON file with an object of settings, or `nil`.
    init(_ options: ServeOptions, file: String?) async throws {
        let flags = InMemoryProvider(
            name: "flag",
            values: Dictionary(
                uniqueKeysWithValues: ServeOptions.catalogue.compactMap { setting in
                    setting.flag(options).map {
                        (AbsoluteConfigKey([setting.name]), ConfigValue(.string($0), isSecret: false))
                    }
                }))
        var sources: [(String, any ConfigProvider)] = [("flag", flags)]
        sources.append(("environment", EnvironmentVariablesProvider().prefixKeys(with: ["pasted"])))
        if let file {
            try checkNames(in: file)
            sources.append(("file \(file)", try await FileProvider<JSONSnapshot>(filePath: FilePath(file))))
        }
        for setting in ServeOptions.catalogue {
            let key = AbsoluteConfigKey([setting.name])
            let hit = sources.lazy.compactMap { name, provider in provider.text(key).map { (name, $0) } }.first
            values.append((setting.name, hit?.1 ?? setting.fallback, hit?.0 ?? "default"))
        }
    }

    func read<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) throws -> Value {
        guard let setting = values.first(where: { $0.name == name }) else {
            throw ValidationError("there is no setting \(name)")
        }
        guard let value = parse(setting.text) else {
            throw ValidationError("\(name) is '\(setting.text)' (\(setting.source)); it must be \(expected).")
        }
        return value
    }

    func whole(_ text: String, _ range: ClosedRange<Int>) -> Int? {
        Int(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// `90s`, `15m`, `1h`, `7d`; at least a second, at most ten years.
    func duration(_ text: String) -> Milliseconds? {
        let units: [Character: Milliseconds] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Milliseconds(text.dropLast()),
            count > 0, count <= 3_650 * 86_400_000 / unit
        else { return nil }
        return count * unit
    }
}

/// A misspelt setting in a file would be a setting that silently does not hold.
private func checkNames(in file: String) throws {
    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
    struct Names: Decodable {
        let all: [String]

        init(from decoder: any Decoder) throws {
            all = try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue)
        }
    }
    guard let data = FileManager.default.contents(atPath: file) else {
        throw ValidationError("the settings file \(file) can not be read.")
    }
    guard let names = try? JSONDecoder().decode(Names.self, from: data) else {
        throw ValidationError("the settings file \(file) is not an object of JSON.")
    }
    let known = Set(ServeOptions.catalogue.map(\.name))
    for name in names.all.sorted() where !known.contains(name) {
        throw ValidationError("the settings file \(file) has '\(name)', which is no setting.")
    }
}

extension ConfigProvider {
    /// The value as it was written, whatever JSON type it has.
    fileprivate func text(_ key: AbsoluteConfigKey) -> String? {
        for type in [ConfigType.string, .int, .bool] {
            switch try? value(forKey: key, type: type).value?.content {
            case .string(let text): return text
            case .int(let number): return String(number)
            case .bool(let isOn): return isOn ? "on" : "off"
            default: continue
            }
        }
        return nil
    }
}
