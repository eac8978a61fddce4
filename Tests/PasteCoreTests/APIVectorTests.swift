import PasteModel
import PasteProtocol
import Testing

@testable import PasteCore

/// Bytes to a server with one paste, what it answers, and what is there then.
struct APIVector: Decodable, CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: String
    let statuses: [Int]
    let closes: Bool
    let has: [String]?
    let lacks: [String]?
    let items: [String]?
    let pastes: Int?
    var testDescription: String { name }
}

@Suite("HTTP for scripts, by vectors")
struct APIVectorTests {
    static let vectors = HTTPVectorFile<APIVector>.read("api.json")

    private static let site = Site(assets: [
        "/index.html": Site.Asset(
            body: Array("<html>page</html>".utf8), gzip: nil, etag: "\"p1\"", contentType: "text/html"),
        "/style.css": Site.Asset(body: Array("body {}".utf8), gzip: nil, etag: "\"s1\"", contentType: "text/css"),
    ])

    /// The connection, behind those pieces.
    private func visit(_ pieces: [ArraySlice<UInt8>], shards: Int = 1) -> (Visitor, Bench) {
        let bench = Bench(shards: shards, site: Self.site)
        let device = bench.device()
        device.say(.create(ref: 1, key: "our-own-paste", expiresIn: nil, isPrivate: false))
        bench.settle()
        device.append(1, "one", paste: "our-own-paste")
        bench.settle()
        device.append(2, "two\r\n", paste: "our-own-paste")
        bench.settle()
        let visitor = bench.connect()
        visitor.isHTTP = true
        for piece in pieces {
            visitor.write(Array(piece))
            bench.settle()
        }
        return (visitor, bench)
    }

    private func statuses(_ visitor: Visitor) -> [Int] {
        // A snapshot's chunk is followed by no line end: an answer begins wherever it does.
        visitor.text.ranges(of: "HTTP/1.1 ").compactMap { Int(visitor.text[$0.upperBound...].prefix(3)) }
    }

    private func state(_ bench: Bench) -> PasteState? {
        let id = PasteKey(parsing: "our-own-paste").map { PasteID($0, hash: bench.settings.hash) }
        return id.flatMap { id in bench.cores.compactMap { $0.pastes[id]?.paste?.committed }.first }
    }

    @Test("the vectors are there")
    func present() {
        #expect(Self.vectors.count > 95)
    }

    @Test("bytes are answered so, and this is there then", arguments: vectors)
    func answered(_ vector: APIVector) {
        let input = bytes(of: vector.bytes)
        let (whole, bench) = visit([input[...]])
        #expect(statuses(whole) == vector.statuses, "\(whole.text)")
        #expect(whole.isClosed == vector.closes)
        for part in vector.has ?? [] { #expect(whole.text.contains(part), "\(part) is missing in \(whole.text)") }
        for part in vector.lacks ?? [] { #expect(!whole.text.contains(part), "\(part) is there") }
        if let items = vector.items {
            #expect(state(bench)?.items.map(\.text.utf8) == items.map { bytes(of: $0) })
        }
        if let pastes = vector.pastes {
            #expect(bench.disk.pasteCount == pastes)
        }
        #expect(bench.cores[0].budget.usedBytes == whole.session?.accountedBytes ?? 0, "nothing is kept behind it")
    }

    @Test(
        "cut anywhere, byte by byte, and with the paste at home elsewhere, they are answered alike", arguments: vectors)
    func cut(_ vector: APIVector) {
        let input = bytes(of: vector.bytes)
        // At the line ends and around them, and here and there.
        let step = max(1, input.count / 12)
        let cuts = input.indices.filter { $0 % step == 0 || (input.count < 400 && input[$0] == 0x0A) }
        var ways = cuts.map { [input[..<$0], input[$0...]] }
        if input.count < 1_000 { ways.append(input.indices.map { input[$0...$0] }) }
        for (number, pieces) in ways.enumerated() {
            let (visitor, bench) = visit(pieces, shards: 1 + number % 3)
            #expect(statuses(visitor) == vector.statuses, "way \(number)")
            #expect(visitor.isClosed == vector.closes, "way \(number)")
            if let items = vector.items {
                #expect(state(bench)?.items.map(\.text.utf8) == items.map { bytes(of: $0) }, "way \(number)")
            }
        }
    }
}
