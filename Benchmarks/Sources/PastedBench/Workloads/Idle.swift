// Connections that say nothing: what each of them costs the server to open and to keep.

import ArgumentParser
import PasteProtocol

struct Idle: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Connections that are kept open and say nothing.")

    @OptionGroup var common: CommonOptions
    @Option(name: [.customShort("n"), .long], help: "Connections.") var connections = 1_000
    @Flag(help: "Each follows a paste of its own.") var follow = false

    func makeLoad() -> sending IdleLoad { IdleLoad(connections: connections, follows: follow) }
}

struct IdleLoad: Workload {
    let connections: Int
    let follows: Bool
    private var circles = Circles()

    init(connections: Int, follows: Bool) {
        (self.connections, self.follows) = (connections, follows)
    }

    var delivers: Bool { false }
    var isReady: Bool { !follows || circles.isReady }

    mutating func prepare(_ room: Room) {
        if follows { circles.prepare(room, devices: 1, text: 1) }
    }

    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {
        _ = circles.received(message, by: device, in: room)
    }

    func figures(_ measured: Measured) -> [Figure] {
        let opened = Double(max(1, measured.opened))
        return [
            Figure(
                "anonymousBytesPerConnection", Double(measured.anonymousBytes) / opened, "bytes of its own a connection"
            ),
            Figure(
                "residentBytesPerConnection", Double(measured.residentBytes) / opened, "bytes in memory a connection"),
            Figure("openingMicroseconds", measured.openingCPU * 1e6 / opened, "us of the server's CPU to open one"),
            Figure("openedPerSecond", opened / measured.openingSeconds, "connections opened a second"),
        ]
    }
}
