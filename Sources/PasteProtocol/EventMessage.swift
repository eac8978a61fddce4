// Events on the wire: the hot path of writing. An event is encoded once and its bytes go to every device.

import PasteModel

/// Operations in an edit from the server: others' edits have cut what one client sent. A client believes no
/// server, so there is an end.
private let committedOps = 1_000_000

extension Event {
    /// Appends the event's message: `type`, `seq`, `tag`, `at`, `by`, `ref`, then what it did.
    ///
    /// An erased event has no message of its own: it is written as the type `erased`, which no client of this
    /// version knows, and an unknown type with a `seq` makes a client fetch a snapshot.
    ///
    /// - Parameter headroom: Zeros before it, at most 16: for the header of a frame that carries it.
    public func encode(into output: inout [UInt8], headroom: Int = 0) {
        let body = body
        var line = JSONLine(headroom: headroom)
        line.append(body.opening)
        line.append(decimal: Int64(truncatingIfNeeded: cursor.seq))
        line.member(hexadecimal: .tag, cursor.tag)
        line.member(.at, at)
        // Refs begin at 1: an event that nobody's request made has none, and no author.
        if ref > 0 || author.rawValue > 0 { line.member(hexadecimal: .by, author.rawValue) }
        if ref > 0 { line.member(.ref, ref) }
        line.members(body)
        switch body {
        case .append(_, let text), .keep(_, let text):
            output.append(line, endingWith: text.utf8.span)
        case .edit(_, let edit):
            if output.capacity == 0 { output.reserveCapacity(line.count + edit.insertedBytes + 32) }
            output.append(line)
            output.member(edit)
            output.end()
        case .remove, .clear, .extend, .erased:
            line.append(UInt8(ascii: "}"))
            output.append(line)
        }
    }

    /// Reads an event's message, whose type is `type`; nil if that is no event.
    init?(type: String, _ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        guard let body = try EventBody(type: type, &object, json) else { return nil }
        let author = object[.by] == nil ? 0 : try object.requiredWord(.by, json)
        self.init(
            cursor: try object.requiredCursor(json), at: try object.requiredTime(.at, json),
            author: Author(rawValue: author), ref: try object.number(.ref, from: 1, json) ?? 0, body: body)
    }
}

extension JSONLine {
    /// What an event did, up to its text or its ops.
    fileprivate mutating func members(_ body: EventBody) {
        switch body {
        case .append(let item, _), .keep(let item, _):
            member(.item, item)
            member(.text)
        case .edit(let target, _): member(target)
        case .remove(let item): member(.item, item)
        case .clear(let through): member(.through, through)
        case .extend(let expiresAt): member(.expiresAt, expiresAt)
        case .erased: break
        }
    }
}

extension EventBody {
    /// The beginning of the message, up to its seq.
    fileprivate var opening: JSONPiece {
        switch self {
        case .append: Openings.append
        case .edit: Openings.edit
        case .keep: Openings.keep
        case .remove: Openings.remove
        case .clear: Openings.clear
        case .extend: Openings.extend
        case .erased: Openings.erased
        }
    }

    fileprivate init?(type: String, _ object: inout JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        switch type {
        case "append":
            self = .append(item: try object.requiredNumber(.item, from: 1, json), text: try object.text(.text, json))
        case "edit":
            self = .edit(target: try object.target(json), ops: try object.edit(limit: committedOps, json))
        case "keep":
            self = .keep(item: try object.requiredNumber(.item, from: 1, json), text: try object.text(.text, json))
        case "remove":
            self = .remove(item: try object.requiredNumber(.item, from: 1, json))
        case "clear":
            self = .clear(through: try object.requiredNumber(.through, json))
        case "extend":
            self = .extend(expiresAt: try object.requiredTime(.expiresAt, json))
        case "erased":
            self = .erased
        default:
            return nil
        }
    }
}

private enum Openings {
    static let append = of("append")
    static let edit = of("edit")
    static let keep = of("keep")
    static let remove = of("remove")
    static let clear = of("clear")
    static let extend = of("extend")
    static let erased = of("erased")

    private static func of(_ type: String) -> JSONPiece {
        JSONPiece(Array("{\"type\":\"\(type)\",\"seq\":".utf8))
    }
}

extension JSONObject {
    /// `seq` and `tag`, which must be there.
    mutating func requiredCursor(_ json: Span<UInt8>) throws(MessageError) -> Cursor {
        Cursor(seq: try requiredNumber(.seq, json), tag: try requiredWord(.tag, json))
    }
}
