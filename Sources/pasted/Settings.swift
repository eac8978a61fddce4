// Flags over environment over file over default: found, read and judged in one place.

import ArgumentParser
import Configuration
import FoundationEssentials
import Logging
import PasteCore
import PasteModel
import PasteProtocol
import PasteServer
import SystemPackage

/// All settings of `pasted serve`, valid.
struct Settings {
    let listen: [ListenAddress]
    let adminListen: ListenAddress?
    let stateDirectory: String
    let siteDirectory: String
    let isVolatile: Bool
    let tls: TLSSettings?
    let shards: Int
    let allowedOrigins: [String]
    let proxies: [AddressRange]
    let usesProxyProtocol: Bool
    let takesOver: Bool
    let gracePeriod: Duration
    let logLevel: Logger.Level
    let limits: Limits
    let messageBytes: Int
    let bufferBytes: Int
    let appends: Rate
    let edits: Rate
    let visitors: VisitorLimits

    /// Reads every setting.
    /// - Throws: `WrongSetting` with a sentence that names the setting and where its value came from.
    init(_ found: FoundSettings) throws {
        listen = try found.read("listen", "addresses like localhost:8443") { text in
            found.addresses(text).flatMap { $0.isEmpty ? nil : $0 }
        }
        adminListen = try found.read("admin-listen", "an address like 127.0.0.1:9090") { text in
            text.isEmpty ? .some(nil) : ListenAddress(text).map(Optional.some)
        }
        stateDirectory = try found.read("state-dir", "a directory") { $0.isEmpty ? nil : $0 }
        siteDirectory = try found.read("site", "a directory") { $0.isEmpty ? nil : $0 }
        isVolatile = try found.read("store", "'sqlite' or 'memory'") { ["sqlite": false, "memory": true][$0] }
        tls = try TLSSettings(found)
        let threads = try found.read("shards", "0 to 256") { found.whole($0, 0...256) }
        shards = threads == 0 ? ProcessInfo.processInfo.activeProcessorCount : threads
        allowedOrigins = try found.read("allowed-origins", "origins like https://example.org") { text in
            let origins = text.split(separator: ",").map(String.init)
            return origins.allSatisfy { $0.contains("://") && !$0.hasSuffix("/") } ? origins : nil
        }
        proxies = try found.read("proxies", "addresses and networks like 127.0.0.1,10.0.0.0/8") { text in
            let ranges = text.split(separator: ",").map { AddressRange($0) }
            return ranges.contains(nil) ? nil : ranges.compactMap(\.self)
        }
        usesProxyProtocol = try found.read("proxy-protocol", "'on' or 'off'") { ["on": true, "off": false][$0] }
        takesOver = try found.read("take-over", "'on' or 'off'") { ["on": true, "off": false][$0] }
        gracePeriod = try .milliseconds(found.read("grace-period", "a duration like 10s") { found.duration($0) })
        logLevel = try found.read("log-level", "one of \(Logger.Level.allCases.map(\.rawValue))") {
            Logger.Level(rawValue: $0)
        }
        messageBytes = try found.read("message-bytes", "4096 to 1073741824") { found.whole($0, 4_096...1 << 30) }
        bufferBytes = try found.read("buffer-bytes", "16777216 to 1099511627776") {
            found.whole($0, 16 << 20...1 << 40)
        }
        limits = try Limits(found)
        appends = try Rate(found, "appends-per-second")
        edits = try Rate(found, "edits-per-second")
        visitors = try VisitorLimits(found, proxies: proxies)
        guard !usesProxyProtocol || !proxies.isEmpty else {
            throw WrongSetting(
                names: ["proxies", "proxy-protocol"],
                reason: "proxy-protocol is on, but proxies names nobody who may use it.")
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

/// A setting that can not hold. The reason is a sentence for the operator.
struct WrongSetting: Error, CustomStringConvertible {
    let names: [String]
    let reason: String

    var description: String { reason }
}

/// Where settings come from besides the environment. It can be read again.
struct SettingsSource: Sendable {
    /// The flags' texts by the settings' names.
    var flags: [String: String] = [:]
    /// A JSON file with an object of settings.
    var file: String?

    init(_ options: ServeOptions, file: String?) {
        for setting in ServeOptions.catalogue {
            flags[setting.name] = setting.flag(options)
        }
        self.file = file
    }
}

/// The texts of all settings, each with its source.
struct FoundSettings {
    private(set) var values: [(name: String, text: String, source: String)] = []

    /// Looks each setting up, the strongest source first.
    init(_ source: SettingsSource) async throws {
        let flags = InMemoryProvider(
            name: "flag",
            values: Dictionary(
                uniqueKeysWithValues: source.flags.map {
                    (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false))
                }))
        var sources: [(String, any ConfigProvider)] = [("flag", flags)]
        sources.append(("environment", EnvironmentVariablesProvider().prefixKeys(with: ["pasted"])))
        if let file = source.file {
            try checkNames(in: file)
            sources.append(("file \(file)", try await FileProvider<JSONSnapshot>(filePath: FilePath(file))))
        }
        for setting in ServeOptions.catalogue {
            let key = AbsoluteConfigKey([setting.name])
            let hit = sources.lazy.compactMap { name, provider in provider.text(key).map { (name, $0) } }.first
            values.append((setting.name, hit?.1 ?? setting.fallback, hit?.0 ?? "default"))
        }
    }

    /// The names of settings whose texts differ.
    func changes(from other: FoundSettings) -> [String] {
        zip(values, other.values).filter { $0.text != $1.text }.map(\.0.name)
    }

    /// The same with the default for one setting.
    func withDefault(of name: String) -> FoundSettings {
        var changed = self
        for index in changed.values.indices where changed.values[index].name == name {
            let fallback = ServeOptions.catalogue.first { $0.name == name }?.fallback ?? ""
            changed.values[index] = (name, fallback, "default")
        }
        return changed
    }

    func read<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) throws -> Value {
        guard let setting = values.first(where: { $0.name == name }) else {
            throw ValidationError("there is no setting \(name)")
        }
        guard let value = parse(setting.text) else {
            throw WrongSetting(
                names: [name], reason: "\(name) is '\(setting.text)' (\(setting.source)); it must be \(expected).")
        }
        return value
    }

    /// Addresses with commas between; none for an empty text.
    func addresses(_ text: String) -> [ListenAddress]? {
        let addresses = text.split(separator: ",").map { ListenAddress(String($0)) }
        return addresses.contains(nil) ? nil : addresses.compactMap(\.self)
    }

    func whole(_ text: String, _ range: ClosedRange<Int>) -> Int? {
        Int(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// `90s`, `15m`, `1h`, `7d`; at least a second, at most ten years.
    func duration(_ text: String) -> Milliseconds? {
        PasteProtocol.duration(spelled: text)
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
