// Devices that come to a paste with many items: each asks for all of it, and when it is there, for all of it again.

import ArgumentParser
import PasteModel
import PasteProtocol

struct Join: AsyncParsableCommand, Loading {
    static let configuration = CommandConfiguration(abstract: "Devices that fetch a whole paste, again and again.")

    @OptionGroup var common: CommonOptions
    @Option(name: [.customShort("n"), .long], help: "Devices.") var connections = 20
    @Option(help: "Items of the paste.") var items = 1_000
    @Option(help: "Bytes of an item.") var size = 64

    func makeLoad() -> sending JoinLoad { JoinLoad(devices: connections, items: items, size: size) }
}

struct JoinLoad: Workload {
    let connections: Int
    private let items: Int
    private let size: Int
    private var circles = Circles()
    /// When a device asked, and the items that came since.
    private var asked: [Int: (at: Int64, items: Int)] = [:]

    init(devices: Int, items: Int, size: Int) {
        (connections, self.items, self.size) = (devices, items, size)
    }

    var unit: String { "join" }
    var isReady: Bool { circles.isReady }
    var outstanding: Int { asked.count }

    mutating func prepare(_ room: Room) {
        circles.prepare(room, devices: connections, text: size, prefill: items)
    }

    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {
        guard var arriving = asked[device.number] else {
            _ = circles.received(message, by: device, in: room)
            return
        }
        let came: [Item]
        let isLast: Bool
        switch message {
        case .snapshot(let snapshot): (came, isLast) = (snapshot.items, !snapshot.more)
        case .items(let items, let more): (came, isLast) = (items, !more)
        case .devices: return
        default: return room.wrong("something else than a snapshot: \(message)")
        }
        if !circles.all[0].isMade(came, from: arriving.items) { room.wrong("the items are not what was appended") }
        arriving.items += came.count
        asked[device.number] = arriving
        guard isLast else { return }
        if arriving.items != items { room.wrong("\(arriving.items) items instead of \(items)") }
        room.delivered(due: arriving.at)
        asked[device.number] = nil
        if room.isSending { ask(device, room) }
    }

    private mutating func ask(_ device: Device, _ room: Room) {
        asked[device.number] = (room.now, 0)
        room.send(.subscribe(paste: circles.all[0].key, after: nil, pending: []), from: device)
    }

    mutating func tick(_ room: Room) -> Int64? {
        if asked.isEmpty { for device in room.devices { ask(device, room) } }
        return nil
    }
}
