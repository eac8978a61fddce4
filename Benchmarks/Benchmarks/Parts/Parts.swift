// The parts alone: no socket, no thread, no clock. `swift package benchmark` runs them.

import Benchmark

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.instructions, .wallClock], units: [.instructions: .count], scalingFactor: .kilo,
        maxDuration: .milliseconds(500),
        maxIterations: 200)
    measureFrames()
    measureMessages()
    measureModel()
    measureCore()
}
