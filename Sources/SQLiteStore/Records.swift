// How texts and states are written into one blob. The first byte of a record is its version; a reader refuses
// any other. Version 1:
//
//     body        kind, item or target, text or ops
//     checkpoint  created, pad seq, next item, item count, byte count, pad, then each device's receipts
//
// Ops are coded by the model (`TextEdit.encoded`).

import PasteModel

enum BodyKind: UInt8 {
    case append = 1
    case edit = 2
    case keep = 3
    case remove = 4
    case clear = 5
    case extend = 6
    case erased = 7
}

private let recordVersion: UInt8 = 1

extension EventBody {
    var kind: BodyKind {
        switch self {
        case .append: .append
        case .edit: .edit
        case .keep: .keep
        case .remove: .remove
        case .clear: .clear
        case .extend: .extend
        case .erased: .erased
        }
    }

    /// The record of this body, whose text has about so many bytes.
    func encoded(textBytes: Int = 0) -> [UInt8] {
        // And a version, a kind, and two integers.
        var writer = ByteWriter(capacity: textBytes + 22)
        writer.byte(recordVersion)
        writer.byte(kind.rawValue)
        switch self {
        case .append(let item, let text), .keep(let item, let text):
            writer.integer(item)
            writer.counted(text.utf8)
        case .edit(let target, let edit):
            // Items are numbered from 1: 0 is the pad.
            if case .item(let item) = target { writer.integer(item) } else { writer.integer(0) }
            writer.counted(edit.encoded)
        case .remove(let item): writer.integer(item)
        case .clear(let through): writer.integer(through)
        case .extend(let expiresAt): writer.integer(expiresAt)
        case .erased: break
        }
        return writer.bytes
    }

    /// The body of a record.
    init(encoded bytes: [UInt8]) throws(DamagedRecord) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == recordVersion else { throw DamagedRecord("has an unknown version") }
        switch BodyKind(rawValue: try reader.byte()) {
        case .append: self = .append(item: try reader.integer(), text: try reader.text())
        case .edit:
            let item = try reader.integer()
            self = .edit(target: item == 0 ? .pad : .item(item), ops: try reader.edit())
        case .keep: self = .keep(item: try reader.integer(), text: try reader.text())
        case .remove: self = .remove(item: try reader.integer())
        case .clear: self = .clear(through: try reader.integer())
        case .extend: self = .extend(expiresAt: try reader.signed())
        case .erased: self = .erased
        case nil: throw DamagedRecord("has an unknown kind")
        }
        try reader.end()
    }
}

/// What a checkpoint's blob holds: the state without what stands in columns and rows of their own.
struct CheckpointRecord {
    var createdAt: Milliseconds
    var padSeq: UInt64
    var nextItem: UInt64
    var itemCount: Int
    var byteCount: Int
    var pad: Text
    var clients: ClientTable

    init(_ state: PasteState) {
        createdAt = state.createdAt
        padSeq = state.padSeq
        nextItem = state.nextItem
        itemCount = state.items.count
        byteCount = state.byteCount
        pad = state.pad
        clients = state.clients
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(recordVersion)
        writer.integer(createdAt)
        writer.integer(padSeq)
        writer.integer(nextItem)
        writer.integer(itemCount)
        writer.integer(byteCount)
        writer.counted(pad.utf8)
        writer.integer(clients.count)
        for (author, record) in clients {
            writer.word(author.rawValue)
            writer.byte(record.isTruncated ? 1 : 0)
            writer.integer(record.receipts.count)
            for receipt in record.receipts {
                writer.integer(receipt.ref)
                writer.integer(receipt.seq)
                // Items are numbered from 1: 0 is none.
                writer.integer(receipt.item ?? 0)
            }
        }
        return writer.bytes
    }

    init(encoded bytes: [UInt8]) throws(DamagedRecord) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == recordVersion else { throw DamagedRecord("has an unknown version") }
        createdAt = try reader.signed()
        padSeq = try reader.integer()
        nextItem = try reader.integer()
        itemCount = Int(truncatingIfNeeded: try reader.integer())
        byteCount = Int(truncatingIfNeeded: try reader.integer())
        pad = try reader.text()
        var records: [Author: ClientRecord] = [:]
        for _ in 0..<(try reader.count()) {
            let author = Author(rawValue: try reader.word())
            let isTruncated = try reader.byte() != 0
            var receipts: [Receipt] = []
            for _ in 0..<(try reader.count()) {
                let (ref, seq, item) = (try reader.integer(), try reader.integer(), try reader.integer())
                receipts.append(Receipt(ref: ref, seq: seq, item: item == 0 ? nil : item))
            }
            records[author] = ClientRecord(receipts: receipts, isTruncated: isTruncated)
        }
        clients = ClientTable(records)
        try reader.end()
    }
}

/// The text of a record, checked: nothing else in the process validates stored bytes again.
func storedText(_ bytes: [UInt8]) throws(DamagedRecord) -> Text {
    guard String(validating: bytes, as: UTF8.self) != nil else { throw DamagedRecord("holds text that is no UTF-8") }
    return Text(uncheckedUTF8: bytes)
}

extension ByteReader {
    fileprivate mutating func text() throws(DamagedRecord) -> Text {
        try storedText(try counted())
    }

    fileprivate mutating func edit() throws(DamagedRecord) -> TextEdit {
        guard let edit = TextEdit(encoded: try counted()) else { throw DamagedRecord("holds a damaged edit") }
        return edit
    }
}
