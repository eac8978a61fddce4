import Digest
import HTTP1
import PasteCore
import PasteModel
import PasteProtocol
import WebSocket

/// The targets by name.
let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "frames": frames, "deflate": deflate, "http": http, "messages": messages, "keys": keys, "edits": edits,
    "proxies": proxies,
    "core": core, "scripts": scripts,
]

/// The same frames whole and byte by byte say the same, in both roles.
private func frames(_ input: [UInt8]) {
    for role in [Role.server, .client] {
        precondition(
            frameEvents(input, role, nil, step: max(1, input.count)) == frameEvents(input, role, nil, step: 1),
            "cuts must not matter")
    }
}

/// Frames of a connection that compresses; the input is then a message that goes there and back.
private func deflate(_ input: [UInt8]) {
    for bits in [UInt8(9), 15] {
        let agreed = PerMessageDeflate(windowBits: bits)
        for role in [Role.server, .client] {
            precondition(
                frameEvents(input, role, agreed, step: max(1, input.count))
                    == frameEvents(input, role, agreed, step: 1),
                "cuts must not matter")
        }
        let codec = DeflateCodec()
        let payload = Array(repeatElement(input, count: 1 + DeflateCodec.leastBytes / max(1, input.count)).joined())
        var message = OutgoingMessage(.binary, payload)
        let frame = message.frame(for: agreed.window, by: codec)
        precondition(frame.count <= message.plain.count, "what does not get smaller goes as it is")
        var session = WebSocketSession(
            role: .client, limits: WebSocketLimits(messageBytes: payload.count), deflate: agreed)
        precondition(events(&session, frame, codec) == ["binary \(payload)"], "a message must survive")
    }
}

private func frameEvents(_ input: [UInt8], _ role: Role, _ deflate: PerMessageDeflate?, step: Int) -> [String] {
    var session = WebSocketSession(role: role, limits: WebSocketLimits(messageBytes: 4_096), deflate: deflate)
    let codec = DeflateCodec()
    var seen: [String] = []
    for start in stride(from: 0, to: input.count, by: step) {
        seen += events(&session, Array(input[start..<min(input.count, start + step)]), codec)
    }
    return seen
}

private func events(_ session: inout WebSocketSession, _ piece: [UInt8], _ codec: DeflateCodec) -> [String] {
    var seen: [String] = []
    var piece = piece
    var span = piece.mutableSpan
    var offset = 0
    while let event = session.next(&span, at: &offset, codec: codec, maskingKey: 0x0102_0304) {
        switch event {
        case .message(let kind, .inPlace(let range)):
            var message: [UInt8] = []
            for index in range { message.append(span[index]) }
            seen.append("\(kind) \(message)")
        case .message(let kind, .assembled(let message)), .message(let kind, .inflated(let message)):
            seen.append("\(kind) \(message)")
        default: seen.append("\(event)")
        }
    }
    return seen
}

/// The same request whole and byte by byte is understood alike.
private func http(_ input: [UInt8]) {
    precondition(
        requestEvents(input, step: max(1, input.count)) == requestEvents(input, step: 1), "cuts must not matter")
    _ = try? RequestPath(String(decoding: input, as: UTF8.self))
}

private func requestEvents(_ input: [UInt8], step: Int) -> [String] {
    var parser = RequestParser(limits: HTTPLimits())
    var seen: [String] = []
    var body: [UInt8] = []
    for start in stride(from: 0, to: input.count, by: step) {
        let piece = Array(input[start..<min(input.count, start + step)])
        var offset = 0
        while let event = parser.next(piece.span, at: &offset) {
            if case .body(let range) = event {
                body += piece[range]
            } else {
                seen.append("\(body) \(event)")
                body = []
            }
        }
    }
    return seen
}

/// What is read is written and read again as the same.
private func messages(_ input: [UInt8]) {
    if let message = try? ClientMessage(json: input.span) {
        var output: [UInt8] = []
        message.encode(into: &output)
        precondition((try? ClientMessage(json: output.span)) == message, "a client's message must survive")
    }
    if let message = try? ServerMessage(json: input.span) {
        var output: [UInt8] = []
        message.encode(into: &output)
        precondition((try? ServerMessage(json: output.span)) == message, "a server's message must survive")
    }
}

/// A key's spellings read as the key.
private func keys(_ input: [UInt8]) {
    guard let key = PasteKey(parsing: String(decoding: input, as: UTF8.self)) else { return }
    precondition(PasteKey(parsing: key.canonical) == key, "the canonical spelling must read as the key")
    for spelling in [key.words, key.code].compactMap(\.self) {
        precondition(PasteKey(parsing: spelling) == key, "each spelling must read as the key")
    }
}

/// Two edits of one text: whichever comes first, the other is transformed, and the texts are equal (TP1).
private func edits(_ input: [UInt8]) {
    let cut = input.firstIndex(of: 0xFF) ?? 0
    let text = Text(String(decoding: input.prefix(32), as: UTF8.self))
    guard let first = TextEdit(encoded: Array(input[..<cut]))?.normalised(),
        let second = TextEdit(encoded: Array(input[cut...].dropFirst()))?.normalised(),
        let one = first.apply(to: text), let other = second.apply(to: text)
    else { return }
    let both = second.transformed(over: first).apply(to: one)
    precondition(both != nil, "a transformed edit must fit")
    precondition(both == first.transformed(over: second, goesFirst: true).apply(to: other), "both ways meet")
}

/// A proxy's header is one when its last byte has come, not before, whatever follows; addresses are read or refused.
private func proxies(_ input: [UInt8]) {
    if case .complete(let byteCount, let peer) = ProxyHeader.read(input.span) {
        precondition(byteCount <= ProxyHeader.limitBytes, "a header must not be longer than it may be")
        precondition(
            ProxyHeader.read(input.span.extracting(first: byteCount)) == .complete(byteCount: byteCount, peer: peer)
                && ProxyHeader.read(input.span.extracting(first: byteCount - 1)) == .incomplete, "cuts must not matter")
    } else {
        precondition(
            input.count <= ProxyHeader.limitBytes || ProxyHeader.read(input.span) == .malformed,
            "no bytes wait for ever")
    }
    let text = String(decoding: input, as: UTF8.self)
    if let address = PeerAddress(text), let range = AddressRange(text) {
        precondition(range.contains(address), "an address is in its own range")
    }
}

/// Requests over HTTP, whole and in pieces, are answered by the same bytes.
private func scripts(_ input: [UInt8]) {
    var answers: [[UInt8]] = []
    for step in [max(1, input.count), 1, 7] {
        var service = FuzzedService.withPaste()
        for start in stride(from: 0, to: input.count, by: step) {
            service.receive(Array(input[start..<min(input.count, start + step)]), asFrame: false)
        }
        answers.append(service.heard)
    }
    precondition(answers[0] == answers[1] && answers[0] == answers[2], "cuts must not matter")
}

/// A whole service on one connection, fed by a script: time passes, bytes come in pieces, the store answers.
private func core(_ input: [UInt8]) {
    var service = FuzzedService()
    var rest = input[...]
    while let command = rest.popFirst() {
        let count = min(Int(command & 0x3F) * 8, rest.count)
        switch command >> 6 {
        case 0: service.wait(Milliseconds(command & 0x3F) * 1_000)
        case 1: service.reconnect(upgraded: command & 1 == 0)
        default:
            service.receive(Array(rest.prefix(count)), asFrame: command >> 6 == 2)
            rest = rest.dropFirst(count)
        }
    }
}
