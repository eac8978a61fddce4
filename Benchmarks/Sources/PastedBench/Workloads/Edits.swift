// Many typists on one pad. Each edit is one letter at a random place of the text as its typist knows it, based on the
// newest event that it has seen, so the server transforms it over what the others did meanwhile.

import ArgumentParser
import PasteProtocol

struct Edits: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Many typists on one pad.")

    @OptionGroup var common: CommonOptions
    @Option(name: [.customShort("n"), .long], help: "Typists.") var connections = 20
    @Option(help: "Edits a second of each, whatever comes back; without it the next follows the last at once.")
    var rate: Double?

    func makeLoad() -> sending EditsLoad { EditsLoad(typists: connections, rate: rate) }
}

struct EditsLoad: Workload {
    let connections: Int
    private var pacer: Pacer?
    private var chance = SplitMix(seed: 1)
    private var turn = 0
    private var hasBegun = false
    private var circles = Circles()

    init(typists: Int, rate: Double?) {
        connections = typists
        pacer = rate.map { Pacer(rate: $0 * Double(typists)) }
    }

    var isReady: Bool { circles.isReady }
    var outstanding: Int { circles.outstanding }

    mutating func prepare(_ room: Room) {
        circles.prepare(room, devices: connections, text: 1)
    }

    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {
        guard let done = circles.received(message, by: device, in: room), pacer == nil, room.isSending else { return }
        circles.type(done.circle, at: chance.fraction(), by: done.device, due: room.now, room)
    }

    mutating func verify(_ room: Room) { circles.verify(room) }

    mutating func tick(_ room: Room) -> Int64? {
        let circle = circles.all[0]
        while let due = pacer?.take(now: room.now) {
            circles.type(circle, at: chance.fraction(), by: circle.devices[turn % connections], due: due, room)
            turn += 1
        }
        if pacer == nil, !hasBegun {
            hasBegun = true
            for device in circle.devices {
                circles.type(circle, at: chance.fraction(), by: device, due: room.now, room)
            }
        }
        return pacer?.due
    }
}

/// Chance that is the same in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func fraction() -> Double { .random(in: 0..<1, using: &self) }
}
