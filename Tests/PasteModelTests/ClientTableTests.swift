import Seeded
import Testing

@testable import PasteModel

private func author(_ value: UInt64) -> Author { Author(rawValue: value) }
private func receipt(_ ref: UInt64) -> Receipt { Receipt(ref: ref, seq: 2 * ref, item: ref % 2 == 0 ? ref : nil) }

@Suite struct ClientTableTests {
    @Test("Whatever devices ask: the table is the plain dictionary, and copies stay", arguments: 0..<20)
    func laws(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var (table, plain) = (ClientTable(), [Author: ClientRecord]())
        var copy: (ClientTable, [Author: ClientRecord])?
        // The ends of the range, neighbours and hashes.
        let names = [0, 1, 2, .max, .max - 1] + (0..<40).map { _ in UInt64.random(in: 0 ... .max, using: &random) }
        for step in 0..<600 {
            let name = author(names.randomElement(using: &random) ?? 0)
            let place = table.place(of: name)
            #expect(table[place] == plain[name] && place.isKnown == (plain[name] != nil))
            let new = receipt(.random(in: 1...99, using: &random))
            guard plain[name]?.receipt(of: new.ref) == nil else { continue }
            table.add(new, at: place, limit: 5)
            plain[name, default: ClientRecord()].add(new, limit: 5)
            if step == 300 { copy = (table, plain) }
            #expect(table.count == plain.count)
        }
        for name in names { #expect(table[author(name)] == plain[author(name)]) }
        for name in [3, .max / 2, .max - 2] as [UInt64] { #expect(table[author(name)] == plain[author(name)]) }
        #expect(table.map(\.author.rawValue) == plain.keys.map(\.rawValue).sorted())
        #expect(table.allSatisfy { $0.record == plain[$0.author] })
        #expect(table == ClientTable(plain))
        #expect(copy.map { $0.0 == ClientTable($0.1) && $0.0 != table } == true)
    }

    @Test("A record holds the last receipts by ref, in whichever order they came", arguments: 0..<20)
    func records(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        for limit in 1...9 {
            var (record, plain) = (ClientRecord(), [Receipt]())
            for ref in (1...UInt64(40)).shuffled(using: &random) {
                let isStale = plain.count == limit && ref < plain[0].ref
                if record.isTruncated { #expect(record.isStale(ref) == isStale) }
                guard !record.isStale(ref) else { continue }
                record.add(receipt(ref), limit: limit)
                plain = Array((plain + [receipt(ref)]).sorted { $0.ref < $1.ref }.suffix(limit))
                #expect(Array(record.receipts) == plain)
                for other in 0...41 as ClosedRange<UInt64> {
                    #expect(record.receipt(of: other) == plain.first { $0.ref == other })
                }
            }
            #expect(record.isTruncated && record == ClientRecord(receipts: plain, isTruncated: true))
        }
    }

    @Test("A record is truncated at its limit: -1, 0 and +1")
    func truncation() {
        var record = ClientRecord()
        for ref in 1...UInt64(63) { record.add(receipt(ref), limit: 64) }
        #expect(record.receipts.count == 63 && !record.isTruncated)
        record.add(receipt(64), limit: 64)
        #expect(record.receipts.count == 64 && !record.isTruncated && !record.isStale(0))
        record.add(receipt(65), limit: 64)
        #expect(record.receipts.count == 64 && record.isTruncated && record.isStale(1) && !record.isStale(2))
        // A limit that was lowered.
        record.add(receipt(66), limit: 10)
        #expect(record.receipts.map(\.ref) == Array(57...66))
    }

    @Test("Devices are taken up to the limit at -1, 0 and +1, whatever their order", arguments: [false, true])
    func limit(descending: Bool) {
        var limits = Limits()
        limits.clients = 3
        let paste = Paste(new: PasteState(generation: 1, createdAt: 0, expiresAt: 9), limits: limits)
        let names: [UInt64] = descending ? [40, 30, 20, 10] : [10, 20, 30, 40]
        let outcomes = names.map { paste.perform(.append(Text("a")), by: author($0), ref: 1, now: 1) }
        #expect(outcomes.prefix(3).allSatisfy { if case .accepted = $0 { true } else { false } })
        #expect(outcomes[3] == .refused(.tooManyClients(limit: 3)))
        // Whoever is known stays known.
        #expect(paste.perform(.append(Text("a")), by: author(names[0]), ref: 1, now: 1) != outcomes[3])
    }
}
