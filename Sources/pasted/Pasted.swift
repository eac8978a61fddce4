// The composition root: settings in, a running server out.

import ArgumentParser
import Reactor

/// `pasted`: the server, and what people do with it from a terminal.
@main
struct Pasted: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Text that moves live between your devices.",
        discussion: """
            Exit status: 0 done, 1 failed, 2 wrong command line, 3 no paste has this key, 4 the paste has ended, \
            5 the server can not be reached, 6 its certificate is not trusted, 7 a limit, 8 the input is not UTF-8, \
            9 no such item, 10 the key opens another paste than before.
            """,
        version: "0.1.0",
        subcommands: [Serve.self, CheckConfig.self, Backup.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Paste",
                subcommands: [
                    New.self, Send.self, Get.self, Watch.self, Edit.self, Remove.self, Extend.self, ShowQR.self,
                    List.self,
                ])
        ])

    /// Parses and runs. A wrong command line is status 2, as for most programs.
    static func main() async {
        var parsed: (any ParsableCommand)?
        do {
            var command = try parseAsRoot()
            parsed = command
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            // With the usage of the command that was meant.
            let type = parsed.map { Swift.type(of: $0) } ?? Pasted.self
            guard type.exitCode(for: error) == .validationFailure else { type.exit(withError: error) }
            StandardStreams.complain(Array((type.fullMessage(for: error) + "\n").utf8))
            exit(withError: ExitCode(2))
        }
    }
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
