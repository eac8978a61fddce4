import PasteModel
import PasteProtocol
import PasteStore
import Testing

@testable import PasteCore

/// What no single connection's bytes show: crashes, limits, shards, slow readers.
@Suite("HTTP for scripts")
struct APITests: Script {
    // MARK: Committed, then answered

    @Test("nothing is answered before its commit; not the paste, not its item")
    func commit() {
        let bench = Bench()
        let visitor = ask(bench, "PUT /", "hello", settled: false)
        #expect(visitor.text.isEmpty)
        bench.answer()  // the paste is there
        #expect(visitor.text.isEmpty)
        bench.answer()  // it is read
        #expect(visitor.text.isEmpty && bench.commits.count == 1)
        bench.answer()
        #expect(statuses(visitor) == [201])
        #expect(items(bench, path(line(visitor))) == ["hello"])
        let other = ask(bench, "PUT \(path(line(visitor)))", "more", settled: false)
        #expect(other.text.isEmpty && bench.commits.count == 1)
        #expect(line(ask(bench, "GET \(path(line(visitor)))", settled: false)) == "hello")
        bench.settle()
        #expect(statuses(other) == [201] && line(ask(bench, "GET \(path(line(visitor)))")) == "more")
    }

    @Test("a server that dies between commit and answer has done it; the same request again does it no second time")
    func killed() {
        // Where it dies: after so many answers of the store. Whether the last was carried out.
        for (step, isDone) in [(0, false), (0, true), (1, false), (2, false), (2, true)] {
            let first = Bench()
            let request = "PUT /\nIdempotency-Key: 8f14e45fceea167a5a36"
            _ = ask(first, request, "hello", settled: false)
            for _ in 0..<step { first.answer() }
            if isDone {
                for (request, _) in first.asked { first.carry(request) }
            }
            // Another process on the same disk.
            let second = Bench(disk: first.disk)
            let visitor = ask(second, request, "hello")
            #expect(statuses(visitor) == [201], "step \(step)")
            #expect(first.disk.pasteCount == 1, "step \(step)")
            #expect(items(second, path(line(visitor))) == ["hello"], "step \(step)")
            let third = ask(second, "PUT \(path(line(visitor)))\nIdempotency-Key: k", "more", settled: false)
            #expect(third.text.isEmpty)
            for (request, _) in second.asked { second.carry(request) }
            let last = Bench(disk: first.disk)
            let repeated = ask(last, "PUT \(path(line(visitor)))\nIdempotency-Key: k", "more")
            #expect(line(repeated).hasSuffix("/items/2"))
            #expect(items(last, path(line(visitor))) == ["hello", "more"], "step \(step)")
        }
    }

    @Test("the same request at once on two connections is done once")
    func atOnce() {
        let bench = Bench()
        let both = (0..<2).map { _ in ask(bench, "PUT /\nIdempotency-Key: 8f14e45fceea167a5a36", "x", settled: false) }
        bench.settle()
        #expect(both.map(statuses) == [[201], [201]] && line(both[0]) == line(both[1]))
        #expect(bench.disk.pasteCount == 1 && items(bench, path(line(both[0]))) == ["x"])
    }

    @Test("when it is not known what the store did, it is asked again until it is")
    func unknown() {
        let bench = Bench()
        let url = line(ask(bench, "PUT /", "x"))
        let visitor = ask(bench, "PUT \(path(url))", "y", settled: false)
        bench.answer(.unavailable("slow"), isDone: true)
        #expect(visitor.text.isEmpty)
        bench.pass(1_000)
        bench.settle()
        #expect(statuses(visitor) == [201] && items(bench, path(url)) == ["x", "y"])
    }

    @Test(
        "what the store refuses is told, with the time to come back",
        arguments: [(StoreError.full, 507), (.busy, 503), (.gone, 404), (.corrupt("f"), 500)])
    func trouble(error: StoreError, status: Int) {
        let bench = Bench()
        let url = line(ask(bench, "PUT /", "x"))
        let visitor = ask(bench, "PUT \(path(url))", "y", settled: false)
        bench.answer(error)
        bench.settle()
        #expect(statuses(visitor) == [status])
        #expect(visitor.text.contains("Retry-After: ") == [503, 507].contains(status))
    }

    @Test("a paste whose first text could not be kept is not left behind, and its key can be used again")
    func leftBehind() {
        let bench = Bench()
        let visitor = ask(bench, "PUT /\nIdempotency-Key: 8f14e45fceea167a5a36", "x", settled: false)
        bench.answer()
        bench.answer()
        bench.answer(.full)
        bench.settle()
        #expect(statuses(visitor) == [507] && bench.disk.pasteCount == 0)
        let again = ask(bench, "PUT /\nIdempotency-Key: 8f14e45fceea167a5a36", "x")
        #expect(statuses(again) == [201] && bench.disk.pasteCount == 1)
    }

    @Test("a form that does not fit leaves nothing of itself", arguments: [0, 1])
    func form(over: Int) {
        let bench = Bench { $0.limits.items = 3 }
        let url = line(ask(bench, "PUT /", "one"))
        let form = (0..<2 + over).map { "--b\r\n\r\npart \($0)\r\n" }.joined() + "--b--"
        let visitor = ask(bench, "POST \(path(url))\nContent-Type: multipart/form-data; boundary=b", form)
        #expect(statuses(visitor) == [over == 0 ? 201 : 409])
        #expect(items(bench, path(url)) == (over == 0 ? ["one", "part 0", "part 1"] : ["one"]))
    }

    @Test("scripts that name nobody do not use up the devices that a paste remembers")
    func nameless() {
        let bench = Bench {
            $0.limits.clients = 2
            $0.visitors = .unlimited
        }
        let url = line(ask(bench, "PUT /", "0"))
        for number in 1...200 { #expect(statuses(ask(bench, "PUT \(path(url))", "\(number)")) == [201]) }
        #expect(items(bench, path(url)) == (0...200).map(String.init))
        #expect(statuses(ask(bench, "PUT \(path(url))\nIdempotency-Key: k", "x")) == [201])
        #expect(statuses(ask(bench, "PUT \(path(url))\nIdempotency-Key: l", "x")) == [503])
    }

    // MARK: Limits

    @Test("a text has as many bytes as it may: by its length, in chunks, and in a form", arguments: [-1, 0, 1])
    func size(offset: Int) {
        let text = String(repeating: "x", count: 100 + offset)
        let status = offset > 0 ? 413 : 201
        for way in 0..<3 {
            let bench = Bench { $0.limits.textBytes = 100 }
            let visitor: Visitor
            switch way {
            case 0:
                visitor = ask(bench, "PUT /", offset > 0 ? nil : text)
                if offset > 0 {
                    // Its head alone is enough.
                    visitor.write(Array("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n".utf8))
                }
            case 1:
                visitor = bench.connect()
                visitor.isHTTP = true
                visitor.write(Array("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
                for byte in text.utf8 where !visitor.isClosed { visitor.write(Array("1\r\n".utf8) + [byte, 13, 10]) }
                #expect(visitor.isClosed == (offset > 0), "cut at the first byte that is too many")
                visitor.write(Array("0\r\n\r\n".utf8))
            default:
                visitor = ask(
                    bench, "POST /\nContent-Type: multipart/form-data; boundary=b", "--b\r\n\r\n\(text)\r\n--b--")
            }
            bench.settle()
            #expect(statuses(visitor).last == status, "way \(way)")
            if offset > 0 { #expect(visitor.text.contains("larger than 100 bytes"), "way \(way)") }
            #expect(bench.disk.pasteCount == (offset > 0 ? 0 : 1), "way \(way)")
        }
    }

    @Test("content that has begun counts, for everybody and for its address, and is let go of with the connection")
    func budget() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.inputBytes = 1 << 20
        }
        func begin() -> Visitor {
            let visitor = bench.connect(peer: .test(5))
            visitor.isHTTP = true
            visitor.write(Array("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n".utf8))
            visitor.write([UInt8](repeating: 0x61, count: 600_000))
            return visitor
        }
        let first = begin()
        #expect(bench.cores[0].budget.usedBytes >= 600_000 && bench.accounts.figures.inputBytes > 500_000)
        let second = begin()
        #expect(statuses(second) == [503] && second.isClosed && second.text.contains("Retry-After"))
        first.cutOff()
        #expect(bench.cores[0].budget.usedBytes == 0 && bench.accounts.figures.inputBytes == 0)
    }

    @Test("unknown keys are charged and slowed as over the WebSocket; hits, and content under a known key, are free")
    func guessing() {
        let bench = Bench {
            $0.visitors = .unlimited
            $0.visitors.perAddress.misses = Allowance(1, per: 1_000, burst: 3)
            $0.visitors.patience = 2_000
        }
        let url = line(ask(bench, "PUT /", "x"))
        for _ in 0..<20 {
            #expect(statuses(ask(bench, "GET \(path(url))")) == [200])
            #expect(statuses(ask(bench, "PUT \(path(url))", "x")) == [201])
        }
        let requests = ["GET /zebra-zebra-zebra", "DELETE /zebra-zebra-zebra", "GET /zebra-zebra-zebra.json"]
        for request in requests { #expect(statuses(ask(bench, request)) == [404]) }
        // Over the burst, a hit and a miss wait alike, and say nothing before their time.
        let hit = ask(bench, "GET \(path(url))")
        let miss = ask(bench, "PUT /zebra-zebra-zebra", "x")
        #expect(hit.text.isEmpty && miss.text.isEmpty)
        let refused = ask(bench, "GET /zebra-zebra-zebra")
        #expect(statuses(refused) == [429] && refused.text.contains("Retry-After: 3"))
        bench.pass(1_000)
        bench.settle()
        #expect(statuses(hit) == [200] && miss.text.isEmpty)
        bench.pass(1_000)
        bench.settle()
        #expect(statuses(miss) == [404])
        // The WebSocket's guesses are on the same account.
        let device = bench.device(peer: .test(5))
        for _ in 0..<3 { device.say(.subscribe(paste: "zebra-zebra-zebra", after: nil, pending: [])) }
        bench.settle()
        #expect(device.errors == ["noSuchPaste"] && device.isPaused)
    }

    @Test("a key that never was and one that has expired are the same to ask for: bytes, and work of the store")
    func expired() {
        let bench = Bench()
        let url = line(ask(bench, "PUT /\nX-Expires-In: 1m", "secret"))
        bench.pass(61_000)
        bench.settle()
        for request in ["GET KEY", "GET KEY.json", "GET KEY/items/1", "PUT KEY", "DELETE KEY", "GET KEY/read"] {
            var answers: [String] = []
            var work: [Int] = []
            for key in [path(url), "/zebra-zebra-zebra"] {
                let content = request.hasPrefix("PUT") ? "x" : nil
                let visitor = ask(bench, request.replacing("KEY", with: key), content, settled: false)
                work.append(bench.asked.count)
                bench.settle()
                answers.append(visitor.text)
            }
            #expect(answers[0] == answers[1] && answers[0].hasPrefix("HTTP/1.1 404 "), "\(request)")
            #expect(work == [1, 1], "\(request)")
        }
    }
}
