import Foundation
import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// The sessions of `Protocol/transcripts`, said to the real core: what it answers is what is written there. Keys,
/// tags and authors are other ones, but the same one wherever the transcript has the same one.
@Suite("Transcripts")
struct TranscriptTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().appending(path: "../../Protocol/transcripts").standardized

    static let names: [String] = {
        let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (files ?? []).filter { $0.hasSuffix(".json") }.sorted()
    }()

    @Test("there are transcripts")
    func exist() {
        #expect(Self.names.count >= 8)
    }

    @Test("the core answers as the transcript says", arguments: names)
    func replay(name: String) throws {
        let data = try Data(contentsOf: Self.folder.appending(path: name))
        let transcript = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let steps = try #require(transcript["steps"] as? [[String: Any]])
        let bench = Bench { $0.serverName = "pasted 0.1.0" }
        bench.now = try #require(transcript["startsAt"] as? Milliseconds)
        var stage = Stage(bench: bench)
        for (index, step) in steps.enumerated() {
            stage.dropAllBut(Set(steps[index...].compactMap { $0["connection"] as? Int }))
            let number = try #require(step["connection"] as? Int)
            let message = try #require(step["message"] as? [String: Any])
            if step["from"] as? String == "client" {
                try stage.say(message, on: number, at: Self.time(of: message, steps[(index + 1)...]))
            } else if message["type"] as? String != "devices" {
                // How many devices there are is told when a second has passed: not in the transcript's time.
                try stage.expect(message, on: number, "\(name), step \(index + 1)")
            }
        }
    }

    /// When something was said: when its event happened, or what the answers right behind it say.
    private static func time(of message: [String: Any], _ later: ArraySlice<[String: Any]>) -> Milliseconds? {
        let messages = later.compactMap { $0["message"] as? [String: Any] }
        if let ref = message["ref"] as? Int,
            let event = messages.first(where: {
                $0["ref"] as? Int == ref && $0["type"] as? String == message["type"] as? String
            }),
            let at = event["at"] as? Milliseconds
        {
            return at
        }
        let answers = later.prefix { $0["from"] as? String == "server" }.compactMap { $0["message"] as? [String: Any] }
        return answers.compactMap { ($0["at"] ?? $0["now"]) as? Milliseconds }.min()
    }
}

/// Who speaks in a transcript, and what stands for what.
private struct Stage {
    let bench: Bench
    var visitors: [Int: Visitor] = [:]
    /// What the core calls that which the transcript calls otherwise.
    var names: [String: String] = [:]
    var counts: [Int: Int] = [:]

    /// Fields whose values are the server's own choice.
    private static let named: Set<String> = ["paste", "code", "url", "tag", "you", "by"]

    init(bench: Bench) {
        self.bench = bench
    }

    mutating func visitor(_ number: Int) -> Visitor {
        if let visitor = visitors[number] { return visitor }
        let visitor = bench.connect()
        visitors[number] = visitor
        visitor.write(visitor.wire.request)
        return visitor
    }

    /// A connection that says and hears no more was lost.
    func dropAllBut(_ numbers: Set<Int>) {
        for (number, visitor) in visitors where !numbers.contains(number) { visitor.cutOff() }
    }

    mutating func say(_ message: [String: Any], on number: Int, at time: Milliseconds?) throws {
        if let time { bench.pass(until: time) }
        var message = message
        for field in Self.named {
            guard let value = message[field] as? String else { continue }
            let isLower = value == value.lowercased()
            let name = names[value] ?? names[value.uppercased()]
            message[field] = name.map { isLower ? $0.lowercased() : $0 } ?? value
            if let name, let spelled = message[field] as? String, spelled != name { names[value] = spelled }
        }
        let json = try JSONSerialization.data(withJSONObject: message)
        let visitor = visitor(number)
        visitor.write(visitor.wire.text(String(decoding: json, as: UTF8.self)))
        bench.settle()
    }

    mutating func expect(_ message: [String: Any], on number: Int, _ place: String) throws {
        let visitor = visitor(number)
        if next(visitor, number) == nil, message["type"] as? String == "expired" {
            bench.pass(until: bench.expiresAt)
            bench.settle()
        }
        guard let heard = next(visitor, number) else {
            Issue.record("\(place): nothing was said, not \(message)")
            return
        }
        counts[number, default: 0] += 1
        var json: [UInt8] = []
        heard.encode(into: &json)
        let said = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        compare(message, said, place)
    }

    private func next(_ visitor: Visitor, _ number: Int) -> ServerMessage? {
        let messages = visitor.heard.filter { if case .devices = $0 { false } else { true } }
        let index = counts[number] ?? 0
        return index < messages.count ? messages[index] : nil
    }

    private mutating func compare(_ expected: Any, _ said: Any, _ place: String) {
        switch (expected, said) {
        case (let expected as [String: Any], let said as [String: Any]):
            #expect(Set(expected.keys) == Set(said.keys), "\(place)")
            for (field, value) in expected {
                guard let other = said[field] else { continue }
                if Self.named.contains(field), let value = value as? String, let other = other as? String {
                    #expect(names[value] == nil || names[value] == other, "\(place).\(field)")
                    names[value] = other
                } else {
                    compare(value, other, "\(place).\(field)")
                }
            }
        case (let expected as [Any], let said as [Any]):
            #expect(expected.count == said.count, "\(place)")
            for (index, pair) in zip(expected, said).enumerated() { compare(pair.0, pair.1, "\(place)[\(index)]") }
        default:
            #expect("\(expected)" == "\(said)", "\(place)")
        }
    }
}
