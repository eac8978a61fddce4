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
    products: [.executable(name: "pasted", targets: ["pasted"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The composition root.
        .executableTarget(
            name: "pasted",
            dependencies: [
                "PasteServer", "SQLiteStore", "PasteStore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // I/O.
        ours(
            "PasteServer",
            [
                "Reactor", "TLS", "PasteStore", "PasteCore",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        ours("SQLiteStore", ["PasteStore", .product(name: "GRDB", package: "GRDB.swift")]),
        ours("PasteStore", ["PasteModel"]),
        ours("TLS", ["COpenSSL"]),
        ours("Reactor", ["CLinux"]),

        // Pure: no I/O, no clock, no Foundation.
        ours("PasteCore", ["WebSocket", "HTTP1", "PasteProtocol", "PasteModel", "Digest"]),
        ours("WebSocket", ["HTTP1", "Digest"]),
        ours("HTTP1", [.product(name: "HTTPTypes", package: "swift-http-types")]),
        ours("PasteProtocol", ["PasteModel"]),
        ours(
            "PasteModel", ["Digest", .product(name: "DequeModule", package: "swift-collections")]),
        ours("Digest", ["COpenSSL"]),

        // C: what Swift can not import as it is (macros, inline functions, varargs).
        .target(
            name: "COpenSSL",
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CLinux"),

        tests("PasteModelTests", ["PasteModel"]),
    ],
    swiftLanguageModes: [.v6]
)
