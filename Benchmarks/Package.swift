// swift-tools-version: 6.2
// What measures Pasted. A package of its own: what it depends on is no part of the product's dependencies.
import PackageDescription

let parts = Target.Dependency.product(name: "PastedParts", package: "pasted")

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "pasted-benchmarks",
    products: [.executable(name: "pasted-bench", targets: ["pasted-bench"])],
    dependencies: [
        .package(name: "pasted", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        // Load on a running server, over real sockets.
        .executableTarget(
            name: "pasted-bench",
            dependencies: [
                parts,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Sources/PastedBench", swiftSettings: strict),
        // The parts alone, in instructions.
        .executableTarget(
            name: "Parts",
            dependencies: [parts, .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/Parts", swiftSettings: strict,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
        .testTarget(
            name: "PastedBenchTests",
            dependencies: ["pasted-bench", parts],
            path: "Tests/PastedBenchTests", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
