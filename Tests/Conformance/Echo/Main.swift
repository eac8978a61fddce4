// The two ends that the conformance suite talks to.
//
//     ConformanceEcho serve                echoes on two ports of its own, plain and with TLS; prints both
//     ConformanceEcho client PORT AGENT    goes through the cases of the suite's server on that port

import Foundation
import Logging
import PasteServer
import Reactor
import TLS

@main
struct Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        switch (arguments.dropFirst().first, arguments.count) {
        case ("serve", 2): try await serve()
        case ("client", 4): try visit(UInt16(arguments[2]) ?? 0, agent: arguments[3])
        default:
            print("ConformanceEcho serve | client PORT AGENT")
            exit(2)
        }
    }

    private static func serve() async throws {
        var plan = ShardGroup<EchoService>.Plan(store: NoStore(), logger: Logger(label: "echo"))
        let plain = try Listener(host: "127.0.0.1", port: 0)
        let secure = try Listener(host: "127.0.0.1", port: 0)
        let directory = FileManager.default.temporaryDirectory.appending(path: "echo-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let now = Int64(Date().timeIntervalSince1970)
        plan.tls = try Certificates([.own(directory: directory, hostName: nil)], now: now)
        try FileManager.default.removeItem(atPath: directory)
        plan.listeners = [
            .init(listener: plain, isSecure: false, isOperator: false),
            .init(listener: secure, isSecure: true, isOperator: false),
        ]
        let group = try ShardGroup(plan) { _, _ in EchoService() }
        try group.start()
        print("\(plain.port) \(secure.port)")
        fflush(nil)
        // Until whoever started it is gone or closes our input.
        _ = FileHandle.standardInput.readDataToEndOfFile()
        await group.stop()
    }

    private static func visit(_ port: UInt16, agent: String) throws {
        var client = try EchoClient(port: port, target: "/getCaseCount")
        let count = Int(String(decoding: try client.run(echoes: false), as: UTF8.self)) ?? 0
        for number in 1...max(1, count) {
            var client = try EchoClient(port: port, target: "/runCase?case=\(number)&agent=\(agent)")
            _ = try client.run(echoes: true)
        }
        client = try EchoClient(port: port, target: "/updateReports?agent=\(agent)")
        _ = try client.run(echoes: false)
    }
}
