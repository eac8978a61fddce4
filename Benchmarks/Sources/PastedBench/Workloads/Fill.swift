// Pastes that are made and left, each with one item: a store that grows. Nobody follows them.

import ArgumentParser
import PasteModel
import PasteProtocol

struct Fill: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Makes pastes of one item each, a fixed number.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Pastes to make.") var pastes = 1_000
    @Option(name: [.customShort("n"), .long], help: "Connections that make them.") var connections = 100
    @Option(help: "Bytes of the item.") var size = 256

    func makeLoad() -> sending FillLoad { FillLoad(pastes: pastes, connections: connections, size: size) }

    func adjust(_ plan: inout Plan) {
        (plan.warmSeconds, plan.seconds, plan.endsEarly) = (0, 3_600, true)
    }
}

struct FillLoad: Workload {
    let connections: Int
    private let pastes: Int
    private let text: Text
    private var started = 0
    private var done = 0
    private var since: [Int: Int64] = [:]

    init(pastes: Int, connections: Int, size: Int) {
        (self.connections, self.pastes) = (connections, pastes)
        text = Text(String(repeating: "x", count: size))
    }

    var unit: String { "paste" }
    var outstanding: Int { pastes - done }

    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {
        switch message {
        case .created(let created):
            let ref = device.nextRef()
            room.send(.request(ref: ref, .append(text), paste: created.paste), from: device)
        case .ack:
            done += 1
            room.delivered(due: since[device.number] ?? room.now)
            create(device, room)
        case .error(let error): room.wrong("refused: \(error.message)")
        default: break
        }
    }

    private mutating func create(_ device: Device, _ room: Room) {
        guard started < pastes else { return }
        started += 1
        since[device.number] = room.now
        room.send(.create(ref: device.nextRef(), key: nil, expiresIn: nil, isPrivate: true), from: device)
    }

    mutating func tick(_ room: Room) -> Int64? {
        if started == 0, room.isMeasuring { for device in room.devices { create(device, room) } }
        return nil
    }
}
