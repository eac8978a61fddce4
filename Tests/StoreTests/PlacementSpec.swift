// Where texts lie in the file: the ground of "gone means gone".

import Foundation
import PasteModel
import PasteStore
import SQLiteStore
import Testing

@Suite("SQLiteStore: placement", .serialized) struct PlacementSpec {
    /// Pages of this database have 1,024 bytes; the first byte of a page of the tree is its kind.
    private let pageBytes = 1_024
    private let treeKinds: Set<UInt8> = [2, 5, 10, 13]

    @Test("No byte of a text lies in a page of the tree, where copies of moved cells would outlive it")
    func overflowOnly() throws {
        try withDirectory { directory in
            let store = try SQLiteStore(SQLiteSettings(directory: directory))
            var log = LogWriter(paste(1), generation: 1)
            _ = try store.create(log.id, generation: 1)
            // Every length around one, two and three pages, and where the length of a row's header changes.
            let lengths = Array(1...2_200) + Array(8_050...8_200) + Array(16_200...16_400)
            var start = 0
            while start < lengths.count {
                let expected = log.head
                let batch = lengths[start..<min(start + 200, lengths.count)].map { length in
                    log.append(String(repeating: "Z", count: length))
                }
                #expect(try store.commit(log.id, expected, batch) == .success(log.head))
                start += batch.count
            }
            // The checkpoint writes each text once more, as an item.
            #expect(try store.checkpoint(log.id, log.state) == .success(true))
            #expect(try store.open(log.id).get().checkpoint == log.state)
            store.close()

            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: directory + "/pasted.sqlite")))
            var pages = 0
            for page in stride(from: 0, to: bytes.count, by: pageBytes) {
                let content = bytes[page..<page + pageBytes]
                guard content.firstRange(of: Array("ZZZZZZZZ".utf8)) != nil else { continue }
                pages += 1
                #expect(!treeKinds.contains(bytes[page]), "page \(page / pageBytes + 1)")
            }
            #expect(pages > 2 * lengths.count - 40)
        }
    }
}
