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

    /// What stands before the value of a member that is not the first: `,"name":`.
    var opening: JSONPiece { Self.openings[Int(rawValue)] }
    private static let openings = allCases.map { JSONPiece(Array(",\"\($0)\":".utf8)) }

    static let names = NameTable<Field>()
}
