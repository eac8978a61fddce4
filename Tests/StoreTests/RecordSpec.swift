// What older versions have written stays readable.

import PasteModel
import Testing

@testable import SQLiteStore

@Suite("SQLiteStore: records") struct RecordSpec {
    @Test("Devices of a stored checkpoint are read in whichever order they were written")
    func devices() throws {
        let names: [UInt64] = [.max, 7, 0, 1 << 63, 99, 8]
        var writer = ByteWriter()
        writer.byte(1)
        for value in [5, 4, 3, 0, 3] { writer.integer(value) }
        writer.counted(Array("pad".utf8))
        writer.integer(names.count)
        for (index, name) in names.enumerated() {
            writer.word(name)
            writer.byte(index % 2 == 0 ? 1 : 0)
            writer.integer(1)
            for value in [index + 1, 4, index] { writer.integer(value) }
        }
        let record = try CheckpointRecord(encoded: writer.bytes)
        #expect(record.createdAt == 5 && record.padSeq == 4 && record.pad == Text("pad"))
        #expect(record.clients.count == names.count)
        for (index, name) in names.enumerated() {
            let receipt = Receipt(ref: UInt64(index) + 1, seq: 4, item: index == 0 ? nil : UInt64(index))
            #expect(
                record.clients[Author(rawValue: name)] == ClientRecord(receipts: [receipt], isTruncated: index % 2 == 0)
            )
        }
        // What is written now says the same, in one order.
        var state = PasteState(generation: 1, createdAt: 5, expiresAt: 9)
        state.clients = record.clients
        let written = CheckpointRecord(state).encoded()
        #expect(try CheckpointRecord(encoded: written).clients == record.clients)
    }
}
