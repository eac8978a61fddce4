import Digest
import Foundation
import Logging
import PasteCore
import PasteModel
import PasteStore
import TLS
import Testing

@testable import PasteServer

@Suite struct ServerTests {
    private func configuration(tls: Certificates? = nil, shards: Int = 2) throws -> ServerConfiguration {
        ServerConfiguration(
            listen: [ListenAddress(host: "localhost", port: 0)],
            operatorListen: ListenAddress(host: "127.0.0.1", port: 0), tls: tls, shards: shards,
            core: CoreSettings(hash: KeyedHash(secret: Array(repeating: 7, count: 32))),
            site: Site(assets: ["/index.html": StaticSite.asset(Array("<title>page</title>".utf8), name: "index.html")]
            ),
            store: MemoryStore(limits: Limits()), gracePeriod: .seconds(60),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test("the page is served on both of this machine's own addresses, metrics only on the operator's")
    func serves() async throws {
        let server = try Server(configuration())
        try server.start()
        let (port, operatorPort) = (try #require(server.addresses.first).port, server.operatorAddresses[0].port)
        let output = try await python(
            """
            import sys, urllib.request, urllib.error
            def get(url):
                try:
                    with urllib.request.urlopen(url, timeout=5) as r: return r.status, r.read().decode()
                except urllib.error.HTTPError as e: return e.code, ""
            port, operator = sys.argv[1:]
            for host in ("127.0.0.1", "[::1]"): print(get(f"http://{host}:{port}/"))
            status, text = get(f"http://127.0.0.1:{operator}/metrics")
            print(status, "pasted_connections_accepted_total 3" in text, "pasted_store_ready 1" in text)
            print("pasted_" in get(f"http://127.0.0.1:{port}/metrics")[1])
            """, ["\(port)", "\(operatorPort)"])
        #expect(
            output == """
                (200, '<title>page</title>')
                (200, '<title>page</title>')
                200 True True
                False

                """)
        await server.stop()
    }

    @Test("an address in use is refused with its name")
    func inUse() throws {
        let first = try Server(configuration())
        var second = try configuration()
        second.listen = first.addresses
        let error = #expect(throws: BindError.self) { try Server(second) }
        #expect(error?.description.contains("localhost:\(first.addresses[0].port)") == true)
    }

    @Test("idle connections end with a drain in far less than the grace period")
    func drain() async throws {
        var configuration = try configuration()
        configuration.gracePeriod = .seconds(3_600)
        let server = try Server(configuration)
        try server.start()
        let clients = try (0..<10).map { _ in try PlainClient(server.addresses[0].port) }
        for client in clients {
            try client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try client.text(15) == "HTTP/1.1 200 OK")
        }
        let start = ContinuousClock.now
        await server.stop()
        // Minutes, not seconds: other tests may keep every thread of the pool busy that long.
        #expect(ContinuousClock.now - start < .seconds(600))
    }
}

@Suite struct ListenAddressTests {
    @Test(
        "addresses are read as an operator writes them",
        arguments: [
            ("localhost:8443", "localhost", 8443), (":80", "", 80), ("[::1]:0", "::1", 0), ("0.0.0.0:1", "0.0.0.0", 1),
            ("[::]:65535", "::", 65535),
        ] as [(String, String, UInt16)])
    func good(text: String, host: String, port: UInt16) {
        #expect(ListenAddress(text) == ListenAddress(host: host, port: port))
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "localhost", "localhost:", "localhost:65536", "localhost:+1", "::1:80", "[localhost]:80", "a:-1",
        ])
    func bad(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}

@Suite struct StaticSiteTests {
    @Test("a site is loaded with tags, types and compressed forms; dot files stay out")
    func load() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory + "/js", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: directory + "/.git", withIntermediateDirectories: true)
        let script = String(repeating: "export const a = 1;\n", count: 100)
        for (name, text) in [
            ("index.html", "<p>"), ("js/main.js", script), ("icon.png", script), (".secret", "x"), (".git/config", "x"),
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
        }
        let site = try StaticSite.load(directory)
        let pinned = site.assets.keys.filter { $0.hasPrefix("/~") }
        #expect(Set(site.assets.keys).subtracting(pinned) == ["/index.html", "/js/main.js", "/icon.png"])
        let main = try #require(site.assets["/js/main.js"])
        #expect(main.body == Array(script.utf8))
        #expect(main.contentType == "text/javascript; charset=utf-8")
        #expect(main.etag.utf8.count == 34 && main.etag.hasPrefix("\"") && main.etag.hasSuffix("\""))
        let gzip = try #require(main.gzip)
        #expect(gzip.prefix(2) == [0x1f, 0x8b] && gzip.count < 100)
        // Nothing is gained by compressing three bytes, or a picture.
        #expect(site.assets["/index.html"]?.gzip == nil)
        #expect(site.assets["/icon.png"]?.gzip == nil)
        #expect(try StaticSite.load(directory).assets["/js/main.js"]?.etag == main.etag)
    }

    @Test("the page loads its files by paths that name its version, and any file's change is another version")
    func versions() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
        }
        try write("index.html", #"<link href="/style.css"><script src="/main.js"></script>"#)
        try write("style.css", "p {}")
        try write("main.js", "one")
        try write("sw.js", "worker")
        func load() throws -> (site: Site, prefix: String) {
            let site = try StaticSite.load(directory)
            let script = try #require(site.assets.keys.first { $0.hasPrefix("/~") && $0.hasSuffix("/main.js") })
            return (site, String(script.dropLast("/main.js".count)))
        }
        let (site, prefix) = try load()
        let page = try #require(site.assets["/index.html"])
        #expect(
            String(decoding: page.body, as: UTF8.self)
                == #"<link href="\#(prefix)/style.css"><script src="\#(prefix)/main.js"></script>"#)
        #expect(site.assets[prefix + "/main.js"]?.isPermanent == true)
        #expect(site.assets["/main.js"]?.isPermanent == false)
        let worker = String(decoding: try #require(site.assets["/sw.js"]).body, as: UTF8.self)
        #expect(worker.hasPrefix("const VERSION=\"\(prefix.dropFirst(2))\"") && worker.hasSuffix("worker"))
        #expect(worker.contains("\"\(prefix)/main.js\":\"sha256-") && worker.contains("\"/\":\"sha256-"))
        #expect(!worker.contains("sw.js\":"))
        try write("style.css", "p { color: red }")
        #expect(try load().prefix != prefix)
    }

    @Test("the worker is told of the page's own files under any name, and of no others")
    func files() throws {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for name in ["index.html", "sw.js", "main.js", "plain.css", #"a"b\c.js"#, "line\nfeed.js"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
        }
        let worker = String(decoding: try #require(StaticSite.load(directory).assets["/sw.js"]).body, as: UTF8.self)
        let head = try #require(worker.firstMatch(of: /^const VERSION="(\w+)",FILES=(\{.*\});\nx$/))
        let files = try JSONDecoder().decode([String: String].self, from: Data(head.2.utf8))
        let pinned = ["/main.js", #"/a"b\c.js"#, "/line\nfeed.js"].map { "/~\(head.1)" + $0 }
        #expect(Set(files.keys) == Set(["/"] + pinned))
        // SHA-256 of an x.
        #expect(Set(files.values) == ["sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="])
    }

    @Test("a directory that is none, or has no page, is refused with its name")
    func refused() throws {
        let empty = try temporaryDirectory()
        for directory in [empty, "/nowhere-at-all"] {
            let error = #expect(throws: StaticSite.LoadError.self) { try StaticSite.load(directory) }
            #expect(error?.description.contains(directory) == true)
        }
    }
}
