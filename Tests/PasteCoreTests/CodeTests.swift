import PasteModel
import QRCode
import Testing

@testable import PasteCore

@Suite("QR codes")
struct CodeTests: Script {
    @Test("the drawing has a rectangle for each run of dark modules, and nothing else")
    func drawing() throws {
        let svg = content(ask(Bench(), "GET /7K3QWD/qr.svg"))
        let path = try #require(svg.firstRange(of: "<path d=\"")?.upperBound)
        var dark: Set<[Int]> = []
        for run in svg[path...].prefix(while: { $0 != "\"" }).split(separator: "M") {
            let numbers = run.split { !$0.isNumber }.compactMap { Int($0) }
            #expect(numbers.count == 5 && numbers[2] == numbers[4] && numbers[3] == 1, "\(run)")
            for x in 0..<numbers[2] { dark.insert([numbers[0] + x - 4, numbers[1] - 4]) }
        }
        let words = try #require(PasteKey(parsing: "7K3QWD")?.words)
        // What it says is the words, as people are shown the address.
        let shown = try #require(QRCode("https://h.test/\(words)"))
        for y in -4..<shown.width + 4 {
            for x in -4..<shown.width + 4 { #expect(dark.contains([x, y]) == shown.isDark(x, y)) }
        }
        #expect(svg.contains("viewBox=\"0 0 \(shown.width + 8) \(shown.width + 8)\""))
    }

    @Test("it asks nothing of the store, and is the same whether there is such a paste or not")
    func free() {
        let bench = Bench { $0.visitors.perAddress.misses = .init(1, per: 60_000, burst: 1) }
        for _ in 0..<20 {
            #expect(statuses(ask(bench, "GET /zebra-zebra-zebra/qr.svg", settled: false)) == [200])
            #expect(bench.asked.isEmpty)
        }
    }
}
