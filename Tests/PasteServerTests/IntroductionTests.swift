import Foundation
import Testing

@testable import PasteServer

/// The PROXY protocol on real sockets; its grammar is held by vectors.
@Suite(.serialized) struct IntroductionTests {
    private static let binary: [UInt8] =
        [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12]
        + [192, 0, 2, 7, 198, 51, 100, 1, 0, 1, 0, 2]

    @Test(
        "a proxy's header says who connects, in one piece with the first bytes or byte by byte",
        arguments: [true, false])
    func introduced(atOnce: Bool) async throws {
        let server = try EchoServer(shards: 1, proxies: ["127.0.0.0/8"])
        for header in [Array("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n".utf8), Self.binary] {
            let client = try PlainClient(server.port)
            if atOnce {
                try client.send(header + Array("W\n".utf8))
            } else {
                for byte in header {
                    try client.send([byte])
                    // On this thread: under load, the pool of tasks may come back after the header's five seconds.
                    usleep(1_000)
                }
                try client.send("W\n")
            }
            #expect(try client.text("0 ffffc0000207\n".utf8.count) == "0 ffffc0000207\n")
        }
        await server.group.stop()
    }

    @Test("the proxy itself is the peer when it names nobody")
    func local() async throws {
        let server = try EchoServer(shards: 1, proxies: ["127.0.0.1"])
        let client = try PlainClient(server.port)
        try client.send(Array(Self.binary.prefix(12)) + [0x20, 0, 0, 0] + Array("W\n".utf8))
        #expect(try client.text("0 ffff7f000001\n".utf8.count) == "0 ffff7f000001\n")
        await server.group.stop()
    }

    @Test(
        "a proxy without a header is closed, and the service never hears of it",
        arguments: ["W\n", "PROXY NONSENSE\r\n"])
    func missing(bytes: String) async throws {
        let server = try EchoServer(shards: 1, proxies: ["127.0.0.1"])
        let client = try PlainClient(server.port)
        try client.send(bytes)
        #expect((try? client.receive(100)) ?? [] == [])
        #expect(server.log.opened.load(ordering: .relaxed) == 0)
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        await server.group.stop()
    }

    @Test("a header that does not come, or not to its end, is waited for five seconds, however it trickles in")
    func slow() async throws {
        let server = try EchoServer(shards: 1, proxies: ["127.0.0.1"])
        let silent = try PlainClient(server.port)
        let trickling = try PlainClient(server.port)
        let start = ContinuousClock.now
        let writer = Thread {
            for byte in "PROXY TCP4 192.0.2.7 198.51".utf8 {
                guard (try? trickling.send([byte])) != nil else { return }
                Thread.sleep(forTimeInterval: 0.4)
            }
        }
        writer.start()
        #expect((try? silent.receive(1)) ?? [] == [])
        #expect((try? trickling.receive(1)) ?? [] == [])
        let took = ContinuousClock.now - start
        #expect(took > .seconds(4) && took < .seconds(9))
        await server.group.stop()
    }

    @Test("who is no proxy is not asked, and what looks like a header is its own bytes")
    func stranger() async throws {
        let server = try EchoServer(shards: 1, proxies: ["192.0.2.0/24"])
        let client = try PlainClient(server.port)
        let header = "PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n"
        try client.send("W\n\(header)")
        #expect(try client.text("0 ffff7f000001\n".utf8.count) == "0 ffff7f000001\n")
        await server.group.stop()
    }

    @Test("a drain does not wait for a header")
    func drain() async throws {
        let server = try EchoServer(shards: 1, proxies: ["127.0.0.1"])
        let client = try PlainClient(server.port)
        #expect(await eventually { server.group.setup.statistics.connections == 1 })
        #expect(await server.group.drain(within: .seconds(3)))
        #expect((try? client.receive(1)) ?? [] == [])
        await server.group.stop()
    }
}
