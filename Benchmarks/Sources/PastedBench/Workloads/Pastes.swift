// Many small pastes, a few devices each, as people use it: one device of each appends, the others see it.

import ArgumentParser
import PasteProtocol

struct Pastes: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Many pastes of a few devices each.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Pastes.") var pastes = 300
    @Option(help: "Devices of each.") var devices = 3
    @Option(help: "Bytes of a text.") var size = 256
    @Option(help: "Appends in flight, on each paste.") var window = 1
    @Option(help: "Appends a second in all, whatever comes back (an open loop); instead of a window.") var rate: Double?
    @Option(help: "Items that each paste has before.") var items = 0

    func makeLoad() -> sending PastesLoad {
        PastesLoad(pastes: pastes, devices: devices, size: size, window: window, rate: rate, items: items)
    }
}

/// Pastes on which one device appends: in a closed loop, the next when all have seen the last; or at a rate.
struct PastesLoad: Workload {
    private let pastes: Int
    private let devices: Int
    private let size: Int
    private let window: Int
    private let items: Int
    private var pacer: Pacer?
    private var turn = 0
    private var hasBegun = false
    private var circles = Circles()

    init(pastes: Int, devices: Int, size: Int, window: Int = 1, rate: Double? = nil, items: Int = 0) {
        (self.pastes, self.devices, self.size, self.window, self.items) = (pastes, devices, size, window, items)
        pacer = rate.map { Pacer(rate: $0) }
    }

    var connections: Int { pastes * devices }
    var isReady: Bool { circles.isReady }
    var outstanding: Int { circles.outstanding }

    mutating func prepare(_ room: Room) {
        circles.prepare(room, devices: devices, text: size, prefill: items)
    }

    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {
        guard let done = circles.received(message, by: device, in: room), pacer == nil, room.isSending else { return }
        circles.append(done.circle, by: done.device, due: room.now, room)
    }

    mutating func verify(_ room: Room) { circles.verify(room) }

    mutating func tick(_ room: Room) -> Int64? {
        while let due = pacer?.take(now: room.now) {
            let circle = circles.all[turn % circles.all.count]
            turn += 1
            circles.append(circle, by: circle.devices[0], due: due, room)
        }
        if pacer == nil, !hasBegun {
            hasBegun = true
            for circle in circles.all {
                for _ in 0..<window { circles.append(circle, by: circle.devices[0], due: room.now, room) }
            }
        }
        return pacer?.due
    }
}
