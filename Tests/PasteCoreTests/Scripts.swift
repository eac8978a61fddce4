import PasteModel
import PasteStore

@testable import PasteCore

/// What a script does with a bench.
protocol Script {}

extension Script {
    func ask(_ bench: Bench, _ request: String, _ content: String? = nil, core: Int = 0, settled: Bool = true)
        -> Visitor
    {
        let visitor = bench.connect(core: core, peer: .test(5))
        visitor.isHTTP = true
        visitor.write(Self.bytes(request, content))
        if settled { bench.settle() }
        return visitor
    }

    /// A request line, fields behind it, and content.
    static func bytes(_ request: String, _ content: String? = nil) -> [UInt8] {
        let lines = request.split(separator: "\n")
        var head = "\(lines[0]) HTTP/1.1\r\nHost: h.test\r\n"
        for line in lines.dropFirst() { head += "\(line)\r\n" }
        if let content { head += "Content-Length: \(content.utf8.count)\r\n" }
        return Array((head + "\r\n" + (content ?? "")).utf8)
    }

    func statuses(_ visitor: Visitor) -> [Int] {
        visitor.text.ranges(of: "HTTP/1.1 ").compactMap { Int(visitor.text[$0.upperBound...].prefix(3)) }
    }

    /// The last line of an answer: a URL.
    func line(_ visitor: Visitor) -> String {
        String(visitor.text.split(whereSeparator: \.isNewline).last ?? "")
    }

    func content(_ visitor: Visitor) -> String {
        visitor.text.firstRange(of: "\r\n\r\n").map { String(visitor.text[$0.upperBound...]) } ?? ""
    }

    func path(_ url: String) -> String { String(url.dropFirst("https://h.test".count)) }

    /// The items of the paste at that path.
    func items(_ bench: Bench, _ path: String) -> [String] {
        guard let key = PasteKey(parsing: String(path.dropFirst())) else { return [] }
        let sink = AnswerSink()
        bench.disk.submit([.open(PasteID(key, hash: bench.settings.hash))], answersTo: sink)
        guard case .opened(_, .success(let stored))? = sink.first, let paste = try? Paste(stored, bench.settings.limits)
        else { return [] }
        return paste.committed.items.map(\.text.string)
    }
}
