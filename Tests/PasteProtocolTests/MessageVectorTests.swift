import Foundation
import PasteModel
import Testing

@testable import PasteProtocol

@Suite("messages follow the vectors")
struct MessageVectorTests {
    @Test("a client message is read as the vectors say, and written canonically")
    func clientAccept() throws {
        let vectors: MessageVectors = try Vectors.read("vectors/messages-client.json")
        #expect(vectors.accept.count > 30)
        for vector in vectors.accept {
            let canonical = vector.canonical ?? vector.json
            let message = try decodeClient(vector.json)
            #expect(sameBytes(encoded(message), canonical), "\(vector.name)")
            #expect(try decodeClient(canonical) == message, "\(vector.name)")
        }
    }

    @Test("a wrong client message gets its code, and its ref if that can be read")
    func clientReject() throws {
        let vectors: MessageVectors = try Vectors.read("vectors/messages-client.json")
        #expect(vectors.reject.count > 60)
        for vector in vectors.reject {
            let error = #expect(throws: MessageError.self, "\(vector.name)") { try decodeClient(vector.json) }
            #expect(error?.code.rawValue == vector.code, "\(vector.name)")
            #expect(error?.ref == vector.ref, "\(vector.name)")
        }
    }

    @Test("a server message is read and written back byte for byte")
    func serverAccept() throws {
        let vectors: MessageVectors = try Vectors.read("vectors/messages-server.json")
        for vector in vectors.accept {
            let message = try decodeServer(vector.json)
            #expect(sameBytes(encoded(message), vector.canonical ?? vector.json), "\(vector.name)")
        }
    }

    @Test("a server message that this version does not know is an error, not a guess")
    func serverReject() throws {
        let vectors: MessageVectors = try Vectors.read("vectors/messages-server.json")
        for vector in vectors.reject {
            let error = #expect(throws: MessageError.self, "\(vector.name)") { try decodeServer(vector.json) }
            #expect(error?.code.rawValue == vector.code, "\(vector.name)")
        }
    }

    @Test("every prefix of a message is an error, never a crash or another message")
    func truncation() throws {
        let vectors: MessageVectors = try Vectors.read("vectors/messages-client.json")
        for vector in vectors.accept {
            let whole = Array(vector.json.utf8)
            let end = (whole.lastIndex(of: UInt8(ascii: "}")) ?? 0)
            for length in 0..<end {
                #expect(throws: MessageError.self, "\(vector.name), \(length) bytes") {
                    try ClientMessage(json: whole.span.extracting(0..<length))
                }
            }
        }
    }

    @Test("an erased event becomes an unknown type with a seq: whoever gets it fetches a snapshot")
    func erased() throws {
        let event = Event(
            cursor: Cursor(seq: 5, tag: 1), at: 0, author: Author(rawValue: 2), ref: 3, body: .erased)
        #expect(encoded(.event(event)).hasPrefix(#"{"type":"erased","seq":5,"#))
        #expect(try decodeServer(encoded(.event(event))) == .event(event))
    }

    @Test("a client secret shows itself to nobody who prints it")
    func redacted() throws {
        let secret = try #require(ClientSecret(hexadecimal: Array("00112233445566778899aabbccddeeff".utf8)))
        #expect(secret.bytes == (0..<16).map { UInt8($0 * 0x11) })
        var dumped = ""
        dump(ClientMessage.hello(client: secret), to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\(ClientMessage.hello(client: secret))", dumped] {
            #expect(!text.contains("2233") && !text.contains("\(0x0011_2233_4455_6677)"))
        }
    }
}

@Suite("transcripts")
struct TranscriptTests {
    static let names = [
        "create-append-resume", "duplicate-ref", "errors", "remove-clear", "extend-expire", "delete",
        "reconnect-snapshot", "edit-keep",
    ]

    @Test("every message of a session is read, and written back byte for byte", arguments: names)
    func replay(name: String) throws {
        let file = [UInt8](try Data(contentsOf: Vectors.folder.appending(path: "transcripts/\(name).json")))
        // The file holds the messages as they are on the wire: compact, in their order of members.
        let messages = file.split(separator: UInt8(ascii: "\n")).compactMap { line -> (Bool, [UInt8])? in
            let text = String(decoding: line, as: UTF8.self)
            guard let gap = text.firstRange(of: "\"message\":") else { return nil }
            let isClient = text.contains("\"from\":\"client\"")
            let end = text.hasSuffix(",") ? text.utf8.count - 2 : text.utf8.count - 1
            let start = text.utf8.distance(from: text.startIndex, to: gap.upperBound)
            return (isClient, Array(Array(text.utf8)[start..<end]))
        }
        #expect(messages.count > 5)
        for (isClient, bytes) in messages {
            var written: [UInt8] = []
            if isClient {
                try ClientMessage(json: bytes.span).encode(into: &written)
            } else {
                try ServerMessage(json: bytes.span).encode(into: &written)
            }
            #expect(written == bytes, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("the tags of a transcript are those of its events")
    func tags() throws {
        struct Transcript: Decodable {
            struct Step: Decodable { let from: String, message: Message }
            struct Message: Decodable {
                let type: String
                let seq: UInt64?
                let tag: String?
                let by: String?
                let ref: UInt64?
            }
            let generation: String
            let steps: [Step]
        }
        var checked = 0
        for name in Self.names {
            let transcript: Transcript = try Vectors.read("transcripts/\(name).json")
            var tags = [UInt64(0): try #require(UInt64(transcript.generation, radix: 16))]
            for message in transcript.steps.filter({ $0.from == "server" }).map(\.message) {
                guard let seq = message.seq, let tag = message.tag else { continue }
                if let by = message.by, let ref = message.ref, let before = tags[seq - 1] {
                    let author = Author(rawValue: try #require(UInt64(by, radix: 16)))
                    tags[seq] = Cursor(seq: seq - 1, tag: before).advanced(by: author, ref: ref).tag
                    checked += 1
                }
                if let known = tags[seq] { #expect(UInt64(tag, radix: 16) == known, "\(name), seq \(seq)") }
            }
        }
        #expect(checked > 15)
    }
}
