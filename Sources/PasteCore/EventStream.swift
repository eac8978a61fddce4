// Server-sent events (WHATWG HTML, section 9.2): the protocol's messages in the form that `curl -N`, an `EventSource` and
// a page behind a proxy without WebSockets can read. Pure: messages in, content of a response out.
//
//     retry: 2731                                        once, at the beginning
//
//     id: 12-0123456789abcdef                            the reader's cursor from now on
//     data: {"type":"append","seq":12,...}               one message: JSON has its line ends escaped
//
//     :                                                  a sign of life
//
// There is no `event` field: it would say again what `type` says, take the events from `onmessage`, and make one type
// out of the message `error` and the failure of the stream.

import HTTP1
import HTTPTypes
import PasteModel
import PasteProtocol

/// How one connection's event stream is written. A value: it knows no connection.
struct EventStream {
    /// Whether the content is in chunks, so that its end can be told from a cut; HTTP/1.0 has none.
    let isChunked: Bool
    /// Whether the last event is in the outbox: when that is sent, the connection ends.
    var isOver = false
    /// Bytes that came behind the request. Small: every connection has room for a stream.
    var strayBytes: UInt16 = 0

    init(isChunked: Bool) {
        self.isChunked = isChunked
    }

    /// What a response's content is on the wire.
    func wrapped(_ content: [UInt8]) -> [UInt8] {
        isChunked ? ChunkedBody.chunk(content) : content
    }

    /// What ends the content.
    var end: [UInt8] { isChunked ? ChunkedBody.end : [] }

    // MARK: Content

    /// Events as content on the wire, in one chunk if it is chunked.
    static func content(isChunked: Bool, _ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var content: [UInt8] = []
        write(&content)
        return EventStream(isChunked: isChunked).wrapped(content)
    }

    /// One message as an event.
    static func event(_ json: some Collection<UInt8>, position: Cursor?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(event: json, position: position)
        return bytes
    }

    /// Why the server ends the stream: what a WebSocket's close frame would say.
    static func farewell(code: UInt16, reason: String) -> [UInt8] {
        event(#"{"type":"close","code":\#(code),"reason":"\#(reason)"}"#.utf8, position: nil)
    }

    /// The first lines: how long an `EventSource` waits before it comes back.
    static func opening(retry: Milliseconds) -> [UInt8] { Array("retry: \(retry)\n\n".utf8) }

    /// A comment: it keeps proxies from taking a quiet stream for a dead one, and tells a reader that it is not.
    static let signOfLife = Array(":\n\n".utf8)

    // MARK: The response

    /// The fields of the response beside those that every response has.
    static let fields: HTTPFields = {
        var fields: HTTPFields = [.contentType: "text/event-stream; charset=utf-8"]
        // Nothing on the way may keep, gather or recode it: what is held back is not live.
        fields[.cacheControl] = "no-store, no-transform"
        if let name = HTTPField.Name("X-Accel-Buffering") {
            fields[name] = "no"
        }
        return fields
    }()
}

/// Where the reader of an event stream stands.
enum StreamPosition: Hashable, Sendable {
    case cursor(Cursor)
    /// A place without its tag: whoever wrote the address by hand. Whether it is of this history can't be known.
    case seq(UInt64)

    /// Reads an event's id, or `after`: `12-0123456789abcdef` or `12`.
    /// - Returns: nil for anything else.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let digits = parts.first, (1...16).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let seq = UInt64(Substring(digits))
        else { return nil }
        guard parts.count > 1 else {
            self = .seq(seq)
            return
        }
        guard let tag = Cursor.tag(hexadecimal: parts[1]) else { return nil }
        self = .cursor(Cursor(seq: seq, tag: tag))
    }
}

extension [UInt8] {
    /// Appends a message as an event.
    ///
    /// - Parameters:
    ///   - json: Without a line end, as `ServerMessage` writes it.
    ///   - position: The cursor that a reader has with it; `nil`: the one it had before.
    mutating func append(event json: some Collection<UInt8>, position: Cursor? = nil) {
        if let position {
            self += "id: \(position.eventID)\n".utf8
        }
        self += "data: ".utf8
        self += json
        self += "\n\n".utf8
    }
}

extension Cursor {
    /// What an event is called: the seq and the tag.
    var eventID: String {
        let digits = String(tag, radix: 16)
        return "\(seq)-\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }

    fileprivate static func tag(hexadecimal digits: Substring.UTF8View) -> UInt64? {
        let isDigit = { (byte: UInt8) in Character(Unicode.Scalar(byte)).isHexDigit }
        guard digits.count == 16, digits.allSatisfy(isDigit) else { return nil }
        return UInt64(Substring(digits), radix: 16)
    }
}

extension ServerMessage {
    /// The cursor that a reader has once it has the message, if that moves. A snapshot in parts moves it with the last.
    var position: Cursor? {
        switch self {
        case .snapshot(let snapshot): snapshot.more ? nil : snapshot.cursor
        case .resumed(let resumed): resumed.cursor
        case .event(let event): event.cursor
        case .created(let created): created.cursor
        case .welcome, .items, .ack, .expired, .devices, .error, .pong: nil
        }
    }
}
