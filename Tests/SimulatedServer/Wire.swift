import PasteCore
import PasteModel

/// What the world orders.
enum Order: UInt8 {
    /// Everything anew: `Plan`.
    case reset = 0x52  // R
    /// A connection came in: id.
    case open = 0x4F  // O
    /// Bytes arrived: id, bytes.
    case bytes = 0x44  // D
    /// The peer has ended its side: id.
    case end = 0x45  // E
    /// The connection is no more: id.
    case lose = 0x58  // X
    /// The peer takes no more for now, or takes again: id.
    case block = 0x42  // B
    case unblock = 0x55  // U
    /// The disk carries out its next requests: how many, and a `Fate`.
    case work = 0x53  // S
    /// What the disk did is told.
    case answer = 0x41  // A
    /// The process is killed and starts again; the disk stays.
    case kill = 0x4B  // K
    /// The process is asked to end.
    case drain = 0x47  // G
    /// The disk is as it was before its last changes: how many.
    case rollBack = 0x5A  // Z
    /// Tells what is on the disk: number of the paste.
    case dump = 0x50  // P
}

/// What becomes of a request to the disk.
enum Fate: UInt8 {
    case done = 0
    /// Not done, and said so.
    case refused = 1
    /// Not done, and nobody knows.
    case lost = 2
    /// Done, and nobody knows.
    case doneUnheard = 3
}

/// Reads orders from front to back. The world is ours: what is malformed reads as zeros, and the run fails.
struct Orders {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isEmpty: Bool { offset >= bytes.count }

    mutating func byte() -> UInt8 {
        guard offset < bytes.count else { return 0 }
        offset += 1
        return bytes[offset - 1]
    }

    mutating func number() -> UInt32 {
        (0..<4).reduce(0) { sum, _ in sum << 8 | UInt32(byte()) }
    }

    mutating func long() -> UInt64 {
        UInt64(number()) << 32 | UInt64(number())
    }

    mutating func id() -> ConnectionID {
        ConnectionID(slot: number(), generation: number())
    }

    mutating func text() -> [UInt8] {
        let count = min(Int(number()), bytes.count - offset)
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }
}

/// What there is to tell, in the order in which it happened.
struct News {
    private var bytes: [UInt8] = []

    /// The whole frame.
    var frame: [UInt8] {
        var head = News()
        head.number(UInt32(bytes.count))
        return head.bytes + bytes
    }

    /// Bytes for the peer of a connection.
    mutating func sent(_ id: ConnectionID, _ text: [UInt8]) {
        bytes.append(0x42)  // B
        self.id(id)
        self.text(text)
    }

    /// The server has closed a connection.
    mutating func closed(_ id: ConnectionID) {
        bytes.append(0x43)  // C
        self.id(id)
    }

    /// A paste is on the disk, with its log's beginning.
    mutating func made(_ paste: UInt32, _ cursor: Cursor) {
        bytes.append(0x4E)  // N
        number(paste)
        long(cursor.tag)
    }

    /// An event is on the disk. `gone` are the texts that it took away.
    mutating func stored(_ paste: UInt32, _ cursor: Cursor, gone: [UInt8]) {
        bytes.append(0x45)  // E
        number(paste)
        long(cursor.seq)
        long(cursor.tag)
        text(gone)
    }

    /// A paste is no more on the disk. `gone` are its texts.
    mutating func removed(_ paste: UInt32, gone: [UInt8]) {
        bytes.append(0x52)  // R
        number(paste)
        text(gone)
    }

    /// The log of a paste ends earlier than it did. `gone` are all texts that it had.
    mutating func rolledBack(_ paste: UInt32, to cursor: Cursor, gone: [UInt8]) {
        bytes.append(0x5A)  // Z
        number(paste)
        long(cursor.seq)
        long(cursor.tag)
        text(gone)
    }

    /// What is on the disk of a paste.
    mutating func dump(_ state: PasteState?) {
        bytes.append(0x50)  // P
        number(state == nil ? 0 : 1)
        guard let state else { return }
        long(state.cursor.seq)
        long(state.cursor.tag)
        long(state.padSeq)
        text(state.pad.utf8Bytes)
        number(UInt32(state.items.count))
        for item in state.items {
            long(item.number)
            long(item.textSeq)
            text(item.text.utf8Bytes)
        }
    }

    /// How things are at the end of the orders.
    mutating func status(queued: Int, held: Int, deadline: Milliseconds?) {
        bytes.append(0x53)  // S
        number(UInt32(queued))
        number(UInt32(held))
        long(UInt64(max(0, deadline ?? 0)))
    }

    private mutating func number(_ value: UInt32) {
        for shift in stride(from: 24, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }

    private mutating func long(_ value: UInt64) {
        number(UInt32(truncatingIfNeeded: value >> 32))
        number(UInt32(truncatingIfNeeded: value))
    }

    private mutating func id(_ id: ConnectionID) {
        number(id.slot)
        number(id.generation)
    }

    private mutating func text(_ text: [UInt8]) {
        number(UInt32(text.count))
        bytes += text
    }
}

extension Text {
    var utf8Bytes: [UInt8] { Array(string.utf8) }
}
