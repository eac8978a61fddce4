/// Every name that an object of the protocol can have. Others are skipped.
///
/// The order is that of looking: what requests are made of comes first.
enum Field: UInt8, CaseIterable {
    case type, ref, text, target, base, ops, item, paste, after, tag, pending, client
    case key, expiresIn, `private`, through
    case seq, at, by, expiresAt, version, server, limits, now, code, url, same, you, can, pad, padSeq
    case items, acked, devices, more, textSeq, reason, count, message, retry, retryAfter, limit
    case textBytes, pasteBytes, lifetimeMilliseconds, defaultLifetimeMilliseconds, messageBytes
    case requestsInFlight, pendingRefs, rememberedRefs, editOps, keyBytes, appendsPerSecond, editsPerSecond
    case requestsPerSecond, bytesPerSecond, pastesPerHour, storedBytesPerDay

    /// The case's own name.
    private var name: [UInt8] { Array("\(self)".utf8) }

    /// What stands before the value of a member that is not the first: `,"name":`.
    var opening: JSONPiece { Self.openings[Int(rawValue)] }
    private static let openings = allCases.map { JSONPiece(Array(",\"".utf8) + $0.name + Array("\":".utf8)) }

    /// The first bytes of each name as one word: nothing here is counted, and one comparison tells nearly always.
    private static let table = allCases.map { field in
        let name = field.name
        return (head: head(of: name.span), count: name.count, field: field)
    }
    private static let longest = table.reduce(0) { max($0, $1.count) }

    private static func head(of name: Span<UInt8>) -> UInt64 {
        var head: UInt64 = 0
        for index in 0..<min(name.count, 8) { head |= UInt64(name[index]) << UInt64(index * 8) }
        return head
    }

    /// The field of that name, however it is escaped.
    init?(_ name: JSONToken, in text: Span<UInt8>) {
        guard name.decodedCount <= Self.longest, !name.hasLoneSurrogate else { return nil }
        guard name.isVerbatim else {
            let bytes = name.bytes(in: text)
            self.init(bytes.span)
            return
        }
        self.init(text.extracting(name.start + 1..<name.end - 1))
    }

    private init?(_ name: Span<UInt8>) {
        let head = Self.head(of: name)
        for entry in Self.table where entry.head == head && entry.count == name.count {
            guard name.count <= 8 || entry.field.isCalled(name) else { continue }
            self = entry.field
            return
        }
        return nil
    }

    private func isCalled(_ name: Span<UInt8>) -> Bool {
        // Behind the comma and the quote.
        let opening = opening
        return name.indices.allSatisfy { opening[$0 + 2] == name[$0] }
    }
}
