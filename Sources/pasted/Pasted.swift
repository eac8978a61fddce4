// The composition root: settings in, a running server out.

import ArgumentParser

/// `pasted`: the server, and what people do with it from a terminal.
@main
struct Pasted: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Text that moves live between your devices.",
        version: "0.1.0",
        subcommands: [Serve.self, CheckConfig.self, Backup.self])
}

/// `pasted serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve pastes until SIGTERM.",
        discussion: """
            Each setting can also come from the environment (PASTED_LISTEN for --listen) or from a JSON file; a flag \
            wins over the environment, the environment over the file.
            """)

    @OptionGroup var options: ServeOptions
    @Option(help: "JSON file with an object of settings, named like the flags.")
    var config: String?
    @Flag(help: "Print every setting with its source, then exit.")
    var printConfig = false

    func run() async throws {
        let source = SettingsSource(options, file: config)
        let found = try await FoundSettings(source)
        let settings = try Settings(found)
        if printConfig {
            for (name, text, source) in found.values {
                print("\(name) = \(text.isEmpty ? "(none)" : text)  # \(source)")
            }
        } else {
            try await serve(found, settings, source)
        }
    }
}
