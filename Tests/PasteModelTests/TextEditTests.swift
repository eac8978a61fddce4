import Foundation
import PasteModel
import Seeded
import Testing

struct EditVectors: Decodable {
    struct Pair: Decodable {
        let text: String
        let first: [Op]
        let second: [Op]
        let firstAfter: [Op]
        let secondAfter: [Op]
        let result: String
    }

    struct Outside: Decodable {
        let text: String
        let ops: [Op]
    }

    let pairs: [Pair]
    let rejected: [[Op]]
    let outside: [Outside]

    enum Op: Decodable {
        case count(Int)
        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let count = try? value.decode(Int.self) {
                self = .count(count)
            } else {
                self = .text(try value.decode(String.self))
            }
        }
    }
}

func vectors(_ name: String) throws -> Data {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try Data(contentsOf: root.appending(path: "Protocol/vectors/\(name).json"))
}

private func edit(_ ops: [EditVectors.Op]) -> TextEdit {
    TextEdit(
        ops: ops.map { op in
            switch op {
            case .count(let count): count > 0 ? .retain(count) : .delete(count == .min ? .max : -count)
            case .text(let text): .insert(Text(text))
            }
        })
}

@Suite struct TextEditTests {
    @Test("Two edits of one text converge as the shared vectors say")
    func convergence() throws {
        let vectors = try JSONDecoder().decode(EditVectors.self, from: vectors("edits"))
        #expect(vectors.pairs.count > 400)
        for pair in vectors.pairs {
            let text = Text(pair.text)
            let (first, second) = (edit(pair.first), edit(pair.second))
            #expect(second.transformed(over: first) == edit(pair.secondAfter))
            #expect(first.transformed(over: second, goesFirst: true) == edit(pair.firstAfter))
            let afterFirst = try #require(first.apply(to: text))
            #expect(edit(pair.secondAfter).apply(to: afterFirst) == Text(pair.result))
            let afterSecond = try #require(second.apply(to: text))
            #expect(edit(pair.firstAfter).apply(to: afterSecond) == Text(pair.result))
            #expect(first.inverse(of: text)?.apply(to: afterFirst) == text)
            #expect(TextEdit(encoded: first.encoded) == first)
            #expect(first.normalised() == first || first.ops.isEmpty)
        }
        for ops in vectors.rejected { #expect(edit(ops).normalised() == nil) }
        for case let outside in vectors.outside {
            #expect(edit(outside.ops).apply(to: Text(outside.text)) == nil)
        }
    }

    @Test("Sequences converge: a client ahead by some edits and a server ahead by others meet", arguments: 0..<60)
    func sequences(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed) &+ 100)
        let alphabet = ["a", "é", "漢", "😀", "\r\n", "e\u{301}"].map { Text($0) }
        func randomEdit(of text: Text) throws -> TextEdit {
            var left = text.scalarCount
            var ops: [TextOp] = [.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])]
            while left > 0 {
                let count = Int.random(in: 1...min(left, 5), using: &random)
                left -= count
                switch Int.random(in: 0..<3, using: &random) {
                case 0: ops.append(.delete(count))
                case 1: ops += [.retain(count), .insert(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])]
                default: ops.append(.retain(count))
                }
            }
            return try #require(TextEdit(ops: ops).normalised())
        }
        let start = Text("start 😀 漢字\r\n")
        var (server, client) = (start, start)
        var own: [TextEdit] = []
        var committed: [TextEdit] = []
        for _ in 0..<5 {
            let edit = try randomEdit(of: client)
            client = try #require(edit.apply(to: client))
            own.append(edit)
        }
        for _ in 0..<5 {
            let edit = try randomEdit(of: server)
            server = try #require(edit.apply(to: server))
            committed.append(edit)
        }
        for event in committed {
            var incoming = event
            for index in own.indices {
                let before = own[index]
                own[index] = before.transformed(over: incoming)
                incoming = incoming.transformed(over: before, goesFirst: true)
            }
            client = try #require(incoming.apply(to: client))
        }
        for edit in own { server = try #require(edit.apply(to: server)) }
        #expect(server == client)
        #expect(String(validating: server.utf8, as: UTF8.self) != nil)
    }

    @Test("Hostile counts are rejected and never trap")
    func hostile() {
        for ops: [TextOp] in [
            [], [.retain(0)], [.delete(-1)], [.retain(.max), .retain(.max)], [.delete(.min)], [.insert(.empty)],
            Array(repeating: .retain(1), count: TextEdit.maximumOps + 1),
        ] {
            #expect(TextEdit(ops: ops).normalised() == nil)
        }
        #expect(TextEdit(ops: Array(repeating: .retain(1), count: TextEdit.maximumOps)).normalised() != nil)
    }

    @Test("Random bytes decode to an edit or to nothing, and never split a scalar")
    func damagedCoding() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            guard let edit = TextEdit(encoded: bytes) else { continue }
            #expect(edit.normalised() != nil)
        }
        #expect(TextEdit(encoded: [2 | 1 << 2, 0xC3]) == nil)
    }

    @Test("Long texts are counted in scalars, across blocks")
    func longTexts() {
        let unit = "aé漢😀\r\n"
        let text = Text(String(repeating: unit, count: 1_000))
        #expect(text.scalarCount == 6_000)
        for at in [0, 1, 127, 128, 129, 3_001, 5_999, 6_000] {
            let edit = TextEdit(ops: [.retain(at), .insert(Text("|"))])
            let scalars = Array(text.string.unicodeScalars)
            var expected = String.UnicodeScalarView()
            expected.append(contentsOf: scalars[..<at])
            expected.append("|")
            expected.append(contentsOf: scalars[at...])
            #expect(edit.apply(to: text) == Text(String(expected)))
        }
        #expect(TextEdit(ops: [.retain(6_001)]).apply(to: text) == nil)
    }
}
