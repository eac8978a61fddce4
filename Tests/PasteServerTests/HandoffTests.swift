import Glibc
import TLS
import Testing

@testable import PasteServer

/// Connections that move between four shards while they talk: a client that is not ours sends lines in pieces of
/// any size, ahead of the answers, and gets each back once and in order, whichever shard answers.
@Suite(.serialized) struct HandoffTests {
    @Test("nothing is lost, doubled or swapped when connections move under load", arguments: [false, true])
    func moves(isSecure: Bool) async throws {
        let server = try EchoServer(shards: 4, tls: isSecure ? ownCertificates() : nil)
        let output = try await python(
            """
            import asyncio, random, ssl, sys
            port, secure, seed = int(sys.argv[1]), sys.argv[2] == "true", int(sys.argv[3])
            context = ssl.create_default_context() if secure else None
            if secure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            async def talk(number):
                r = random.Random(seed * 1000 + number)
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                sent, expected = bytearray(), bytearray()
                for i in range(400):
                    line = f"c{number} {i} ".encode() + b"z" * r.choice((0, 10, 200, 3000, 20000)) + b"\\n"
                    sent += line
                    expected += line
                    if r.random() < 0.5: sent += b"G%d\\n" % r.randrange(4)
                async def send():
                    at = 0
                    while at < len(sent):
                        step = r.choice((1, 7, 100, 5000, 40000))
                        writer.write(sent[at:at + step])
                        at += step
                        if r.random() < 0.1: await asyncio.sleep(0)
                        await writer.drain()
                sending = asyncio.ensure_future(send())
                got = await reader.readexactly(len(expected))
                await sending
                writer.write(b"X\\n")
                rest = await reader.read()
                writer.close()
                return got == expected and rest == b"bye\\n"
            async def main():
                results = await asyncio.wait_for(asyncio.gather(*(talk(n) for n in range(16))), 500)
                print("good" if all(results) else f"bad {results}")
            asyncio.run(main())
            """, ["\(server.port)", "\(isSecure)", "1"])
        #expect(output == "good\n")
        #expect(server.log.moved.load(ordering: .relaxed) > 1_000)
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        #expect(server.enqueues == 0)
        await server.group.stop()
    }
}

@Suite(.serialized) struct SecureShardTests {
    @Test("plain HTTP on the TLS port gets a readable answer that names https")
    func plainHTTP() async throws {
        let server = try EchoServer(shards: 1, tls: ownCertificates())
        let client = try PlainClient(server.port)
        try client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let answer = try client.text(10_000)
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain"))
        #expect(answer.contains("\r\n\r\nThis port speaks HTTPS: use https://"))
        client.endOutput()
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        await server.group.stop()
    }

    @Test("garbage gets an alert and the end, and disturbs nobody")
    func garbage() async throws {
        let server = try EchoServer(shards: 1, tls: ownCertificates())
        let client = try PlainClient(server.port)
        try client.send([22, 3, 1, 0, 5] + Array(repeating: 0xff, count: 500))
        let answer = try client.receive(1_000)
        #expect(answer.first == 21)
        #expect(await eventually { server.group.setup.statistics.connections == 0 })
        #expect(await eventually { server.group.setup.statistics.all[0].io.brokenSessions == 1 })
        await server.group.stop()
    }

    @Test("the end is told in TLS (close_notify) before it is told in TCP")
    func closeNotify() async throws {
        let server = try EchoServer(shards: 1, tls: ownCertificates())
        let output = try await python(
            """
            import socket, ssl, sys
            c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
            s = c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), suppress_ragged_eofs=False)
            s.sendall(b"P200000\\nX\\n")
            got = b""
            while True:
                piece = s.recv(65536)
                if not piece: break
                got += piece
            print(len(got), s.session_reused)
            """, ["\(server.port)"])
        #expect(output == "200004 False\n")
        await server.group.stop()
    }
}

/// A certificate made for the test.
func ownCertificates() throws -> Certificates {
    try Certificates([.own(directory: temporaryDirectory(), hostName: nil)], now: Int64(time(nil)))
}
