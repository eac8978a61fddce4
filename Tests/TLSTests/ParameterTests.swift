import COpenSSL
import Testing

@testable import TLS

/// What is spoken, and with which certificate.
@Suite struct ParameterTests {
    @Test("the key exchange is X25519, hybrid with ML-KEM where the library has it")
    func group() throws {
        var pair = try Loopback(Fixture.server(), Fixture.client())
        try pair.settle()
        let (group, other) = (pair.server.group, pair.client.group)
        #expect(group == (pasted_openssl_version() >= 0x3050_0000 ? "X25519MLKEM768" : "x25519"))
        #expect(group == other)
    }

    @Test("a server speaks with the certificate that names the host: spelt out, by wildcard, else the default")
    func names() throws {
        let fallback = try Certificate.makeOwn(names: "DNS:localhost,DNS:*.example.org")
        let spelt = try Certificate.makeOwn(names: "DNS:www.example.org,DNS:example.net")
        let late = try Certificate.makeOwn(names: "DNS:example.net,DNS:late.example")
        let server = try TLSContext(serving: fallback, others: [spelt, late])
        // The client takes nothing but the expected certificate, and insists on the name being in it.
        func isServed(_ host: String, by expected: Certificate) -> Bool {
            do {
                var pair = try Loopback(server, TLSContext(trusting: expected.chain), host: host)
                try pair.settle()
                return pair.client.isOpen
            } catch {
                return false
            }
        }
        #expect(isServed("www.example.org", by: spelt))
        #expect(isServed("WWW.Example.ORG", by: spelt))
        #expect(isServed("other.example.org", by: fallback))
        #expect(!isServed("deep.other.example.org", by: fallback))
        #expect(isServed("example.net", by: spelt))
        #expect(isServed("late.example", by: late))
        #expect(isServed("localhost", by: fallback))
        // Without a name (RFC 6066 has none for addresses), and for a name of nobody: the default, which the client
        // refuses for its names alone.
        for host in ["127.0.0.1", "nobody.example", "example.org"] {
            #expect(!isServed(host, by: fallback) && !isServed(host, by: spelt))
        }
    }

    @Test("a session is resumed on a certificate that was chosen by name")
    func resumedByName() throws {
        let (one, two) = (try Certificate.makeOwn(names: "DNS:one"), try Certificate.makeOwn(names: "DNS:two"))
        let server = try TLSContext(serving: one, others: [two])
        let client = try TLSContext(trusting: two.chain)
        var first = try Loopback(server, client, host: "two")
        try first.settle()
        var second = try Loopback(server, client, ticket: first.client.ticket, host: "two")
        try second.settle()
        let wasResumed = second.server.wasResumed
        #expect(wasResumed)
    }

    @Test("a ClientHello in records of one byte is understood")
    func smallestRecords() throws {
        var pair = try Loopback(Fixture.server(), Fixture.client())
        let hello = pair.toServer
        pair.toServer = hello.dropFirst(5).flatMap { [22, 3, 1, 0, 1, $0] }
        try pair.settle()
        let isOpen = pair.server.isOpen
        #expect(isOpen)
    }

    @Test(
        "a message that announces more than a record can hold is refused at its header, however that is cut",
        arguments: [(16_385, false), (16_385, true), (0x01_ff_ff, false), (0xff_ff_ff, true)])
    func hugeHello(length: Int, inPieces: Bool) throws {
        let wire = try TLSWire()
        var session = try TLSSession(accepting: Fixture.server(), on: wire)
        var plaintext: [UInt8] = []
        let header = [1, UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255)]
        let records = inPieces ? header.flatMap { [22, 3, 1, 0, 1, $0] } : [22, 3, 1, 0, 4] + header
        do {
            for byte in records.dropLast() {
                let result = try eat([byte], &session, wire, &plaintext)
                #expect(result.output.isEmpty)
            }
            _ = try eat(Array(records.suffix(1)), &session, wire, &plaintext)
            Issue.record("it was taken")
        } catch TLSError.peer {
        }
        // The alert that says so: illegal_parameter.
        #expect(wire.output(from: 0) == [21, 3, 3, 0, 2, 2, 47])
    }
}
