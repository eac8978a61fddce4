// One paste and the devices that follow it: what most workloads are made of.
//
//     create --created--> first device subscribes --> prefill, item by item --> the others subscribe --> ready
//
// All that comes is checked here: every device must see every event, one after the other, exactly once, and every
// request as one event with the text that was sent.

import PasteModel
import PasteProtocol

final class Circle {
    let devices: [Device]
    private(set) var key = ""
    private let text: Text
    private let prefill: Int
    private var prefilled = 0
    private var following = 0
    /// Items of the snapshot that is arriving, for each device that asked for one.
    private var arriving: [Int: Int] = [:]
    /// Requests that not everybody has seen, by their author's device and their number.
    private var requests: [Asked: Request] = [:]

    private struct Asked: Hashable {
        let author: Author
        let ref: UInt64
    }

    private struct Request {
        let due: Int64
        var left: Int
        let isEdit: Bool
    }

    /// - Parameters:
    ///   - size: Bytes of an appended text.
    ///   - prefill: Items that the paste has before the others come.
    init(_ devices: [Device], size: Int, prefill: Int = 0) {
        self.devices = devices
        self.prefill = prefill
        text = Text(String(repeating: "x", count: max(1, size)))
    }

    var isReady: Bool { following == devices.count && prefilled == prefill && arriving.isEmpty }
    var outstanding: Int { requests.count + arriving.count }

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
        ask(.append(text), isEdit: false, by: device, due: due, room)
    }

    /// Types a letter into the pad.
    /// - Parameter place: From 0 to 1.
    func type(at place: Double, by device: Device, due: Int64, _ room: Room) {
        let at = Int(place * Double(device.padLength + 1))
        let letter = TextOp.insert(Text("x"))
        let edit = TextEdit(ops: at > 0 ? [.retain(at), letter] : [letter])
        ask(.edit(.pad, base: device.seq, edit), isEdit: true, by: device, due: due, room)
    }

    private func ask(_ request: PasteRequest, isEdit: Bool, by device: Device, due: Int64, _ room: Room) {
        guard let author = device.author else { return room.wrong("a request before the snapshot") }
        let ref = device.nextRef()
        requests[Asked(author: author, ref: ref)] = Request(due: due, left: devices.count, isEdit: isEdit)
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
            arrived(snapshot.items.count, more: snapshot.more, device, room)
        case .items(let items, let more): arrived(items.count, more: more, device, room)
        case .event(let event): return seen(event, by: device, in: room)
        case .error(let error): room.wrong("refused: \(error.message)")
        case .welcome, .devices, .pong, .resumed, .ack: break
        case .expired: room.wrong("the paste is gone")
        }
        return nil
    }

    private func begin(_ snapshot: Snapshot, _ device: Device, _ room: Room) {
        if device.author != nil, snapshot.cursor.seq != device.seq || snapshot.pad.count != device.padLength {
            room.wrong("the snapshot at \(snapshot.cursor.seq) is not what the events up to \(device.seq) made")
        }
        device.seq = snapshot.cursor.seq
        device.padLength = snapshot.pad.count
        if device.author == nil { device.author = snapshot.you } else { return }
        following += 1
        device.itemCount = -1
    }

    private func arrived(_ items: Int, more: Bool, _ device: Device, _ room: Room) {
        let count = (arriving[device.number] ?? 0) + items
        arriving[device.number] = more ? count : nil
        guard !more else { return }
        let isFirst = device.itemCount < 0
        if !isFirst, count != device.itemCount { room.wrong("\(count) items instead of \(device.itemCount)") }
        device.itemCount = count
        if isFirst, device === devices[0] { goOn(room) }
    }

    private func seen(_ event: Event, by device: Device, in room: Room) -> Device? {
        guard event.cursor.seq == device.seq + 1 else {
            room.wrong("event \(event.cursor.seq) behind \(device.seq)")
            return nil
        }
        device.seq = event.cursor.seq
        let asked = Asked(author: event.author, ref: event.ref)
        guard var request = requests[asked] else {
            room.wrong("an event that nobody asked for, or once too often")
            return nil
        }
        switch event.body {
        case .append(_, let shown) where !request.isEdit && shown.count == text.count: device.itemCount += 1
        case .edit(_, let edit) where request.isEdit: device.padLength += edit.insertedBytes
        default: room.wrong("an event is not what was asked for")
        }
        room.delivered(due: request.due)
        request.left -= 1
        guard request.left == 0 || prefilled < prefill else {
            requests[asked] = request
            return nil
        }
        requests[asked] = nil
        if prefilled < prefill {
            prefilled += 1
            goOn(room)
            return nil
        }
        room.completed(due: request.due)
        return devices.first { $0.author == event.author }
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
