// Connections that come and go: TCP, TLS, upgrade, `welcome`, gone. After a restart everybody comes at once.

import ArgumentParser

struct Storm: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Connections that are opened and given up at once.")

    @OptionGroup var common: CommonOptions
    @Option(name: [.customShort("n"), .long], help: "Connections that are being opened at a time.") var connections = 32
    @Flag(help: "Resume the TLS session of the first connection.") var resume = false

    func makeLoad() -> sending StormLoad { StormLoad(connections: connections) }

    func adjust(_ plan: inout Plan) {
        plan.openingAtOnce = connections
        plan.resumes = resume
    }
}

struct StormLoad: Workload {
    let connections: Int
    var hangsUpAtOnce: Bool { true }
    var unit: String { "connection" }
}
