// The server's side of writing. The order of the members is fixed: equal messages are equal bytes.

import PasteModel

extension ServerMessage {
    /// Appends the message as one JSON text.
    /// - Parameter known: Items that were encoded before, instead of the message's own, which are not looked at then.
    public func encode(into output: inout [UInt8], items known: EncodedItems? = nil) {
        switch self {
        case .welcome(let welcome): welcome.encode(into: &output)
        case .created(let created): created.encode(into: &output)
        case .snapshot(let snapshot): snapshot.encode(into: &output, items: known)
        case .items(let items, let more):
            output.begin("items")
            output.member(known ?? EncodedItems(items))
            output.member(.more, more)
            output.end()
        case .resumed(let resumed): resumed.encode(into: &output)
        case .event(let event): event.encode(into: &output)
        case .ack(let receipt):
            output.append(line: { line in
                line.append(JSONLine.ack)
                line.members(receipt)
            })
        case .expired(let paste, let reason):
            output.begin("expired")
            output.member(.paste, paste)
            output.member(.reason, reason.rawValue)
            output.end()
        case .devices(let count):
            output.begin("devices")
            output.member(.count, count)
            output.end()
        case .error(let error): error.encode(into: &output)
        case .pong:
            output.begin("pong")
            output.end()
        }
    }
}

extension Welcome {
    fileprivate func encode(into output: inout [UInt8]) {
        output.begin("welcome")
        output.member(.version, version)
        output.member(.server, server)
        output.member(.limits)
        output.append(contentsOf: "{\"textBytes\":".utf8)
        output.append(decimal: Int64(limits.textBytes))
        output.member(.pasteBytes, limits.pasteBytes)
        output.member(.items, limits.items)
        output.member(.lifetimeMilliseconds, limits.lifetimeMilliseconds)
        output.member(.defaultLifetimeMilliseconds, limits.defaultLifetimeMilliseconds)
        output.member(.messageBytes, limits.messageBytes)
        output.member(.requestsInFlight, limits.requestsInFlight)
        output.member(.rememberedRefs, limits.rememberedRefs)
        output.member(.pendingRefs, AnnouncedLimits.pendingRefs)
        output.member(.editOps, AnnouncedLimits.editOps)
        output.member(.appendsPerSecond, limits.appendsPerSecond)
        output.member(.editsPerSecond, limits.editsPerSecond)
        let optional: [(Field, Int?)] = [
            (.requestsPerSecond, limits.requestsPerSecond), (.bytesPerSecond, limits.bytesPerSecond),
            (.pastesPerHour, limits.pastesPerHour), (.storedBytesPerDay, limits.storedBytesPerDay),
        ]
        for case (let field, let limit?) in optional {
            output.member(field, limit)
        }
        output.end()
        output.member(.now, now)
        output.end()
    }
}

extension Created {
    fileprivate func encode(into output: inout [UInt8]) {
        output.begin("created")
        output.member(.ref, ref)
        output.member(.paste, paste)
        if let code { output.member(.code, code) }
        output.member(.url, url)
        output.members(cursor)
        output.member(.expiresAt, expiresAt)
        output.end()
    }
}

extension Snapshot {
    fileprivate func encode(into output: inout [UInt8], items known: EncodedItems?) {
        output.begin("snapshot")
        output.member(.paste, paste)
        if let code { output.member(.code, code) }
        output.members(cursor)
        output.member(.same, same)
        output.member(.now, now)
        output.member(.expiresAt, expiresAt)
        output.member(hexadecimal: .you, you.rawValue)
        output.member(.can, list: can) { $0.append(json: Array($1.utf8).span) }
        output.member(.pad, pad)
        output.member(.padSeq, padSeq)
        output.member(known ?? EncodedItems(items))
        output.member(acked)
        output.member(.devices, devices)
        if more { output.member(.more, true) }
        output.end()
    }
}

extension Resumed {
    fileprivate func encode(into output: inout [UInt8]) {
        output.begin("resumed")
        output.members(cursor)
        output.member(.now, now)
        output.member(.expiresAt, expiresAt)
        output.member(hexadecimal: .you, you.rawValue)
        output.member(acked)
        output.end()
    }
}

extension ErrorMessage {
    fileprivate func encode(into output: inout [UInt8]) {
        output.begin("error")
        if let ref { output.member(.ref, ref) }
        if let paste { output.member(.paste, paste) }
        output.member(.code, code)
        output.member(.message, message)
        output.member(.retry, retry.rawValue)
        if let retryAfter { output.member(.retryAfter, retryAfter) }
        if let limit { output.member(.limit, limit) }
        output.end()
    }
}

extension [UInt8] {
    /// The members `seq` and `tag`.
    mutating func members(_ cursor: Cursor) {
        append(line: { $0.members(cursor) })
    }

    /// The member `items`.
    fileprivate mutating func member(_ items: EncodedItems) {
        member(.items)
        append(contentsOf: items.json)
    }

    /// Appends a list of items.
    mutating func append(items: some Sequence<Item>) {
        append(list: items) { $0.append($1) }
    }

    /// An item.
    mutating func append(_ item: Item) {
        append(contentsOf: "{\"item\":".utf8)
        append(line: { line in
            line.append(decimal: Int64(truncatingIfNeeded: item.number))
            line.member(.at, item.at)
            line.member(hexadecimal: .by, item.author.rawValue)
        })
        member(.text, item.text)
        member(.textSeq, item.textSeq)
        end()
    }

    /// The member `acked`.
    fileprivate mutating func member(_ receipts: [Receipt]) {
        member(.acked, list: receipts) { output, receipt in
            output.append(line: { line in
                line.append(JSONLine.receipt)
                line.members(receipt)
            })
        }
    }
}

extension JSONLine {
    fileprivate static let ack = JSONPiece(Array("{\"type\":\"ack\",\"ref\":".utf8))
    fileprivate static let receipt = JSONPiece(Array("{\"ref\":".utf8))

    /// A receipt behind its first member's name, to the end.
    fileprivate mutating func members(_ receipt: Receipt) {
        append(decimal: Int64(truncatingIfNeeded: receipt.ref))
        member(.seq, receipt.seq)
        if let item = receipt.item { member(.item, item) }
        append(UInt8(ascii: "}"))
    }
}
