import HTTP1
import PasteModel
import PasteProtocol

@testable import PasteCore

/// Reads a response with an event stream as a stranger would: chunks by RFC 9112 section 7.1, events by WHATWG HTML
/// section 9.2.6.
struct StreamParser {
    private(set) var head = ""
    private(set) var lastEventID = ""
    private(set) var retry: Int?
    private(set) var comments = 0
    /// Whether the content came to its end, and not only the connection.
    private(set) var isComplete = false
    /// What came and is not whole: of the response, of the content.
    private var rest: [UInt8] = []
    private var line: [UInt8] = []
    private var data: [String] = []
    private var events: [(id: String, data: String)] = []

    var status: String { head.split(separator: "\r\n").first.map(String.init) ?? "" }

    /// Whether the response's head has this line.
    func has(_ line: String) -> Bool { head.lowercased().contains("\r\n" + line.lowercased() + "\r\n") }

    /// Takes what has come.
    /// - Returns: The events that are whole with it.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [(id: String, data: String)] {
        rest += bytes
        events = []
        if head.isEmpty {
            guard let end = rest[...].range(of: "\r\n\r\n") else { return [] }
            head = String(decoding: rest[..<end.upperBound], as: UTF8.self)
            rest.removeFirst(end.upperBound)
        }
        guard has("Transfer-Encoding: chunked") else {
            takeContent(rest[...])
            rest = []
            return events
        }
        var start = 0
        while let end = rest[start...].range(of: "\r\n"),
            let count = Int(String(decoding: rest[start..<end.lowerBound], as: UTF8.self), radix: 16),
            rest.endIndex - end.upperBound >= count + 2
        {
            takeContent(rest[end.upperBound..<end.upperBound + count])
            isComplete = count == 0
            start = end.upperBound + count + 2
        }
        rest.removeFirst(start)
        return events
    }

    private mutating func takeContent(_ content: ArraySlice<UInt8>) {
        for byte in content {
            if byte != 10 {
                line.append(byte)
            } else {
                take(line: String(decoding: line, as: UTF8.self))
                line = []
            }
        }
    }

    /// A line; that ours end in LF alone is held elsewhere.
    private mutating func take(line: String) {
        guard !line.isEmpty else {
            if !data.isEmpty { events.append((lastEventID, data.joined(separator: "\n"))) }
            data = []
            return
        }
        guard line.utf8.first != UInt8(ascii: ":") else { return comments += 1 }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count > 1 ? String(parts[1].first == " " ? parts[1].dropFirst() : parts[1]) : ""
        switch parts[0] {
        case "data": data.append(value)
        case "id": lastEventID = value
        case "retry": retry = Int(value)
        default: break
        }
    }
}

/// A visitor of the bench who reads an event stream.
@dynamicMemberLookup
final class StreamReader {
    let visitor: Visitor
    /// Events so far.
    private(set) var events: [(id: String, data: String)] = []
    private var parser = StreamParser()
    private var taken = 0

    init(_ visitor: Visitor) {
        self.visitor = visitor
    }

    subscript<Value>(dynamicMember path: KeyPath<StreamParser, Value>) -> Value {
        read()
        return parser[keyPath: path]
    }

    func has(_ line: String) -> Bool {
        read()
        return parser.has(line)
    }

    /// Takes what has come so far.
    func read() {
        events += parser.take(visitor.bytes[taken...])
        taken = visitor.bytes.count
    }

    /// The events as messages of the protocol; `nil` where one is none.
    var messages: [ServerMessage?] {
        read()
        return events.map { try? ServerMessage(json: Array($0.data.utf8).span) }
    }

    /// The events of the log among them.
    var log: [Event] { messages.compactMap { if case .event(let event)? = $0 { event } else { nil } } }

    var snapshots: [Snapshot] { messages.compactMap { if case .snapshot(let it)? = $0 { it } else { nil } } }
    var resumed: [Resumed] { messages.compactMap { if case .resumed(let it)? = $0 { it } else { nil } } }
    var types: [String] {
        read()
        return events.map { event in
            event.data.split(separator: "\"").dropFirst(3).first.map(String.init) ?? ""
        }
    }
    /// The code of the event that closed the stream.
    var closeCode: Int? {
        read()
        guard let data = events.last?.data, data.hasPrefix(#"{"type":"close","code":"#) else { return nil }
        return Int(data.dropFirst(23).prefix { $0.isNumber })
    }
}

extension Bench {
    /// A connection that asks for a paste's events.
    func reader(
        _ key: String, query: String = "", _ fields: String..., method: String = "GET", version: String = "1.1",
        core: Int = 0, peer: PeerAddress = .test(1), reads: Bool = true
    ) -> StreamReader {
        let visitor = connect(core: core, peer: peer)
        visitor.isHTTP = true
        visitor.reads = reads
        let lines = ["\(method) /\(key)/events\(query) HTTP/\(version)", "Host: paste.example"] + fields + ["", ""]
        visitor.write(Array(lines.joined(separator: "\r\n").utf8))
        settle()
        return StreamReader(visitor)
    }
}

extension ArraySlice<UInt8> {
    fileprivate func range(of text: String) -> Range<Int>? {
        let wanted = Array(text.utf8)
        guard count >= wanted.count else { return nil }
        for start in startIndex...(endIndex - wanted.count)
        where self[start..<start + wanted.count].elementsEqual(wanted) {
            return start..<start + wanted.count
        }
        return nil
    }
}
