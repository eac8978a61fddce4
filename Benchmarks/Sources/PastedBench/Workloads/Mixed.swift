// A day at the office: most pastes are quiet, some people type, some append, some come back and want to see it all.
// An open loop: people do not wait for a server to be ready before they think of something.

import ArgumentParser
import PasteProtocol

struct Mixed: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Appends, edits and rejoins on many pastes, at a rate.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Pastes.") var pastes = 300
    @Option(help: "Devices of each.") var devices = 3
    @Option(help: "Bytes of an appended text.") var size = 256
    @Option(help: "Requests a second in all: of ten, six edits, three appends, one rejoin.") var rate = 1_000.0

    func makeLoad() -> sending MixedLoad { MixedLoad(pastes: pastes, devices: devices, size: size, rate: rate) }
}

struct MixedLoad: Workload {
    private let pastes: Int
    private let devices: Int
    private let size: Int
    private var pacer: Pacer
    private var chance = SplitMix(seed: 2)
    private var circles = Circles()
    private var rejoins = 0

    init(pastes: Int, devices: Int, size: Int, rate: Double) {
        (self.pastes, self.devices, self.size) = (pastes, devices, size)
        pacer = Pacer(rate: rate)
    }

    var connections: Int { pastes * devices }
    var isReady: Bool { circles.isReady }
    var outstanding: Int { circles.outstanding }

    mutating func prepare(_ room: Room) {
        circles.prepare(room, devices: devices, text: size)
    }

    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {
        _ = circles.received(message, by: device, in: room)
    }

    mutating func verify(_ room: Room) { circles.verify(room) }

    mutating func tick(_ room: Room) -> Int64? {
        while let due = pacer.take(now: room.now) {
            let circle = circles.all[Int.random(in: 0..<circles.all.count, using: &chance)]
            let device = circle.devices[Int.random(in: 0..<circle.devices.count, using: &chance)]
            switch Int.random(in: 0..<10, using: &chance) {
            case 0..<6: circles.type(circle, at: chance.fraction(), by: device, due: due, room)
            case 6..<9: circles.append(circle, by: device, due: due, room)
            default: circles.rejoin(circle, device, room)
            }
        }
        return pacer.due
    }
}
