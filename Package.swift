// swift-tools-version: 6.2
// The targets and the arrows between them are the architecture: each line says all that it may import of
// ours. Tests/ArchitectureTests holds the sources against this list.
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func ours(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
    name: "pasted",
    products: [
        .executable(name: "pasted", targets: ["pasted"]),
        // For Benchmarks/, a package of its own so that what it depends on stays out of this one.
        .library(
            name: "PastedParts",
            targets: [
                "PasteCore", "PasteStore", "PasteProtocol", "PasteModel", "WebSocket", "HTTP1", "TLS", "Reactor",
                "Digest",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The composition root.
        .executableTarget(
            name: "pasted",
            dependencies: [
                "PasteServer", "SQLiteStore", "PasteStore", "PasteCore", "PasteModel", "TLS", "Digest",
                "PasteClient", "PasteProtocol", "Reactor",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // I/O.
        ours(
            "PasteServer",
            [
                "Reactor", "TLS", "PasteStore", "PasteCore", "PasteModel", "Digest", "CZlib",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        ours(
            "PasteClient",
            [
                "Reactor", "TLS", "WebSocket", "HTTP1", "PasteProtocol", "PasteModel", "QRCode",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        ours(
            "SQLiteStore",
            [
                "PasteStore", "PasteModel", "CSQLiteLog", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        ours("PasteStore", ["PasteModel"]),
        ours("TLS", ["COpenSSL"]),
        ours("Reactor", ["CLinux"]),

        // Pure: no I/O, no clock, no Foundation.
        ours(
            "PasteCore",
            [
                "WebSocket", "HTTP1", "PasteProtocol", "PasteModel", "Digest", "QRCode", "CPrefetch",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),
        ours("WebSocket", ["HTTP1", "Digest", "CZlib", .product(name: "HTTPTypes", package: "swift-http-types")]),
        ours("HTTP1", [.product(name: "HTTPTypes", package: "swift-http-types")]),
        ours("PasteProtocol", ["PasteModel"]),
        ours("PasteModel", ["Digest", .product(name: "DequeModule", package: "swift-collections")]),
        ours("Digest", ["COpenSSL"]),
        ours("QRCode", ["CQREncode"]),

        // C: what Swift can not import as it is (macros, inline functions, varargs).
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CLinux"),
        .target(name: "CPrefetch"),
        .target(name: "CQREncode", linkerSettings: [.linkedLibrary("qrencode")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        // What SQLite wants as C functions.
        .target(name: "CSQLiteLog", linkerSettings: [.linkedLibrary("sqlite3")]),

        // What is left to chance in a test comes back with its seed.
        .target(name: "Seeded", path: "Tests/Seeded", swiftSettings: strict),
        tests("ArchitectureTests", []),
        tests("ReactorTests", ["Reactor", "CLinux"]),
        tests("TLSTests", ["TLS", "Reactor", "COpenSSL"]),
        tests(
            "PasteServerTests", ["PasteServer", "PasteCore", "PasteModel", "PasteStore", "TLS", "Reactor", "CLinux"]),
        tests("PasteClientTests", ["PasteClient", "PasteProtocol", "PasteModel", "TLS", "Seeded"]),
        tests("PasteModelTests", ["PasteModel", "Digest", "Seeded"]),
        tests("PasteProtocolTests", ["PasteProtocol", "PasteModel", "Seeded"]),
        tests("HTTP1Tests", ["HTTP1", "Seeded", .product(name: "HTTPTypes", package: "swift-http-types")]),
        tests(
            "WebSocketTests",
            ["WebSocket", "HTTP1", "Seeded", .product(name: "HTTPTypes", package: "swift-http-types")]),
        tests(
            "PasteCoreTests",
            [
                "PasteCore", "PasteStore", "PasteClient", "PasteProtocol", "PasteModel", "WebSocket", "HTTP1", "Digest",
                "QRCode", "Seeded", .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        .executableTarget(
            name: "Fuzz",
            dependencies: ["PasteCore", "PasteStore", "PasteProtocol", "PasteModel", "WebSocket", "HTTP1", "Digest"],
            path: "Tests/Fuzz", exclude: ["run", "seeds.py"]),
        // What the conformance suite talks to: the server's layers below the service, and a client.
        .executableTarget(
            name: "ConformanceEcho",
            dependencies: [
                "PasteServer", "PasteStore", "PasteCore", "PasteModel", "TLS", "Reactor", "CLinux", "WebSocket",
                "HTTP1", .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Conformance/Echo"),
        // The real core for worlds that Node makes (Tests/js/joint).
        .executableTarget(
            name: "SimulatedServer", dependencies: ["PasteCore", "PasteStore", "PasteModel", "Digest", "Seeded"],
            path: "Tests/SimulatedServer", swiftSettings: strict),
        // The store's tests measure and kill it in a process of its own.
        .executableTarget(
            name: "StoreTestChild", dependencies: ["SQLiteStore", "PasteStore", "PasteModel"],
            path: "Tests/StoreTestChild", swiftSettings: strict),
        tests(
            "StoreTests",
            [
                "SQLiteStore", "PasteStore", "PasteModel", "StoreTestChild", "Seeded",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
