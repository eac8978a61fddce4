import PasteModel
import Testing

@testable import PasteCore

/// How long new keys are.
@Suite("Key lengths")
struct KeyLengthTests {
    @Test("with the thousandth paste, as the sweep counts them, new keys get four words", arguments: [2, 3, 4])
    func fullServer(pastes: Int) {
        let bench = Bench { $0.shortKeyPastes = 3 }
        for _ in 0..<pastes {
            _ = bench.makePaste(by: bench.device())
        }
        bench.pass(bench.settings.sweepMilliseconds)
        bench.settle()
        let created = bench.makePaste(by: bench.device())
        #expect(created?.paste.split(separator: "-").count == (pastes < 3 ? 3 : 4))
        #expect(created?.code?.count == (pastes < 3 ? 6 : 8))
    }
}
