// pasted-bench: puts a load on a running server and says what that cost the server. One command for each workload, in
// Workloads/.

import ArgumentParser
import Foundation
import TLS

@main
struct PastedBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pasted-bench",
        abstract: "Puts a load on a running server and measures it.",
        discussion: """
            The server's limits must let the load through: see server_options in Benchmarks/suite.py. \
            The exit status is 1 when anything was lost, doubled, out of order or refused.
            """,
        subcommands: [
            Idle.self, Echo.self, FanOut.self, Pastes.self, Edits.self, Storm.self, Join.self, Fill.self, Mixed.self,
        ])
}

/// What all workloads are told.
struct CommonOptions: ParsableArguments {
    @Option(help: "Where the server listens.") var host = "127.0.0.1"
    @Option(help: "Its port.") var port: UInt16
    @Option(help: "Its process, to be read in /proc.") var pid: Int32
    @Option(help: "A PEM file with the certificate that it must show; without one there is no TLS.") var certificate:
        String?
    @Option(help: "Seconds before the measurement, under load.") var warm = 0.5
    @Option(help: "Seconds of the measurement.") var seconds = 2.0
    @Flag(help: "One line of JSON instead of a table.") var json = false

    func server() throws -> Server {
        let process = ServerProcess(pid: pid)
        guard process.exists else { throw ValidationError("There is no process \(pid) whose clock can be read.") }
        guard let certificate else {
            return Server(host: host, port: port, tls: nil, fingerprint: nil, process: process)
        }
        guard let pem = FileManager.default.contents(atPath: certificate).map(Array.init),
            let fingerprint = CertificateFingerprint(pem: pem)
        else { throw ValidationError("\(certificate) holds no certificate.") }
        return Server(
            host: host, port: port, tls: try TLSContext(trusting: pem), fingerprint: fingerprint, process: process)
    }
}

/// A command that runs a workload.
protocol Loading: AsyncParsableCommand {
    associatedtype Load: Workload
    var common: CommonOptions { get }
    func makeLoad() -> sending Load
    func adjust(_ plan: inout Plan)
}

extension Loading {
    func adjust(_ plan: inout Plan) {}

    mutating func run() async throws {
        raiseDescriptorLimit()
        var plan = Plan(warmSeconds: common.warm, seconds: common.seconds)
        adjust(&plan)
        let load = makeLoad()
        let unit = load.unit
        let (measured, figures) = try await drive(load, plan, on: common.server())
        let report = Report("\(Self.self)".lowercased(), measured, unit: unit, figures)
        print(common.json ? report.json : report.table)
        if !report.isGood { throw ExitCode.failure }
    }
}

/// As many descriptors as the system lets this process have: one for each connection.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
