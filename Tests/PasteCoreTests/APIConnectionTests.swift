import PasteModel
import PasteProtocol
import Seeded
import Testing

@testable import PasteCore

/// Scripts' connections: between shards, in a drain, read slowly.
@Suite("HTTP for scripts: connections")
struct APIConnectionTests: Script {
    // MARK: Connections

    @Test("requests of one connection go to their pastes' shards and are answered in order", arguments: [2, 3, 7])
    func shards(count: Int) {
        let bench = Bench(shards: count) { $0.visitors = .unlimited }
        let urls = (0..<6).map { line(ask(bench, "PUT /", "paste \($0)", core: $0 % count)) }
        #expect(Set(urls).count == 6)
        let visitor = bench.connect()
        visitor.isHTTP = true
        var all: [UInt8] = []
        for url in urls + urls.reversed() {
            all += Self.bytes("PUT \(path(url))", "more of \(path(url))") + Self.bytes("GET \(path(url))")
        }
        // In pieces that are cut anywhere, while it moves.
        var dice = SplitMix64(seed: UInt64(count))
        while !all.isEmpty {
            let piece = Array(all.prefix(1 + Int(dice.next() % 200)))
            for _ in 0..<1_000 where visitor.core == nil || visitor.isPaused {
                bench.answer()
                bench.arrive()
            }
            #expect(visitor.core != nil && !visitor.isPaused && !visitor.isClosed)
            if visitor.isClosed { break }
            visitor.write(piece)
            all.removeFirst(piece.count)
        }
        bench.settle()
        #expect(statuses(visitor) == (0..<12).flatMap { _ in [201, 200] })
        let order = (urls + urls.reversed()).map { "more of \(path($0))" }
        var place = visitor.text.startIndex
        for text in order {
            let found = visitor.text[place...].firstRange(of: text)
            #expect(found != nil, "\(text) in its order")
            place = found?.upperBound ?? place
        }
        #expect(bench.cores.contains { $0.counters.connectionsHandedOver > 0 })
        for url in urls { #expect(items(bench, path(url)).count == 3) }
    }

    @Test("a WebSocket is nobody's who asked by HTTP on its connection before")
    func upgradeAfterRequests() throws {
        let bench = Bench()
        let url = line(ask(bench, "PUT /", "x"))
        let visitor = ask(
            bench, "POST \(path(url))/live\nContent-Type: application/json", #"{"type":"append","ref":1,"text":"y"}"#)
        #expect(statuses(visitor) == [200])
        #expect(items(bench, path(url)).count == 2)
        visitor.isHTTP = false
        visitor.write(visitor.wire.request)
        visitor.say(.hello(client: ClientSecret(high: 7, low: 7)))
        visitor.say(.subscribe(paste: String(path(url).dropFirst()), after: nil, pending: []))
        bench.settle()
        #expect(visitor.errors.isEmpty)
        let other = bench.connect()
        other.write(other.wire.request)
        other.say(.hello(client: ClientSecret(high: 7, low: 7)))
        other.say(.subscribe(paste: String(path(url).dropFirst()), after: nil, pending: []))
        bench.settle()
        #expect(visitor.closeCode == CloseReason.replaced.rawValue, "the same secret is the same device")
    }

    @Test("there is a place to count each refusal")
    func refusalPlaces() {
        #expect(ErrorCode.allCases.count <= Counters.refusalPlaces)
    }

    @Test("who has ended its side is answered, then closed")
    func halfClosed() {
        let bench = Bench()
        let url = line(ask(bench, "PUT /", "x"))
        let visitor = ask(bench, "PUT \(path(url))", "y", settled: false)
        bench.cores[0].ended(visitor.id, now: bench.now)
        bench.settle()
        #expect(statuses(visitor) == [201] && visitor.isClosed)
        let half = bench.connect()
        half.isHTTP = true
        half.write(Array(Self.bytes("PUT \(path(url))", "half").dropLast()))
        bench.cores[0].ended(half.id, now: bench.now)
        bench.settle()
        #expect(half.text.isEmpty && half.isClosed && items(bench, path(url)) == ["x", "y"])
    }

    @Test("a request that is waiting when the server drains is answered; the connection ends with it")
    func drain() {
        let bench = Bench()
        let visitor = ask(bench, "PUT /", "x", settled: false)
        bench.cores[0].drain(now: bench.now)
        bench.settle()
        #expect(statuses(visitor) == [201] && visitor.text.contains("Connection: close") && visitor.isClosed)
        #expect(bench.disk.pasteCount == 1)
    }

    @Test("a text that many read slowly is in memory once, and what follows it waits")
    func readers() {
        let bench = Bench { $0.visitors = .unlimited }
        let text = String(repeating: "0123456789abcdef", count: 1 << 16)
        let url = line(ask(bench, "PUT /", text))
        let readers = (0..<20).map { number in
            let visitor = bench.connect(peer: .test(UInt64(number)))
            visitor.isHTTP = true
            visitor.reads = false
            visitor.write(Self.bytes("GET \(path(url))") + Self.bytes("GET \(path(url))\nRange: bytes=0-3"))
            bench.settle()
            return visitor
        }
        #expect(bench.cores[0].budget.usedBytes < (1 << 20) + 20 * 2_000)
        #expect(readers.count { $0.isPaused } == 20)
        for visitor in readers {
            visitor.reads = true
            visitor.flush()
            bench.settle()
            #expect(statuses(visitor) == [200, 206] && visitor.text.contains(text))
        }
        #expect(bench.cores[0].budget.usedBytes == readers.reduce(0) { $0 + ($1.session?.accountedBytes ?? 0) })
    }

    @Test("a snapshot is written as it is read: a slow reader holds a part of it")
    func snapshot() {
        let bench = Bench { $0.visitors = .unlimited }
        let url = line(ask(bench, "PUT /", "first"))
        for _ in 0..<8 { _ = ask(bench, "PUT \(path(url))", String(repeating: "y", count: 1 << 20)) }
        for form in [".json", "/read"] {
            let visitor = bench.connect(peer: .test(6))
            visitor.isHTTP = true
            visitor.reads = false
            visitor.write(Self.bytes("GET \(path(url))\(form)") + Self.bytes("GET \(path(url))/items/1"))
            bench.settle()
            var most = 0
            while let core = visitor.core {
                let piece = [UInt8](capacity: 100_000) { bench.cores[core].peek(visitor.id, into: &$0, now: bench.now) }
                guard !piece.isEmpty else { break }
                most = max(most, bench.cores[core].budget.usedBytes)
                visitor.bytes += piece
                bench.cores[core].sent(visitor.id, piece.count, now: bench.now)
                bench.settle()
            }
            #expect(statuses(visitor) == [200, 200] && visitor.text.hasSuffix("\r\n\r\nfirst"))
            #expect(visitor.bytes.count > 8 << 20 && most < 3 << 20, "\(most)")
        }
    }

    @Test(
        "when a paste's time is over nothing of it stays in memory for who reads slowly",
        arguments: ["", "/items/1", ".json", "/read"])
    func expiry(form: String) {
        let bench = Bench { $0.visitors = .unlimited }
        let url = line(ask(bench, "PUT /\nX-Expires-In: 5m", String(repeating: "y", count: 1 << 20)))
        let visitor = bench.connect(peer: .test(6))
        visitor.isHTTP = true
        visitor.reads = false
        visitor.write(Self.bytes("GET \(path(url))\(form)"))
        bench.settle()
        for _ in 0..<29 {
            bench.pass(10_000)
            let piece = [UInt8](capacity: 1_000) { bench.cores[0].peek(visitor.id, into: &$0, now: bench.now) }
            bench.cores[0].sent(visitor.id, piece.count, now: bench.now)
            #expect(!piece.isEmpty && bench.cores[0].budget.usedBytes > 200_000)
        }
        bench.pass(17_000)
        bench.settle()
        #expect(visitor.isClosed && bench.cores[0].budget.usedBytes == 0 && bench.cores[0].pastes.isEmpty)
        #expect(bench.disk.pasteCount == 0)
    }

    @Test("an answer that is on its way when the paste's time is over arrives")
    func justInTime() {
        let bench = Bench()
        let url = line(ask(bench, "PUT /\nX-Expires-In: 1m", "x"))
        let visitor = bench.connect(peer: .test(6))
        visitor.isHTTP = true
        visitor.reads = false
        visitor.write(Self.bytes("GET \(path(url))"))
        bench.settle()
        bench.pass(60_000)
        bench.settle()
        visitor.reads = true
        visitor.flush()
        #expect(statuses(visitor) == [200] && content(visitor) == "x")
        #expect(bench.disk.pasteCount == 0)
    }

    @Test("a long answer to who reads slowly is not cut by the idle limit; one that nobody reads is")
    func slow() {
        let bench = Bench { $0.visitors = .unlimited }
        let url = line(ask(bench, "PUT /", String(repeating: "y", count: 1 << 20)))
        let visitor = bench.connect(peer: .test(6))
        visitor.isHTTP = true
        visitor.reads = false
        visitor.write(Self.bytes("GET \(path(url))"))
        bench.settle()
        for _ in 0..<20 {
            bench.pass(30_000)
            #expect(!visitor.isClosed)
            let piece = [UInt8](capacity: 10_000) { bench.cores[0].peek(visitor.id, into: &$0, now: bench.now) }
            bench.cores[0].sent(visitor.id, piece.count, now: bench.now)
        }
        bench.pass(70_000)
        #expect(visitor.isClosed)
    }

    @Test("the page without a script shows every text as text", arguments: ["read"])
    func hostile(name: String) {
        let bench = Bench()
        let text = "</pre><script>alert(1)</script>&amp;\"'\u{202E}\0\r\n<!--"
        let url = line(ask(bench, "PUT /", text))
        let page = content(ask(bench, "GET \(path(url))/\(name)"))
        #expect(!page.contains("<script") && !page.contains("</pre><"))
        #expect(page.contains("&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;&quot;"))
        #expect(page.contains("\u{FFFD}&#13;") && page.contains("&lt;!--"))
    }

    @Test("a tag holds as long as the text does, and not beyond a restart")
    func tags() throws {
        let bench = Bench()
        let url = line(ask(bench, "PUT /", "x"))
        func tag(_ bench: Bench, _ request: String) throws -> String {
            let text = ask(bench, request).text
            let start = try #require(text.firstRange(of: "ETag: ")?.upperBound)
            return String(text[start...].prefix { !$0.isNewline })
        }
        let first = try tag(bench, "GET \(path(url))")
        #expect(try tag(bench, "GET \(path(url))/items/1") == first)
        #expect(try tag(bench, "GET \(path(url))/items/1\nAccept: application/json") != first)
        #expect(statuses(ask(bench, "GET \(path(url))\nIf-None-Match: \"a\", \(first)")) == [304])
        #expect(statuses(ask(bench, "GET \(path(url))\nRange: bytes=0-0\nIf-Range: \(first)")) == [206])
        _ = ask(bench, "PUT \(path(url))", "y")
        #expect(statuses(ask(bench, "GET \(path(url))\nIf-None-Match: \(first)")) == [200])
        #expect(statuses(ask(bench, "GET \(path(url))/items/1\nIf-None-Match: \(first)")) == [304])
        let snapshot = try tag(bench, "GET \(path(url)).json")
        #expect(statuses(ask(bench, "GET \(path(url)).json\nIf-None-Match: \(snapshot)")) == [304])
        _ = ask(bench, "DELETE \(path(url))/items/1")
        #expect(statuses(ask(bench, "GET \(path(url)).json\nIf-None-Match: \(snapshot)")) == [200])
    }

    @Test("devices see what a script does, and a script what they do")
    func together() {
        let bench = Bench()
        let (a, b, key) = bench.twoViewers()
        _ = ask(bench, "PUT /\(key)\nX-Expires-In: 7d", "from a script")
        #expect(a.events.count == 2 && a.events == b.events)
        a.append(1, "from a device")
        bench.settle()
        #expect(content(ask(bench, "GET /\(key)")) == "from a device")
        _ = ask(bench, "DELETE /\(key)")
        #expect(a.heard.contains { if case .expired(_, .deleted) = $0 { true } else { false } })
    }
}
