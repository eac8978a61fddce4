// The client's side of reading: for the command line, the simulator and tests.

import PasteModel

/// Items in one message: a client believes no server, and a paste holds 10,000 by default.
private let itemsPerMessage = 1_000_000
/// Receipts in one message: as many as `pending` may name.
private let receiptsPerMessage = AnnouncedLimits.pendingRefs
/// Verbs in `can`.
private let verbsPerMessage = 256

extension ServerMessage {
    /// Reads one message. Unknown fields are skipped.
    /// - Throws: `unknownType` for what a newer server may say; if that has a `seq`, fetch a snapshot.
    public init(json: Span<UInt8>) throws(MessageError) {
        var object = JSONObject()
        try object.read(whole: json)
        guard !object.hasLoneSurrogate else { throw MessageError(.badText, "a lone surrogate") }
        let type = try object.requiredString(.type, json, limit: 64)
        if let event = try Event(type: type, &object, json) {
            self = .event(event)
            return
        }
        switch type {
        case "welcome": self = .welcome(try Welcome(&object, json))
        case "created": self = .created(try Created(&object, json))
        case "snapshot": self = .snapshot(try Snapshot(&object, json))
        case "items": self = .items(try object.items(json), more: try object.flag(.more))
        case "resumed": self = .resumed(try Resumed(&object, json))
        case "ack": self = .ack(try Receipt(&object, json))
        case "expired":
            guard let reason = EndReason(rawValue: try object.requiredString(.reason, json)) else {
                throw .field(.reason, "is none of this version's")
            }
            self = .expired(paste: try object.requiredString(.paste, json), reason)
        case "devices": self = .devices(count: Int(try object.requiredNumber(.count, json)))
        case "error": self = .error(try ErrorMessage(&object, json))
        case "pong": self = .pong
        default: throw MessageError(.unknownType, "`type` is none of this version's")
        }
    }
}

extension Welcome {
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        var announced = try object.object(.limits, json)
        let limits = try AnnouncedLimits(&announced, json)
        self.init(
            server: try object.requiredString(.server, json), limits: limits, now: try object.requiredTime(.now, json))
        version = Int(try object.requiredNumber(.version, json))
    }
}

extension AnnouncedLimits {
    /// A limit that a server does not announce has its default.
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        self.init()
        func read(_ field: Field, _ limit: inout Int) throws(MessageError) {
            if let value = try object.number(field, json) { limit = Int(value) }
        }
        try read(.textBytes, &textBytes)
        try read(.pasteBytes, &pasteBytes)
        try read(.items, &items)
        try read(.messageBytes, &messageBytes)
        try read(.requestsInFlight, &requestsInFlight)
        try read(.rememberedRefs, &rememberedRefs)
        try read(.appendsPerSecond, &appendsPerSecond)
        try read(.editsPerSecond, &editsPerSecond)
        requestsPerSecond = try object.number(.requestsPerSecond, json).map { Int($0) }
        bytesPerSecond = try object.number(.bytesPerSecond, json).map { Int($0) }
        pastesPerHour = try object.number(.pastesPerHour, json).map { Int($0) }
        storedBytesPerDay = try object.number(.storedBytesPerDay, json).map { Int($0) }
        lifetimeMilliseconds = try object.time(.lifetimeMilliseconds, json) ?? lifetimeMilliseconds
        defaultLifetimeMilliseconds =
            try object.time(.defaultLifetimeMilliseconds, json) ?? defaultLifetimeMilliseconds
    }
}

extension Created {
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        self.init(
            ref: try object.requiredNumber(.ref, from: 1, json), paste: try object.requiredString(.paste, json),
            code: try object.string(.code, json), url: try object.requiredString(.url, json, limit: 4_096),
            cursor: try object.requiredCursor(json), expiresAt: try object.requiredTime(.expiresAt, json))
    }
}

extension Snapshot {
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        var verbs: [String] = []
        for token in try object.elements(.can, limit: verbsPerMessage, json) {
            guard token.kind == .string else { throw .field(.can, "holds something that is no string") }
            verbs.append(String(decoding: token.bytes(in: json), as: UTF8.self))
        }
        self.init(
            paste: try object.requiredString(.paste, json), code: try object.string(.code, json),
            cursor: try object.requiredCursor(json), same: try object.flag(.same),
            now: try object.requiredTime(.now, json), expiresAt: try object.requiredTime(.expiresAt, json),
            you: Author(rawValue: try object.requiredWord(.you, json)), can: verbs,
            pad: try object.text(.pad, json), padSeq: try object.requiredNumber(.padSeq, json),
            items: try object.items(json), acked: try object.receipts(json),
            devices: Int(try object.requiredNumber(.devices, json)), more: try object.flag(.more))
    }
}

extension Resumed {
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        self.init(
            cursor: try object.requiredCursor(json), now: try object.requiredTime(.now, json),
            expiresAt: try object.requiredTime(.expiresAt, json),
            you: Author(rawValue: try object.requiredWord(.you, json)), acked: try object.receipts(json))
    }
}

extension Receipt {
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        self.init(
            ref: try object.requiredNumber(.ref, from: 1, json), seq: try object.requiredNumber(.seq, json),
            item: try object.number(.item, from: 1, json))
    }
}

extension ErrorMessage {
    fileprivate init(_ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        guard let retry = Retry(rawValue: try object.requiredString(.retry, json)) else {
            throw .field(.retry, "is none of never, later and now")
        }
        self.init(
            ref: try object.number(.ref, from: 1, json), code: try object.requiredString(.code, json),
            message: try object.requiredString(.message, json, limit: 4_096), retry: retry,
            retryAfter: try object.time(.retryAfter, json), limit: try object.time(.limit, json))
        paste = try object.string(.paste, json, limit: AnnouncedLimits.keyBytes)
    }
}

extension JSONObject {
    fileprivate mutating func object(_ field: Field, _ json: Span<UInt8>) throws(MessageError) -> JSONObject {
        var object = JSONObject()
        try object.read(try required(field), in: json)
        return object
    }

    fileprivate mutating func items(_ json: Span<UInt8>) throws(MessageError) -> [Item] {
        var items: [Item] = []
        for token in try elements(.items, limit: itemsPerMessage, json) {
            var item = JSONObject()
            try item.read(token, in: json)
            items.append(
                Item(
                    number: try item.requiredNumber(.item, from: 1, json), at: try item.requiredTime(.at, json),
                    author: Author(rawValue: item[.by] == nil ? 0 : try item.requiredWord(.by, json)),
                    text: try item.text(.text, json), textSeq: try item.requiredNumber(.textSeq, json)))
        }
        return items
    }

    fileprivate mutating func receipts(_ json: Span<UInt8>) throws(MessageError) -> [Receipt] {
        var receipts: [Receipt] = []
        for token in try elements(.acked, limit: receiptsPerMessage, json) {
            var receipt = JSONObject()
            try receipt.read(token, in: json)
            receipts.append(try Receipt(&receipt, json))
        }
        return receipts
    }
}
