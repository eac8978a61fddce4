import Foundation
import PasteModel
import Testing

@testable import PasteProtocol

/// The files that both implementations read.
enum Vectors {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Protocol")

    static func read<Contents: Decodable>(_ path: String, as: Contents.Type = Contents.self) throws -> Contents {
        try JSONDecoder().decode(Contents.self, from: Data(contentsOf: folder.appending(path: path)))
    }

    static func bytes(hexadecimal: String) -> [UInt8] {
        var digits = hexadecimal.utf8.compactMap(hexDigit)[...]
        var bytes: [UInt8] = []
        while let high = digits.popFirst(), let low = digits.popFirst() { bytes.append(high << 4 | low) }
        return bytes
    }
}

/// Messages that are read and written, or refused.
struct MessageVectors: Decodable {
    struct Accepted: Decodable { let name: String, json: String, canonical: String? }
    struct Rejected: Decodable { let name: String, json: String, code: String, ref: UInt64? }
    let accept: [Accepted]
    let reject: [Rejected]
}

func decodeClient(_ json: String) throws(MessageError) -> ClientMessage {
    try ClientMessage(json: Array(json.utf8).span)
}

func decodeServer(_ json: String) throws(MessageError) -> ServerMessage {
    try ServerMessage(json: Array(json.utf8).span)
}

func encoded(_ message: ClientMessage) -> String {
    var bytes: [UInt8] = []
    message.encode(into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

func encoded(_ message: ServerMessage) -> String {
    var bytes: [UInt8] = []
    message.encode(into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

/// Compares bytes: String's own equality is canonical equivalence.
func sameBytes(_ a: String, _ b: String) -> Bool {
    Array(a.utf8) == Array(b.utf8)
}
