/// Every name that an object of the protocol can have. Others are skipped.
///
/// The order is that of looking: what requests are made of comes first.
enum Field: String, CaseIterable {
    case type, ref, text, target, base, ops, item, paste, after, tag, pending, client
    case key, expiresIn, `private`, through
    case seq, at, by, expiresAt, version, server, limits, now, code, url, same, you, can, pad, padSeq
    case items, acked, devices, more, textSeq, reason, count, message, retry, retryAfter, limit
    case textBytes, pasteBytes, lifetimeMilliseconds, defaultLifetimeMilliseconds, messageBytes
    case requestsInFlight, pendingRefs, rememberedRefs, editOps, keyBytes, appendsPerSecond, editsPerSecond
    case requestsPerSecond, bytesPerSecond, pastesPerHour, storedBytesPerDay

    private static let table = allCases.map { (name: Array($0.rawValue.utf8), field: $0) }
    private static let longest = table.reduce(0) { max($0, $1.name.count) }

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
        search: for entry in Self.table where entry.name.count == name.count {
            for index in entry.name.indices where entry.name[index] != name[index] { continue search }
            self = entry.field
            return
        }
        return nil
    }
}
