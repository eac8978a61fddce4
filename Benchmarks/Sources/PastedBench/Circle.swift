// One paste and the devices that follow it: what most workloads are made of.
//
//     create --created--> first device subscribes --> prefill, item by item --> the others subscribe --> ready
//
// All that comes is checked here: every device must see every event, one after the other, exactly once, and every
// request as one event with the text that was sent; a snapshot must be what the events have made (PasteRecord.swift).

import PasteModel
import PasteProtocol

final class Circle {
    let devices: [Device]
    private(set) var key = ""
    private let size: Int
    private let prefill: Int
    private var prefilled = 0
    private var following = 0
    /// Items of the snapshot that is arriving, for each device that asked for one.
    private var arriving: [Int: Int] = [:]
    private var record = PasteRecord()

    /// - Parameters:
    ///   - size: Bytes of an appended text.
    ///   - prefill: Items that the paste has before the others come.
    init(_ devices: [Device], size: Int, prefill: Int = 0) {
        self.devices = devices
        self.prefill = prefill
        self.size = max(1, size)
    }

    var isReady: Bool { following == devices.count && prefilled == prefill && arriving.isEmpty }
    var outstanding: Int { record.outstanding + arriving.count }

    // MARK: Getting ready

    func create(_ room: Room) {
        let device = devices[0]
        room.send(.create(ref: device.nextRef(), key: nil, expiresIn: nil, isPrivate: true), from: device)
    }

    private func follow(_ device: Device, _ room: Room) {
        arriving[device.number] = 0
        room.send(.subscribe(paste: key, after: nil, pending: []), from: device)
    }

    private func goOn(_ room: Room) {
        if prefilled < prefill { return append(by: devices[0], due: room.now, room) }
        for device in devices.dropFirst() { follow(device, room) }
    }

    // MARK: Asking

    func append(by device: Device, due: Int64, _ room: Room) {
        ask(by: device, due: due, room) { .append(PasteRecord.text(ref: $0, author: $1, size: size)) }
    }

    /// Types a letter into the pad.
    /// - Parameter place: From 0 to 1.
    func type(at place: Double, by device: Device, due: Int64, _ room: Room) {
        let at = Int(place * Double(device.padLength + 1))
        ask(by: device, due: due, room) { ref, author in
            let letter = UInt8(ascii: "a") + UInt8((ref &+ author.rawValue) % 26)
            let typed = TextOp.insert(Text(uncheckedUTF8: [letter]))
            return .edit(.pad, base: device.seq, TextEdit(ops: at > 0 ? [.retain(at), typed] : [typed]))
        }
    }

    private func ask(
        by device: Device, due: Int64, _ room: Room, _ request: (_ ref: UInt64, _ author: Author) -> PasteRequest
    ) {
        guard let author = device.author else { return room.wrong("a request before the snapshot") }
        let ref = device.nextRef()
        let request = request(ref, author)
        record.ask(request, ref: ref, author: author, due: due, devices: following)
        room.send(.request(ref: ref, request, paste: nil), from: device)
    }

    /// Fetches the whole paste anew. It must be what the device has put together from the events.
    func rejoin(_ device: Device, _ room: Room) {
        if arriving[device.number] == nil { follow(device, room) }
    }

    // MARK: Being told

    /// - Returns: The device whose request everybody has seen now, if this was the last to be shown it.
    func received(_ message: ServerMessage, by device: Device, in room: Room) -> Device? {
        switch message {
        case .created(let created):
            key = created.paste
            follow(device, room)
        case .snapshot(let snapshot):
            begin(snapshot, device, room)
            arrived(snapshot.items, more: snapshot.more, device, room)
        case .items(let items, let more): arrived(items, more: more, device, room)
        case .event(let event): return seen(event, by: device, in: room)
        case .error(let error): room.wrong("refused: \(error.message)")
        case .welcome, .devices, .pong, .resumed, .ack: break
        case .expired: room.wrong("the paste is gone")
        }
        return nil
    }

    private func begin(_ snapshot: Snapshot, _ device: Device, _ room: Room) {
        let seq = snapshot.cursor.seq
        if device.author != nil, seq != device.seq {
            room.wrong("the snapshot at \(seq) is not what the events up to \(device.seq) made")
        }
        if snapshot.pad != record.pad(at: seq) { room.wrong("the pad at \(seq) is not what the events made") }
        device.seq = seq
        device.padLength = snapshot.pad.count
        if device.author == nil { device.author = snapshot.you } else { return }
        following += 1
        device.itemCount = -1
    }

    private func arrived(_ items: [Item], more: Bool, _ device: Device, _ room: Room) {
        let before = arriving[device.number] ?? 0
        if !isMade(items, from: before) { room.wrong("items behind \(before) are not what the events made") }
        let count = before + items.count
        arriving[device.number] = more ? count : nil
        guard !more else { return }
        let isFirst = device.itemCount < 0
        if !isFirst, count != device.itemCount { room.wrong("\(count) items instead of \(device.itemCount)") }
        device.itemCount = count
        if isFirst, device === devices[0] { goOn(room) }
    }

    /// Whether the events have made these items from that place on.
    func isMade(_ items: [Item], from place: Int) -> Bool { record.holds(items, from: place) }

    private func seen(_ event: Event, by device: Device, in room: Room) -> Device? {
        guard event.cursor.seq == device.seq + 1 else {
            room.wrong("event \(event.cursor.seq) behind \(device.seq)")
            return nil
        }
        device.seq = event.cursor.seq
        switch event.body {
        case .append: device.itemCount += 1
        case .edit(_, let edit): device.padLength += edit.insertedBytes
        default: break
        }
        switch record.show(event) {
        case .wrong(let what):
            room.wrong(what)
            return nil
        case .asked(let due, let isLast):
            room.delivered(due: due)
            guard isLast else { return nil }
            if prefilled < prefill {
                prefilled += 1
                goOn(room)
                return nil
            }
            room.completed(due: due)
            return devices.first { $0.author == event.author }
        }
    }
}

/// Several circles, and whose device is whose.
struct Circles {
    private(set) var all: [Circle] = []
    private var homes: [Int: Int] = [:]
    private var unready: Set<Int> = []
    private(set) var outstanding = 0

    /// Makes pastes of `size` devices each, of all the room's.
    mutating func prepare(_ room: Room, devices size: Int, text: Int, prefill: Int = 0) {
        for (number, first) in stride(from: 0, to: room.devices.count, by: size).enumerated() {
            let devices = Array(room.devices[first..<min(first + size, room.devices.count)])
            for device in devices { homes[device.number] = number }
            let circle = Circle(devices, size: text, prefill: prefill)
            all.append(circle)
            unready.insert(number)
            circle.create(room)
        }
    }

    var isReady: Bool { !all.isEmpty && unready.isEmpty }

    /// - Returns: Who may ask for the next, and where.
    mutating func received(
        _ message: ServerMessage, by device: Device, in room: Room
    ) -> (circle: Circle, device: Device)? {
        guard let number = homes[device.number] else { return nil }
        let circle = all[number]
        let before = circle.outstanding
        let done = circle.received(message, by: device, in: room)
        outstanding += circle.outstanding - before
        if unready.contains(number), circle.isReady { unready.remove(number) }
        return done.map { (circle, $0) }
    }

    /// A device of the circle appends.
    mutating func append(_ circle: Circle, by device: Device, due: Int64, _ room: Room) {
        circle.append(by: device, due: due, room)
        outstanding += 1
    }

    /// A device of the circle fetches everything anew.
    mutating func rejoin(_ circle: Circle, _ device: Device, _ room: Room) {
        let before = circle.outstanding
        circle.rejoin(device, room)
        outstanding += circle.outstanding - before
    }

    /// The first device of each paste holds what it has seen against a new snapshot.
    mutating func verify(_ room: Room) {
        for circle in all { rejoin(circle, circle.devices[0], room) }
    }

    /// A device of the circle types.
    mutating func type(_ circle: Circle, at place: Double, by device: Device, due: Int64, _ room: Room) {
        circle.type(at: place, by: device, due: due, room)
        outstanding += 1
    }
}
