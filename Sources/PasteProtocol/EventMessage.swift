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
    func encode(into output: inout [UInt8]) {
        let body = body
        if output.capacity == 0 { output.reserveCapacity(160 + body.estimatedBytes) }
        output.append(body.opening)
        output.members(cursor)
        output.member(.at, at)
        // Refs begin at 1: an event that nobody's request made has none, and no author.
        if ref > 0 || author.rawValue > 0 { output.member(hexadecimal: .by, author.rawValue) }
        if ref > 0 { output.member(.ref, ref) }
        switch body {
        case .append(let item, let text), .keep(let item, let text):
            output.member(.item, item)
            output.member(.text, text)
        case .edit(let target, let edit):
            output.member(target)
            output.member(edit)
        case .remove(let item): output.member(.item, item)
        case .clear(let through): output.member(.through, through)
        case .extend(let expiresAt): output.member(.expiresAt, expiresAt)
        case .erased: break
        }
        output.end()
    }

    /// Reads an event's message, whose type is `type`; nil if that is no event.
    init?(type: String, _ object: JSONObject, _ json: Span<UInt8>) throws(MessageError) {
        guard let body = try EventBody(type: type, object, json) else { return nil }
        let author = object[.by] == nil ? 0 : try object.requiredWord(.by, json)
        self.init(
            cursor: try object.requiredCursor(json), at: try object.requiredTime(.at, json),
            author: Author(rawValue: author), ref: try object.number(.ref, from: 1, json) ?? 0, body: body)
    }
}

extension EventBody {
    /// The beginning of the message, with its type.
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

    /// Room for what has no fixed length; escapes may need more, which costs a copy and nothing else.
    fileprivate var estimatedBytes: Int {
        switch self {
        case .append(_, let text), .keep(_, let text): text.count + text.count / 16
        default: 32
        }
    }

    fileprivate init?(type: String, _ object: JSONObject, _ json: Span<UInt8>) throws(MessageError) {
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
        var bytes: [UInt8] = []
        bytes.begin(type)
        return JSONPiece(bytes)
    }
}

extension JSONObject {
    /// `seq` and `tag`, which must be there.
    func requiredCursor(_ json: Span<UInt8>) throws(MessageError) -> Cursor {
        Cursor(seq: try requiredNumber(.seq, json), tag: try requiredWord(.tag, json))
    }
}
