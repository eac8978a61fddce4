// The error table: one row per code, equal to Protocol/errors.json (a test compares them).

/// Whether trying again can help.
public enum Retry: String, CaseIterable, Sendable {
    /// The same request will be refused again.
    case never
    /// The same request can succeed: after `retryAfter` milliseconds if told, else with back-off.
    case later
    /// The same request can succeed at once, when the client has done what the code's row says.
    case now
}

/// What a limit counts, for sentences.
public enum LimitUnit: String, CaseIterable, Sendable {
    /// Bytes of UTF-8.
    case bytes
    /// A duration.
    case milliseconds
    /// Things.
    case count
}

/// Why the server did not do what a message asked for. Stable: a code is never renamed or given another
/// meaning, new ones may be added.
public enum ErrorCode: String, CaseIterable, Sendable {
    // The message is wrong.
    case badMessage, unknownType, badText, badEdit
    // The message comes at the wrong moment.
    case badHello, helloTooLate, notSubscribed, otherPaste, tooManyInFlight
    // Keys.
    case noSuchPaste, badKey, keyTaken, notPermitted
    // Rules of the paste.
    case emptyText, textTooLarge, pasteFull, tooManyItems, noSuchItem, badExpiry, staleRef, staleBase
    // The server's own limits and troubles.
    case tooFast, tooManyMisses, tooManyPastes, quotaReached, serverFull, busy, storageFull, unavailable, damaged

    /// Whether trying again can help.
    public var retry: Retry { row.retry }
    /// The status of the same answer over HTTP (RFC 9110).
    public var httpStatus: Int { row.status }
    /// What the `limit` counts; nil for codes that name none.
    public var limitUnit: LimitUnit? { row.unit }

    /// What a person is told: what happened, what the limit is, what to do.
    /// - Parameter limit: In the unit of `limitUnit`.
    public func sentence(limit: Int64? = nil) -> String {
        guard let limit, let unit = row.unit, let sentence = row.limited else { return row.sentence }
        guard let gap = sentence.firstRange(of: "{limit}") else { return sentence }
        return sentence.replacing(gap, with: spelled(limit, unit))
    }
}

/// One row of the table.
private struct Row {
    let retry: Retry
    let status: Int
    let sentence: String
    var unit: LimitUnit?
    var limited: String?

    init(_ retry: Retry, _ status: Int, _ sentence: String) {
        self.retry = retry
        self.status = status
        self.sentence = sentence
    }

    init(_ retry: Retry, _ status: Int, _ sentence: String, _ unit: LimitUnit, _ limited: String) {
        self.init(retry, status, sentence)
        self.unit = unit
        self.limited = limited
    }
}

extension ErrorCode {
    private var row: Row {
        switch self {
        case .badMessage, .unknownType, .badText, .badEdit, .badHello, .helloTooLate, .notSubscribed, .otherPaste,
            .tooManyInFlight:
            messageRow
        case .noSuchPaste, .badKey, .keyTaken, .notPermitted:
            keyRow
        case .emptyText, .textTooLarge, .pasteFull, .tooManyItems, .noSuchItem, .badExpiry, .staleRef, .staleBase:
            ruleRow
        case .tooFast, .tooManyMisses, .tooManyPastes, .quotaReached, .serverFull, .busy, .storageFull, .unavailable,
            .damaged:
            serverRow
        }
    }

    private var messageRow: Row {
        switch self {
        case .badMessage:
            Row(.never, 400, "The server does not understand what this app sent. Reload the page or update the app.")
        case .unknownType:
            Row(.never, 400, "The server does not know this kind of message. It may be older than this app.")
        case .badText:
            Row(.never, 400, "The text holds half a character (a lone surrogate), which can not be stored exactly.")
        case .badEdit:
            Row(.never, 400, "This change does not fit the text it was made on. Your text is still with you.")
        case .badHello:
            Row(.never, 400, "This app does not say properly who it is. Reload the page or update the app.")
        case .helloTooLate:
            Row(.never, 400, "An app has to say who it is before anything else. Reload the page.")
        case .notSubscribed:
            Row(.never, 409, "No paste is open on this connection. Open one first.")
        case .otherPaste:
            Row(.never, 409, "Another paste is open on this connection. Use a connection of its own.")
        default:
            Row(
                .later, 429, "Too many changes are waiting for an answer. This one is sent again in a moment.", .count,
                "At most {limit} changes may wait for an answer. This one is sent again in a moment.")
        }
    }

    private var keyRow: Row {
        switch self {
        case .noSuchPaste:
            Row(.never, 404, "There is no paste with this key. It may have expired, or the key has a typing error.")
        case .badKey:
            Row(.never, 400, "A key of your own is 6 to 64 of the characters a-z, 0-9 and -, and no reserved word.")
        case .keyTaken:
            Row(.never, 409, "This key is taken. Choose another one.")
        default:
            Row(.never, 403, "This key does not permit that.")
        }
    }

    private var ruleRow: Row {
        switch self {
        case .emptyText:
            Row(.never, 400, "There is no text to keep.")
        case .textTooLarge:
            Row(
                .never, 413, "This text is too large. Keep it in parts.", .bytes,
                "This text is larger than {limit}, the most that one text may have. Keep it in parts.")
        case .pasteFull:
            Row(
                .never, 409, "This paste is full. Remove something, or begin a new paste.", .bytes,
                "This paste can hold {limit} of text and is full. Remove something, or begin a new paste.")
        case .tooManyItems:
            Row(
                .never, 409, "This paste holds as many items as it may. Remove some, or begin a new paste.", .count,
                "This paste holds {limit} items, as many as it may. Remove some, or begin a new paste.")
        case .noSuchItem:
            Row(.never, 404, "This item was removed. Your text is still with you.")
        case .badExpiry:
            Row(
                .never, 400, "A paste can not last that long. Choose a shorter time.", .milliseconds,
                "A paste can last at most {limit} from now. Choose a time between now and then.")
        case .staleRef:
            Row(.never, 409, "This was sent too long ago to tell whether it arrived. Look, and send it anew if not.")
        default:
            Row(.now, 409, "This device was away for too long to continue. It is brought up to date.")
        }
    }

    private var serverRow: Row {
        switch self {
        case .tooFast:
            Row(
                .later, 429, "That was a little fast. It is sent again in a moment.", .count,
                "More than {limit} a second is too fast. It is sent again in a moment.")
        case .tooManyMisses:
            Row(.later, 429, "Too many unknown keys were tried. Wait a moment, then try again.")
        case .tooManyPastes:
            Row(
                .later, 429, "Your network made as many pastes as it may for now. Use one of them, or try again later.",
                .count,
                "Your network may make {limit} pastes an hour and did. Use one of them, or try again later.")
        case .quotaReached:
            Row(
                .later, 507,
                "As much was kept from your network as may be for now. Your text is still with you; try again later.",
                .bytes,
                "Your network may keep {limit} a day here and did. Your text is still with you; try again later.")
        case .serverFull:
            Row(.later, 507, "The server holds as much as its operator lets it; nothing was changed. Try again later.")
        case .busy:
            Row(
                .later, 503, "The server has too much to do at once; nothing was changed. Try again in a moment.",
                .count,
                "This paste remembers {limit} devices, as many as it may; nothing was changed. Try again later.")
        case .storageFull:
            Row(.later, 507, "The server's disk is full; nothing was changed. Try again later.")
        case .unavailable:
            Row(.later, 503, "The server can not save right now; nothing was changed. Try again in a moment.")
        default:
            Row(.never, 500, "This paste is damaged on the server's disk. The operator has to look at it.")
        }
    }
}

/// A limit as a person reads it: `1 MiB`, `30 days`, `10,000`.
private func spelled(_ limit: Int64, _ unit: LimitUnit) -> String {
    func inLargest(of units: [(Int64, String)]) -> String {
        for (size, name) in units where limit >= size && limit % size == 0 {
            return "\(grouped(limit / size)) \(name)\(limit / size == 1 || name.hasSuffix("B") ? "" : "s")"
        }
        return grouped(limit)
    }
    switch unit {
    case .count: return grouped(limit)
    case .bytes: return inLargest(of: [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "byte")])
    case .milliseconds:
        return inLargest(of: [
            (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond"),
        ])
    }
}

/// Digits in groups of three.
private func grouped(_ number: Int64) -> String {
    let digits = Array(String(number))
    var result = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0, digits[index - 1] != "-" { result.append(",") }
        result.append(digit)
    }
    return result
}

extension String {
    fileprivate func replacing(_ gap: Range<Index>, with other: String) -> String {
        self[..<gap.lowerBound] + other + self[gap.upperBound...]
    }
}
