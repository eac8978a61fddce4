import Foundation
import Seeded

@testable import PasteProtocol

/// A JSON value of any kind: what two readers must agree on.
indirect enum Tree: Equatable, Decodable {
    case null
    case boolean(Bool)
    case number(Double)
    case string([UInt8])
    case array([Tree])
    case object([String: Tree])

    /// What Foundation reads.
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let boolean = try? value.decode(Bool.self) {
            self = .boolean(boolean)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(Array(string.utf8))
        } else if let array = try? value.decode([Tree].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: Tree].self))
        }
    }

    /// What we read.
    init(scanned text: [UInt8]) throws {
        self = try Tree.read(try JSONScanner.whole(text.span), text)
    }

    private static func read(_ token: JSONToken, _ text: [UInt8]) throws -> Tree {
        switch token.kind {
        case .null: return .null
        case .true, .false: return .boolean(token.kind == .true)
        case .integer:
            if let value = token.integer { return .number(Double(value)) }
            fallthrough
        case .fraction:
            let digits = text[token.start...].prefix { "+-.0123456789Ee".utf8.contains($0) }
            return .number(Double(String(decoding: digits, as: UTF8.self)) ?? .nan)
        case .string:
            let bytes = token.bytes(in: text.span)
            precondition(bytes.count == token.decodedCount, "the scan counts what decoding makes")
            return .string(bytes)
        case .array:
            var elements = JSONElements(of: token, in: text.span)
            var array: [Tree] = []
            while let element = try elements.next(in: text.span) { array.append(try read(element, text)) }
            return .array(array)
        case .object:
            var scanner = JSONScanner(at: token.start)
            var members: [String: Tree] = [:]
            var more = !scanner.enter(until: UInt8(ascii: "}"), in: text.span)
            while more {
                let name = try scanner.name(in: text.span).bytes(in: text.span)
                members[String(decoding: name, as: UTF8.self)] = try read(try scanner.value(in: text.span), text)
                more = try scanner.goesOn(until: UInt8(ascii: "}"), in: text.span)
            }
            return .object(members)
        }
    }

    /// A random value.
    static func random(depth: Int, _ random: inout SplitMix64) -> Tree {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .boolean(Bool.random(using: &random))
        case 2: return .number(Double(Int64.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &random)))
        case 3: return .number(Double(Int.random(in: -9_999...9_999, using: &random)) / 8)
        case 4: return .string(randomText(&random))
        case 5, 6:
            return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in .random(depth: depth - 1, &random) })
        default:
            // Names begin with their number: Foundation decides for itself which of two equal names counts.
            let members = (0..<Int.random(in: 0...4, using: &random)).map { index in
                (
                    "\(index)" + String(decoding: randomText(&random), as: UTF8.self),
                    Tree.random(depth: depth - 1, &random)
                )
            }
            return .object(Dictionary(members) { first, _ in first })
        }
    }

    private static func randomText(_ random: inout SplitMix64) -> [UInt8] {
        let scalars: [Unicode.Scalar] = [
            "a", "b", "\"", "\\", "/", "\n", "\r", "\t", "\u{1}", "é", "\u{301}", "€", "😀", "\u{FFFF}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            text.append(scalars.randomElement(using: &random) ?? "a")
        }
        return Array(String(text).utf8)
    }

    /// The value as JSON, with white space and escapes at random.
    func json(_ random: inout SplitMix64) -> String {
        let gap = ["", "", " ", "\n", "\t\r"].randomElement(using: &random) ?? ""
        switch self {
        case .null: return gap + "null"
        case .boolean(let value): return gap + "\(value)"
        case .number(let value):
            return gap + (value == value.rounded() ? "\(Int64(value))" : "\(value)")
        case .string(let bytes): return gap + Tree.quoted(bytes, &random)
        case .array(let elements):
            return gap + "[" + elements.map { $0.json(&random) }.joined(separator: gap + ",") + gap + "]"
        case .object(let members):
            let written = members.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }.map {
                gap + Tree.quoted(Array($0.key.utf8), &random) + gap + ":" + $0.value.json(&random)
            }
            return gap + "{" + written.joined(separator: ",") + gap + "}"
        }
    }

    private static func quoted(_ bytes: [UInt8], _ random: inout SplitMix64) -> String {
        var text = "\""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || Int.random(in: 0..<5, using: &random) == 0 {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
