// Forms as browsers and `curl -F` send them (RFC 7578, RFC 2046 section 5.1).

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

/// One part of a form: a text.
struct FormPart: Hashable, Sendable {
    var text: Text
    /// Whether it is a file's, not typed into a field.
    let isFile: Bool

    /// Parts of one form that hold something: as many requests as are remembered of one client.
    static let limit = 64
    /// Bytes of one part's head.
    private static let headBytes = 4_096

    /// The texts of a form in their order; empty parts, such as a file that nobody chose, are left out.
    /// - Throws: What is wrong with it; then nothing of it counts.
    static func parts(of content: [UInt8], boundary: [UInt8], textLimit: Int) throws(Refusal) -> [FormPart] {
        var reader = PartReader(content: content, delimiter: Array("\r\n--".utf8) + boundary)
        var parts: [FormPart] = []
        while let (head, body) = try reader.next() {
            guard head.count <= headBytes else { throw broken("a part's head is too long") }
            let isFile = try isFile(content[head])
            guard !body.isEmpty else { continue }
            guard parts.count < limit else {
                throw Refusal(.contentTooLarge, "A form may hold \(limit) texts. Send the rest in another one.")
            }
            guard body.count <= textLimit else {
                throw Refusal(ErrorMessage(code: .textTooLarge, limit: Int64(textLimit)))
            }
            let text = Array(content[body])
            guard (try? UTF8Span(validating: text.span)) != nil else { throw Content.isNoText }
            parts.append(FormPart(text: Text(uncheckedUTF8: text), isFile: isFile))
        }
        return parts
    }

    /// The boundary of a form's `Content-Type`, with or without quotes.
    static func boundary(in contentType: String) -> [UInt8]? {
        for parameter in contentType.utf8.split(separator: UInt8(ascii: ";")).dropFirst() {
            let text = String(decoding: parameter, as: UTF8.self).trimmingBlanks()
            guard text.lowercased().hasPrefix("boundary=") else { continue }
            var value = Array(text.utf8.dropFirst(9))
            if value.count > 1, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
                value = Array(value.dropFirst().dropLast())
            }
            // RFC 2046 section 5.1.1.
            guard 1...70 ~= value.count, value.allSatisfy({ 0x20...0x7E ~= $0 }), value.last != 0x20 else { return nil }
            return value
        }
        return nil
    }

    /// Looks at a part's head: lines of fields.
    private static func isFile(_ head: ArraySlice<UInt8>) throws(Refusal) -> Bool {
        var isFile = false
        for line in String(decoding: head, as: UTF8.self).utf8.split(separator: 0x0A) {
            let text = String(decoding: line, as: UTF8.self).lowercased()
            guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = String(text[colon...].dropFirst()).trimmingBlanks()
            switch text[..<colon] {
            case "content-disposition": isFile = value.contains("filename")
            case "content-transfer-encoding":
                // RFC 7578 section 4.7: deprecated, and nothing to guess about.
                guard ["7bit", "8bit", "binary"].contains(value) else {
                    throw Refusal(.unsupportedMediaType, "A part of the form is encoded: send the text as it is.")
                }
            default: break
            }
        }
        return isFile
    }

    static func broken(_ what: String) -> Refusal {
        Refusal(.badRequest, "The form can not be read: \(what).")
    }
}

/// Finds the parts between the delimiters.
private struct PartReader {
    let content: [UInt8]
    /// CR LF, two hyphens, the boundary.
    let delimiter: [UInt8]
    /// Behind the last delimiter and the end of its line; nil before the first one.
    private var place: Int?
    private var isOver = false

    init(content: [UInt8], delimiter: [UInt8]) {
        self.content = content
        self.delimiter = delimiter
    }

    /// The next part's head, without its empty line, and its content.
    mutating func next() throws(Refusal) -> (head: Range<Int>, body: Range<Int>)? {
        if place == nil { try begin() }
        guard let start = place, !isOver else { return nil }
        // A part without fields begins with the empty line itself.
        let headEnd: Int
        let bodyStart: Int
        if starts(with: [0x0D, 0x0A], at: start) {
            (headEnd, bodyStart) = (start, start + 2)
        } else {
            guard let found = find(Array("\r\n\r\n".utf8), from: start) else {
                throw FormPart.broken("a part's head has no end")
            }
            (headEnd, bodyStart) = (found, found + 4)
        }
        // The delimiter's CR LF may be the one that ends the head.
        guard let end = find(delimiter, from: max(bodyStart - 2, start)) else {
            throw FormPart.broken("a part has no end")
        }
        try step(over: end)
        return (start..<headEnd, bodyStart..<max(bodyStart, end))
    }

    /// What precedes the first delimiter means nothing.
    private mutating func begin() throws(Refusal) {
        if starts(with: delimiter[2...], at: 0) {
            try step(over: -2)
        } else if let first = find(delimiter, from: 0) {
            try step(over: first)
        } else {
            throw FormPart.broken("its boundary is not in it")
        }
    }

    /// To the line behind the delimiter that begins at `start`; two more hyphens end the form.
    private mutating func step(over start: Int) throws(Refusal) {
        var at = start + delimiter.count
        if starts(with: [0x2D, 0x2D], at: at) {
            isOver = true
            place = content.count
            return
        }
        while at < content.count, content[at] == 0x20 || content[at] == 0x09 { at += 1 }
        guard starts(with: [0x0D, 0x0A], at: at) else { throw FormPart.broken("a boundary's line goes on") }
        place = at + 2
    }

    private func starts(with bytes: some Collection<UInt8>, at place: Int) -> Bool {
        place >= 0 && bytes.count <= content.count - place
            && content[place..<place + bytes.count].elementsEqual(bytes)
    }

    /// Where `bytes`, which begin with a CR, are next. A delimiter is short, so that a false beginning costs little.
    private func find(_ bytes: [UInt8], from start: Int) -> Int? {
        let span = content.span
        var at = start
        while bytes.count <= span.count - at {
            if span[at] == bytes[0] {
                var length = 1
                while length < bytes.count, span[at + length] == bytes[length] { length += 1 }
                if length == bytes.count { return at }
            }
            at += 1
        }
        return nil
    }
}

extension String {
    /// Without blanks and line ends around it.
    fileprivate func trimmingBlanks() -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        guard let first = utf8.firstIndex(where: { !isBlank($0) }), let last = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }
}
