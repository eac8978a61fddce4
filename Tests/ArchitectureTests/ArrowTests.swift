// Package.swift says what each target may import of ours; the sources are held against it here, since the
// compiler finds any module of the package once something has built it.

import Foundation
import Testing

@Suite struct ArrowTests {
    /// The arrows, drawn once more by hand: adding one takes a thought in two places.
    static let arrows: [String: Set<String>] = [
        "pasted": [
            "PasteServer", "SQLiteStore", "PasteStore", "PasteCore", "PasteModel", "Digest", "TLS",
            "PasteClient", "PasteProtocol", "Reactor",
        ],
        "PasteServer": ["Reactor", "TLS", "PasteStore", "PasteCore", "PasteModel", "Digest", "CZlib"],
        "PasteClient": ["Reactor", "TLS", "WebSocket", "HTTP1", "PasteProtocol", "PasteModel", "QRCode"],
        "SQLiteStore": ["PasteStore", "PasteModel", "CSQLiteLog"],
        "PasteStore": ["PasteModel"],
        "TLS": ["COpenSSL"],
        "Reactor": ["CLinux"],
        "PasteCore": ["WebSocket", "HTTP1", "PasteProtocol", "PasteModel", "Digest", "QRCode", "CPrefetch"],
        "WebSocket": ["HTTP1", "Digest", "CZlib"],
        "HTTP1": [],
        "PasteProtocol": ["PasteModel"],
        "PasteModel": ["Digest"],
        "Digest": ["COpenSSL"],
        "QRCode": ["CQREncode"],
        "COpenSSL": [],
        "CLinux": [],
        "CPrefetch": [],
        "CQREncode": [],
        "CZlib": [],
        "CSQLiteLog": [],
    ]
    static let pure = ["PasteCore", "WebSocket", "HTTP1", "PasteProtocol", "PasteModel", "Digest", "QRCode"]
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("every target's folder is in the plan, and the plan has no other")
    func targets() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: "Sources").path())
        #expect(Set(folders) == Set(Self.arrows.keys))
    }

    @Test("a source imports only what its target's arrow allows", arguments: arrows.keys.sorted())
    func imports(target: String) throws {
        for (file, modules) in try Self.imports(of: target) {
            for module in modules where Self.arrows[module] != nil {
                #expect(Self.arrows[target]?.contains(module) == true, "\(file) imports \(module)")
            }
        }
    }

    @Test("a pure target imports no Foundation, no C library and no concurrency primitives", arguments: pure)
    func purity(target: String) throws {
        let forbidden: Set = ["Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization", "Logging"]
        // What all shards share is one lock around plain state; everything else belongs to one shard.
        let shared: Set = ["Visitors.swift"]
        for (file, imported) in try Self.imports(of: target) {
            let modules = shared.contains(file) ? imported.subtracting(["Synchronization"]) : imported
            #expect(modules.isDisjoint(with: forbidden), "\(file) imports \(modules.intersection(forbidden))")
        }
    }

    @Test("nothing brings in SwiftNIO")
    func noNIO() throws {
        let manifest = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        #expect(!manifest.lowercased().contains("nio"))
        let resolved = Self.root.appending(path: "Package.resolved")
        if let pins = try? String(contentsOf: resolved, encoding: .utf8) {
            #expect(!pins.contains("swift-nio"))
        }
    }

    private static func imports(of target: String) throws -> [(file: String, modules: Set<String>)] {
        let folder = root.appending(path: "Sources/\(target)")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects ?? []
        return try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { file in
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            let modules = lines.compactMap { line -> String? in
                let words = line.split(separator: " ").map(String.init)
                guard let index = words.firstIndex(of: "import"), index <= 2, index + 1 < words.count,
                    words[..<index].allSatisfy({ $0.hasPrefix("@") || ["public", "internal"].contains($0) })
                else { return nil }
                return words[index + 1].split(separator: ".").first.map(String.init)
            }
            return (file.lastPathComponent, Set(modules))
        }
    }
}
