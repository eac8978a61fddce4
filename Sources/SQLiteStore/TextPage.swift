// Where a text's bytes lie in the file, so that deleting them leaves nothing.
//
// SQLite's `secure_delete` overwrites the cell that is deleted and every page that is freed. But when a page
// of the tree is split or merged, cells move, and the copies in the gap of the old page stay until something
// else is written there: deleted texts were found in the file that way. What never moves are overflow pages:
// they belong to one row and are freed, and so overwritten, with it. So every text is written such that all
// of it lies in overflow pages: zeros in front, and a length for which SQLite keeps only the smallest part of
// the row in the tree ("The B-tree Page Format: the amount of payload that spills" in sqlite.org/fileformat2).

import PasteModel

enum TextPage {
    /// The database's page size in bytes: a short text costs one of these, so it is small.
    static let size = 1_024
    /// The bytes of a row that stay in the tree when the rest spills: M in the file format's words.
    static let treeBytes = (size - 12) * 32 / 255 - 23
    /// The longest row that does not spill: X in the file format's words.
    private static let wholeBytes = size - 35
    /// What one overflow page holds: it begins with the number of the next.
    private static let overflowBytes = size - 4
    private static let checksumBytes = 8

    /// The blob for a record whose first byte is not zero.
    static func padded(_ record: [UInt8], number: Int64) -> [UInt8] {
        let least = treeBytes + checksumBytes + record.count
        var count = least
        // A longer blob can have a longer header, once: then one more round settles it.
        repeat { count += missing(count) } while missing(count) != 0
        var blob = ByteWriter(capacity: count)
        blob.zeros(count - checksumBytes - record.count)
        blob.raw(record)
        blob.word(checksum(record.span, number: number))
        return blob.bytes
    }

    /// The record in a blob.
    static func record(_ blob: [UInt8], number: Int64) throws(DamagedRecord) -> [UInt8] {
        let end = blob.count - checksumBytes
        guard end > treeBytes, let start = blob[..<end].firstIndex(where: { $0 != 0 }) else {
            throw DamagedRecord("is empty")
        }
        var stored = ByteReader(blob, from: end)
        guard try stored.word() == checksum(blob.span.extracting(start..<end), number: number) else {
            throw DamagedRecord("does not match its checksum")
        }
        return Array(blob[start..<end])
    }

    /// How many bytes a blob of `count` bytes lacks to fill its overflow pages exactly.
    private static func missing(_ count: Int) -> Int {
        // A row of (NULL for the rowid, blob): the header's own length, one byte for NULL, the blob's type.
        let row = 2 + variableLength(2 * count + 12) + count
        guard row > wholeBytes else { return treeBytes + overflowBytes - row }
        let past = (row - treeBytes) % overflowBytes
        return past == 0 ? 0 : overflowBytes - past
    }

    private static func variableLength(_ value: Int) -> Int {
        var (length, rest) = (1, value >> 7)
        while rest > 0 {
            length += 1
            rest >>= 7
        }
        return length
    }

    /// FNV-1a over words of 8 bytes, begun with the text's number so that two texts can't be swapped. Against
    /// accidents, not attackers: SQLite has no checksum of its own.
    private static func checksum(_ bytes: Span<UInt8>, number: Int64) -> UInt64 {
        let prime: UInt64 = 0x0000_0100_0000_01b3
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bitPattern: number)
        let words = bytes.count / 8
        for word in 0..<words {
            sum = (sum ^ Self.word(of: bytes, at: word &* 8)) &* prime
            sum ^= sum >> 32
        }
        for index in (words * 8)..<bytes.count { sum = (sum ^ UInt64(bytes[index])) &* prime }
        return (sum ^ sum >> 32) &* prime
    }

    /// The eight bytes from `start` on, the first one lowest.
    private static func word(of bytes: Span<UInt8>, at start: Int) -> UInt64 {
        let eight = bytes.extracting(start..<(start &+ 8))
        // Safe: `eight` is eight bytes, and any bits are a valid integer.
        return unsafe UInt64(littleEndian: eight.bytes.unsafeLoadUnaligned(as: UInt64.self))
    }
}
