import CLinux
import Foundation
import Glibc
import Reactor
import Testing

@testable import PasteServer

@Suite(.serialized) struct ShardTests {
    @Test("a round trip makes no executor enqueue, and an idle server makes no wake-up in a second")
    func noEnqueue() async throws {
        let server = try EchoServer(shards: 2)
        let client = try PlainClient(server.port)
        for number in 0..<1_000 {
            try client.send("line \(number)\n")
            #expect(try client.text("line \(number)\n".utf8.count) == "line \(number)\n")
        }
        #expect(server.enqueues == 0)
        try await Task.sleep(for: .milliseconds(100))
        let before = server.ticks
        try await Task.sleep(for: .seconds(1))
        #expect(server.ticks == before)
        await server.group.stop()
    }

    @Test("what is sent in one piece and more than a turn takes is read to the last byte (edge-triggered)")
    func noStrandedBytes() async throws {
        let server = try EchoServer(shards: 1)
        let client = try PlainClient(server.port)
        let line = String(repeating: "x", count: 999) + "\n"
        let much = String(repeating: line, count: 300)
        let writer = Thread { try? client.send(much) }
        writer.start()
        #expect(try client.text(much.utf8.count) == much)
        // The end right behind the last bytes is seen too.
        try client.send("last\n")
        client.endOutput()
        #expect(try client.text(100) == "last\n")
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        await server.group.stop()
    }

    @Test("one client that never stops sending does not starve another")
    func fairness() async throws {
        let server = try EchoServer(shards: 1)
        let loud = try PlainClient(server.port)
        let quiet = try PlainClient(server.port)
        try quiet.send("hello\n")
        #expect(try quiet.text(6) == "hello\n")
        let flood = String(repeating: String(repeating: "y", count: 60_000) + "\n", count: 300)
        let writer = Thread { try? loud.send(flood) }
        writer.start()
        let reader = Thread { _ = try? loud.receive(flood.utf8.count) }
        reader.start()
        // Who starves is answered when the flood is over.
        var answeredMeanwhile = 0
        for _ in 0..<50 {
            try quiet.send("hello\n")
            #expect(try quiet.text(6) == "hello\n")
            if !reader.isFinished { answeredMeanwhile += 1 }
        }
        #expect(answeredMeanwhile > 5)
        while !reader.isFinished { try await Task.sleep(for: .milliseconds(5)) }
        await server.group.stop()
    }

    @Test("a reader that does not read holds up nobody, and gets all when it reads")
    func slowReader() async throws {
        let server = try EchoServer(shards: 1)
        let slow = try PlainClient(server.port)
        try slow.send("P6000000\n")
        let other = try PlainClient(server.port)
        try other.send("hello\n")
        #expect(try other.text(6) == "hello\n")
        try await Task.sleep(for: .milliseconds(300))
        let before = server.ticks
        try await Task.sleep(for: .milliseconds(500))
        // A shard that kept trying would go round thousands of times.
        #expect(server.ticks - before < 10)
        #expect(try slow.receive(6_000_000).count == 6_000_000)
        await server.group.stop()
    }

    @Test("an orderly end: the rest is sent, then FIN; the server closes first and takes nothing back")
    func end() async throws {
        let server = try EchoServer(shards: 1)
        let client = try PlainClient(server.port)
        try client.send("P100000\nX\nmore that nobody reads\n")
        #expect(try client.receive(1 << 20).count == 100_004)
        #expect(await eventually { server.group.setup.statistics.connections == 1 })
        client.endOutput()
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        await server.group.stop()
    }

    @Test("a peer that keeps its side open after our end is closed after the linger time")
    func linger() async throws {
        let server = try EchoServer(shards: 1)
        let client = try PlainClient(server.port)
        try client.send("X\n")
        #expect(try client.text(100) == "bye\n")
        try await Task.sleep(for: .milliseconds(500))
        #expect(server.group.setup.statistics.connections == 1)
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        #expect(server.log.closed.load(ordering: .relaxed) == 1)
        await server.group.stop()
    }

    @Test("a drain accepts no more, ends what is there, and says when all is gone")
    func drain() async throws {
        let server = try EchoServer(shards: 2)
        let clients = try (0..<20).map { _ in try PlainClient(server.port) }
        for client in clients {
            try client.send("hello\n")
            #expect(try client.text(6) == "hello\n")
        }
        for client in clients { client.endOutput() }
        #expect(await server.group.drain(within: .seconds(5)))
        #expect(throws: SystemError(call: "connect", number: ECONNREFUSED)) { try PlainClient(server.port) }
        await server.group.stop()
        #expect(server.log.opened.load(ordering: .relaxed) == 20)
        #expect(server.log.closed.load(ordering: .relaxed) == 20)
    }

    @Test("a drain takes everybody who waits to be accepted, however many they are")
    func backlog() async throws {
        let server = try EchoServer(shards: 1)
        let shard = server.group.shards[0]
        let hanging = Task { await shard.hang(for: 1) }
        #expect(await eventually { await !server.group.answers(within: .milliseconds(50)) })
        // More than a tick accepts.
        let clients = try (0..<300).map { _ in try PlainClient(server.port) }
        #expect(server.log.opened.load(ordering: .relaxed) == 0)
        for client in clients { client.endOutput() }
        #expect(await server.group.drain(within: .seconds(20)))
        await hanging.value
        #expect(server.log.opened.load(ordering: .relaxed) == 300)
        await server.group.stop()
    }

    @Test("a loop that hangs does not answer, and one that is idle does")
    func signsOfLife() async throws {
        let server = try EchoServer(shards: 2)
        #expect(await server.group.answers(within: .seconds(10)))
        let shard = server.group.shards[1]
        let hanging = Task { await shard.hang(for: 1) }
        #expect(await eventually { await !server.group.answers(within: .milliseconds(100)) })
        await hanging.value
        #expect(await server.group.answers(within: .seconds(10)))
        await server.group.stop()
    }

    @Test("at its limit a server waits instead of spinning, and accepts again when a connection closes")
    func exhaustion() async throws {
        let server = try EchoServer(shards: 1, connectionLimit: 20)
        var clients = try (0..<20).map { _ in try PlainClient(server.port) }
        for client in clients {
            try client.send("hello\n")
            #expect(try client.text(6) == "hello\n")
        }
        let waiting = try PlainClient(server.port)
        try waiting.send("hello\n")
        try await Task.sleep(for: .milliseconds(100))
        let before = server.ticks
        try await Task.sleep(for: .milliseconds(500))
        #expect(server.ticks - before < 5)
        #expect(server.group.setup.statistics.connections == 20)
        clients.removeLast()
        #expect(try waiting.text(6) == "hello\n")
        await server.group.stop()
    }
}

extension Shard {
    /// Blocks the loop's thread, as a fault would.
    fileprivate func hang(for seconds: UInt32) {
        sleep(seconds)
    }
}
