import Testing

@testable import pasted_bench

@Suite("The pace of an open loop")
struct PacerTests {
    @Test("requests are due at even intervals from the first on")
    func even() {
        var pacer = Pacer(rate: 1_000)
        let dues = (0..<5).map { pacer.take(now: 1_000_000_000 + $0 * 1_000_000) }
        #expect(dues == [1_000_000_000, 1_001_000_000, 1_002_000_000, 1_003_000_000, 1_004_000_000])
    }

    @Test("nothing is due early")
    func early() {
        var pacer = Pacer(rate: 1_000)
        let dues = [5, 1_000_004, 1_000_005].map { pacer.take(now: $0) }
        #expect(dues == [5, nil, 1_000_005])
        #expect(pacer.due == 2_000_005)
    }

    @Test("a load that was held up makes up for all it missed, each counted from when it was due")
    func late() {
        var pacer = Pacer(rate: 10)
        #expect(pacer.take(now: 0) == 0)
        var dues: [Int64] = []
        while let due = pacer.take(now: 350_000_000) { dues.append(due) }
        #expect(dues == [100_000_000, 200_000_000, 300_000_000])
    }
}
