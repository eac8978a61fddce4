import Foundation
import Testing

/// The service under trouble: slow and failing store, cut connections, kills, slow readers, vandals. Laws 1, 2, 3,
/// 5 and 6 of PRODUCT.md are held against everything that any device is shown.
///
/// One seed makes one world. To replay one: `SIMULATION_SEED=17 swift test --filter SimulationTests`; for more of
/// them: `SIMULATION_RUNS=1000 swift test --filter SimulationTests`.
@Suite("Simulation")
struct SimulationTests {
    /// The seeds of this run: always the same ones, and as many that nobody has seen.
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SIMULATION_SEED"].flatMap(UInt64.init) { return [seed] }
        let runs = environment["SIMULATION_RUNS"].flatMap(UInt64.init) ?? 24
        return (1...runs).map { $0 } + (0..<runs).map { _ in UInt64.random(in: 1_000...9_999_999) }
    }()

    @Test("whatever goes wrong, what was shown is safe, in one order, once, and gone when its time is over", arguments: seeds)
    func lawsHold(seed: UInt64) {
        let world = World(seed: seed)
        world.isTelling = Self.seeds.count == 1
        world.run()
        #expect(
            world.ledger.violations.isEmpty,
            """
            \(world.ledger.violations.prefix(5).joined(separator: "\n"))
            Replay: SIMULATION_SEED=\(seed) swift test --filter SimulationTests
            """)
    }

    @Test("a seed is a whole world: two runs of one are the same")
    func seedsReplay() {
        let runs = (0..<2).map { _ in
            let world = World(seed: 4)
            world.run()
            return world.trace
        }
        #expect(runs[0] == runs[1])
    }
}
