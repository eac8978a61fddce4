// A stream of bytes becomes items of whole lines. Pure.

import PasteModel

/// Gathers what a command says until it may be sent. An item is whole lines, as many as are there and fit; a line that
/// is longer than an item is cut between two characters, as is the end of the stream.
public struct LineGatherer: Sendable {
    /// The stream is not UTF-8.
    public struct NotText: Error, Hashable, Sendable {
        /// Where, counted from the stream's beginning.
        public let offset: Int
    }

    private let limit: Int
    private let replacesInvalid: Bool
    private var bytes: [UInt8] = []
    /// Bytes taken from the front of `bytes`.
    private var taken = 0
    private var before = 0
    private var lastLineEnd = 0
    private var hasEnded = false

    /// - Parameters:
    ///   - limit: Bytes in one item, at least 4.
    ///   - replacesInvalid: What is not UTF-8 becomes U+FFFD instead of an error.
    public init(limit: Int, replacesInvalid: Bool = false) {
        self.limit = max(limit, 4)
        self.replacesInvalid = replacesInvalid
    }

    /// Bytes that wait.
    public var count: Int { bytes.count - taken }
    /// Whether an item is as full as it can be.
    public var isFull: Bool { count >= limit }
    /// Whether `next` would give something.
    public var hasItem: Bool { isFull || lastLineEnd > taken || (hasEnded && count > 0) }
    /// Whether all was taken and no more comes.
    public var isDone: Bool { hasEnded && count == 0 }

    /// More of the stream.
    public mutating func add(_ more: [UInt8]) {
        if let index = more.lastIndex(of: UInt8(ascii: "\n")) { lastLineEnd = bytes.count + index + 1 }
        bytes += more
    }

    /// The stream is over: its last line needs no end.
    public mutating func end() {
        hasEnded = true
    }

    /// The next item; nil when there is no whole line yet.
    public mutating func next() throws(NotText) -> Text? {
        guard hasItem else { return nil }
        let end = cut()
        let item = Array(bytes[taken..<end])
        let offset = before
        before += item.count
        taken = end
        if taken > limit || taken == bytes.count {
            bytes.removeSubrange(..<taken)
            lastLineEnd = max(0, lastLineEnd - taken)
            taken = 0
        }
        if replacesInvalid { return Text(String(decoding: item, as: UTF8.self)) }
        guard String(validating: item, as: UTF8.self) != nil else { throw NotText(offset: offset) }
        return Text(uncheckedUTF8: item)
    }

    /// Where the next item ends.
    private func cut() -> Int {
        let room = min(bytes.count, taken + limit)
        if lastLineEnd > taken, lastLineEnd <= room {
            return hasEnded && bytes.count <= room ? bytes.count : lastLineEnd
        }
        if let index = bytes[taken..<room].lastIndex(of: UInt8(ascii: "\n")) { return index + 1 }
        guard room < bytes.count else { return hasEnded ? room : lastScalarEnd(room) }
        return lastScalarEnd(room)
    }

    /// The last place at or before `end` between two scalars; `end` itself in what is not UTF-8.
    private func lastScalarEnd(_ end: Int) -> Int {
        var place = end
        if place < bytes.count {
            while place > taken, end - place < 4, bytes[place] & 0xC0 == 0x80 { place -= 1 }
        } else {
            // The last scalar may not be whole yet.
            var lead = end - 1
            while lead > taken, end - lead < 4, bytes[lead] & 0xC0 == 0x80 { lead -= 1 }
            let length = bytes[lead] >= 0xF0 ? 4 : bytes[lead] >= 0xE0 ? 3 : bytes[lead] >= 0xC0 ? 2 : 1
            if lead + length > end { place = lead }
        }
        return place > taken ? place : end
    }
}
