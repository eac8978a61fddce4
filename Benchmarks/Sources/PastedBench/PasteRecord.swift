// What a paste has to be: from what was asked of it, and from the events by which it took effect.
//
//     asked --first device is shown it: its place in the log--> taken --each other device, at the same place--> forgotten

import PasteModel
import PasteProtocol

/// The requests of one paste and what their events have made, as whoever saw an event first was shown it. Everybody
/// else, and every snapshot, is held against that.
struct PasteRecord {
    /// What an event was to the device that was shown it.
    enum Shown {
        case wrong(String)
        /// A request that was due then; whether this was the last device to be shown it.
        case asked(due: Int64, isLast: Bool)
    }

    /// Texts of the items, in order.
    private(set) var items: [Text] = []
    private var seq: UInt64 = 0
    /// Requests that not everybody has seen.
    private var requests: [Asked: Request] = [:]
    /// Edits of the pad, by their event's place; they are carried out when a snapshot is to be compared.
    private var edits: [(seq: UInt64, edit: TextEdit)] = []
    private var pad = Text.empty
    /// How many of the edits are in `pad`.
    private var editsInPad = 0

    private struct Asked: Hashable {
        let author: Author
        let ref: UInt64
    }

    private struct Request {
        let sent: PasteRequest
        let due: Int64
        var left: Int
        /// Its event's place, from the first device that was shown it.
        var seq: UInt64?
    }

    /// Requests without all their deliveries.
    var outstanding: Int { requests.count }

    /// A text that no other request has: its number and its author at the front, a letter for four bits, the lowest first.
    /// - Parameter size: Bytes; below 32 it is cut.
    static func text(ref: UInt64, author: Author, size: Int) -> Text {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(32, size))
        for word in [ref, author.rawValue] {
            for shift in stride(from: 0, to: 64, by: 4) { bytes.append(UInt8(ascii: "a") + UInt8(word >> shift & 15)) }
        }
        if size < 32 { return Text(uncheckedUTF8: Array(bytes[..<size])) }
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "x"), count: size - 32))
        return Text(uncheckedUTF8: bytes)
    }

    /// Notes a request that `devices` devices have to be shown.
    mutating func ask(_ sent: PasteRequest, ref: UInt64, author: Author, due: Int64, devices: Int) {
        requests[Asked(author: author, ref: ref)] = Request(sent: sent, due: due, left: devices)
    }

    /// Holds an event that a device was shown against its request and against what others were shown.
    mutating func show(_ event: Event) -> Shown {
        guard let index = requests.index(forKey: Asked(author: event.author, ref: event.ref)) else {
            return .wrong("an event that nobody asked for, or once too often")
        }
        let request = requests.values[index]
        guard isWhatWasSent(event.body, request.sent) else { return .wrong("an event is not what was asked for") }
        if request.seq == nil {
            guard event.cursor.seq == seq + 1 else { return .wrong("event \(event.cursor.seq) stands behind \(seq)") }
            seq += 1
            take(event.body)
        } else if request.seq != event.cursor.seq {
            return .wrong("event \(event.cursor.seq) was another one to somebody else")
        }
        let isLast = request.left == 1
        if isLast {
            requests.remove(at: index)
        } else {
            requests.values[index].left -= 1
            requests.values[index].seq = event.cursor.seq
        }
        return .asked(due: request.due, isLast: isLast)
    }

    private func isWhatWasSent(_ body: EventBody, _ sent: PasteRequest) -> Bool {
        switch (body, sent) {
        case (.append(_, let shown), .append(let text)): return isEqual(shown, text)
        // The same letter; where it is now is the server's to say, and the snapshot's to confirm.
        case (.edit(let target, let shown), .edit(let asked, _, let typed)):
            guard target == asked, shown.ops.last == typed.ops.last else { return false }
            if case .retain? = shown.ops.first { return shown.ops.count == 2 }
            return shown.ops.count == 1
        default: return false
        }
    }

    private mutating func take(_ body: EventBody) {
        switch body {
        case .append(_, let text): items.append(text)
        case .edit(_, let edit): edits.append((seq, edit))
        default: break
        }
    }

    /// Whether these are the items from that place on.
    func holds(_ arrived: [Item], from place: Int) -> Bool {
        guard place + arrived.count <= items.count else { return false }
        return zip(arrived, place...).allSatisfy { item, place in
            item.number == UInt64(place + 1) && isEqual(item.text, items[place])
        }
    }

    /// What the edits up to there have made of the pad; nil when one of them leaves the text.
    mutating func pad(at seq: UInt64) -> Text? {
        // Two snapshots can come in another order than they were taken in.
        if editsInPad > 0, edits[editsInPad - 1].seq > seq { (pad, editsInPad) = (.empty, 0) }
        while editsInPad < edits.count, edits[editsInPad].seq <= seq {
            guard let next = edits[editsInPad].edit.apply(to: pad) else { return nil }
            (pad, editsInPad) = (next, editsInPad + 1)
        }
        return pad
    }
}

/// All bytes at once: `==` of arrays goes one by one, and that for each delivery would slow the load down.
private func isEqual(_ a: Text, _ b: Text) -> Bool {
    let (a, b) = (a.utf8.span, b.utf8.span)
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for place in a.indices { difference |= a[place] ^ b[place] }
    return difference == 0
}
