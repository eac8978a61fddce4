// Commands that ask no server.

import ArgumentParser
import FoundationEssentials
import PasteClient
import PasteModel
import Reactor

/// `pasted qr`.
struct ShowQR: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qr", abstract: "Draw the QR code of a paste's address in the terminal.",
        usage: "pasted qr [<options>] KEY",
        discussion: """
            The code is dark on light whatever colours the terminal has. The address is that of --server; give the \
            whole address as KEY for another.

            \(KeyOptions.discussion)
            """)

    @Argument(help: "The KEY.")
    var words: [String] = []
    @Option(help: "The server, like https://host:8443. Also PASTED_SERVER; else the first one that was ever used.")
    var server: String?
    @Flag(help: "Print the modules as JSON: rows of 0 and 1.")
    var json = false
    @OptionGroup var key: KeyOptions

    func run() throws {
        try report(json: json) {
            var rest = words
            let reference = try key.take(from: &rest)
            guard rest.isEmpty else { throw ValidationError("One KEY and nothing else.") }
            let environment = ProcessInfo.processInfo.environment
            let named = try server ?? environment["PASTED_SERVER"] ?? "\(usual(environment))"
            guard let address = reference.server ?? ServerAddress(named) else {
                throw ValidationError("'\(named)' is no address of a server.")
            }
            guard let key = PasteKey(parsing: reference.key) else {
                throw ValidationError("'\(reference.key)' is no key.")
            }
            let url = "\(address)/\(key.words ?? key.canonical)"
            guard let drawing = QRDrawing(url) else { throw ClientFailure(.failed, "The address is too long.") }
            try json ? printJSON(url, drawing) : draw(url, drawing)
            if address.isThisMachine {
                StandardStreams.complain(
                    Array(
                        "pasted: \(address.host) is this machine only: a phone needs another address (--server).\n".utf8
                    ))
            }
        }
    }

    private func usual(_ environment: [String: String]) throws -> ServerAddress {
        try KnownServers(Directories(environment: environment)).usual ?? .local
    }

    private func draw(_ url: String, _ drawing: QRDrawing) throws {
        let output = Output()
        if let columns = StandardStreams.outputColumns, columns < drawing.columns {
            throw ClientFailure(.failed, "The terminal is too narrow: the code takes \(drawing.columns) columns.")
        }
        for line in drawing.lines(isColoured: output.isTerminal) { try output.say(line) }
        try output.say(url)
    }

    private func printJSON(_ url: String, _ drawing: QRDrawing) throws {
        struct Code: Encodable {
            let url: String
            let rows: [String]
        }
        let rows = (0..<drawing.width).map { y in
            String((0..<drawing.width).map { drawing.isDark($0, y) ? "1" : "0" })
        }
        try Output().json(encoded(Code(url: url, rows: rows)))
    }
}

/// `pasted ls`.
struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the pastes that were used here.",
        discussion: """
            They are in recent.json in $XDG_STATE_HOME/pasted, which only its owner can read; the server knows nothing \
            of it. --no-remember keeps a paste out of it.
            """)

    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "Forget all of them.")
    var clear = false

    func run() throws {
        try report(json: json) {
            guard let directories = Directories(environment: ProcessInfo.processInfo.environment) else {
                throw ClientFailure(.failed, "There is no place for it: set HOME or XDG_STATE_HOME.")
            }
            var recent = try RecentPastes(directories, now: Milliseconds(Date().timeIntervalSince1970 * 1_000))
            if clear { try recent.clear() }
            let output = Output()
            if json { return try output.json(encoded(recent.entries)) }
            for entry in recent.entries {
                let end = entry.expiresAt.map { "\tuntil \(spelled($0))" } ?? ""
                try output.say("\(entry.key)\t\(entry.url)\(end)")
            }
        }
    }
}
