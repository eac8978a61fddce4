// Where a person's own files are (XDG Base Directory Specification).

import FoundationEssentials
import Reactor

/// The directories of the command line. They are made with mode 0700 when something is written.
public struct Directories: Sendable {
    /// `client.json`.
    public let configuration: String
    /// `recent.json`, `devices/`, and the server's `own-certificate.pem` where one is served from here.
    public let state: String

    /// From `XDG_CONFIG_HOME`, `XDG_STATE_HOME` and `HOME`; `nil` where none of them is set.
    public init?(environment: [String: String]) {
        guard let configuration = Self.directory("XDG_CONFIG_HOME", else: "/.config", environment),
            let state = Self.state(environment: environment)
        else { return nil }
        (self.configuration, self.state) = (configuration, state)
    }

    /// The state alone, from `XDG_STATE_HOME` or `HOME`.
    public static func state(environment: [String: String]) -> String? {
        directory("XDG_STATE_HOME", else: "/.local/state", environment)
    }

    private static func directory(_ name: String, else fallback: String, _ environment: [String: String]) -> String? {
        // The specification: a path that is not absolute is ignored.
        if let path = environment[name], path.hasPrefix("/") { return path + "/pasted" }
        return environment["HOME"].map { $0 + fallback + "/pasted" }
    }

    /// Reads a value from a JSON file; nil when there is no file.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws(ClientFailure) -> Value? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw ClientFailure(.failed, "\(path) is damaged. Correct it, or remove it to begin anew.")
        }
    }

    /// Replaces a JSON file, which nobody else may read.
    static func write(_ value: some Encodable, to path: String) throws(ClientFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try makeParent(of: path)
            try PrivateFile.replace(path, with: Array(encoder.encode(value)) + [UInt8(ascii: "\n")])
        } catch {
            throw ClientFailure(.failed, "\(path) can not be written (\(error)).")
        }
    }

    static func makeParent(of path: String) throws {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(
            atPath: "/" + parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
}
