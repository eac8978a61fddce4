import Testing

@testable import TLS

@Suite struct SessionTests {
    @Test("bytes arrive as they were sent, both ways, whatever the pieces", arguments: [1, 2, 7, 1000, Int.max])
    func roundTrip(step: Int) throws {
        var pair = try Loopback(Fixture.server(), Fixture.client())
        try pair.settle(step: step)
        let (areOpen, parameters) = (pair.server.isOpen && pair.client.isOpen, pair.server.parameters)
        #expect(areOpen)
        #expect(parameters == "TLSv1.3 TLS_AES_128_GCM_SHA256")
        let up = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let down = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 * 13 >> 3) }
        try pair.clientSends(up)
        try pair.serverSends(down)
        try pair.settle(step: step == 1 ? 97 : step)
        #expect(pair.atServer == up)
        #expect(pair.atClient == down)
    }

    @Test("a closed session says so, and what was sent before it arrives")
    func close() throws {
        var pair = try Loopback(Fixture.server(), Fixture.client())
        try pair.settle()
        try pair.serverSends([1, 2, 3])
        pair.serverCloses()
        try pair.settle()
        #expect(pair.atClient == [1, 2, 3])
        #expect(pair.clientEnded && !pair.serverEnded)
        // The other direction is still open (RFC 8446 section 6.1).
        try pair.clientSends([4])
        try pair.settle()
        #expect(pair.atServer == [4])
    }

    @Test("the wire's limit stops encrypting between records; the rest goes on when it is empty")
    func fullWire() throws {
        var pair = try Loopback(Fixture.server(), Fixture.client())
        try pair.settle()
        let much = [UInt8](repeating: 9, count: 1 << 20)
        let taken = try pair.server.encrypt(much.span)
        #expect(taken >= 64 * 1024 && taken < much.count)
        let more = try pair.server.encrypt(much.span)
        #expect(more == 0)
        pair.toClient += pair.serverWire.output(from: 0)
        pair.serverWire.clear()
        try pair.serverSends(Array(much.dropFirst(taken)))
        try pair.settle()
        #expect(pair.atClient == much)
    }

    @Test("a session moves between threads in the middle of a record", arguments: [0, 1, 5, 6, 100, 1000])
    func move(cut: Int) async throws {
        let serverContext = try Fixture.server()
        var pair = try Loopback(serverContext, Fixture.client())
        try pair.settle()
        let message = (0..<3000).map { UInt8(truncatingIfNeeded: $0) }
        try pair.clientSends(message)
        let ciphertext = pair.toServer
        pair.toServer = []
        // The part before the cut is eaten here, the part behind it on the new wire.
        var before: [UInt8] = []
        let server = consume pair.server
        var old = server
        _ = try eat(Array(ciphertext.prefix(cut)), &old, pair.serverWire, &before)
        let detached = old.detached()
        let wire = try TLSWire()
        var moved = detached.attached(to: wire)
        var after: [UInt8] = []
        _ = try eat(Array(ciphertext.dropFirst(cut)), &moved, wire, &after)
        #expect(before + after == message)
        let answer = try encrypt(message, &moved, wire)
        var back: [UInt8] = []
        _ = try eat(answer, &pair.client, pair.clientWire, &back)
        #expect(back == message)
        #expect(pair.serverWire.count == 0)
    }

    @Test("a session outlives the wire object of its thread")
    func wireGoesFirst() throws {
        let context = try Fixture.server()
        var wire: TLSWire? = try TLSWire()
        guard let first = wire else { return }
        var session = try TLSSession(accepting: context, on: first)
        wire = nil
        session.close()
        let isOpen = session.isOpen
        #expect(!isOpen)
    }

    @Test("plain HTTP is told from TLS by its first byte")
    func plainHTTP() throws {
        let wire = try TLSWire()
        var session = try TLSSession(accepting: Fixture.server(), on: wire)
        do {
            var plaintext: [UInt8] = []
            _ = try eat(Array("OPTIONS / HTTP/1.1\r\n".utf8), &session, wire, &plaintext)
            Issue.record("plain HTTP was taken")
        } catch TLSError.plainHTTP {
        }
        #expect(wire.count == 0)
    }

    @Test(
        "garbage is the peer's fault and leaves the other sessions of the thread alone",
        arguments: [0, 22, 23, 128, 255])
    func garbage(first: UInt8) throws {
        let wire = try TLSWire()
        let context = try Fixture.server()
        var good = try Loopback(context, Fixture.client())
        var session = try TLSSession(accepting: context, on: wire)
        var bytes = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        bytes[0] = first
        do {
            var plaintext: [UInt8] = []
            _ = try eat(bytes, &session, wire, &plaintext)
            Issue.record("garbage was taken")
        } catch TLSError.peer(let fault) {
            #expect(fault.kind == .broken && fault.sentence.hasPrefix("TLS ("))
        }
        // OpenSSL's error queue is empty again: the next session's "want more" is not taken for this error.
        try good.settle()
        try good.clientSends([1])
        try good.settle()
        #expect(good.atServer == [1])
    }

    @Test("a handshake that is cut short waits without spinning, and frees what it held")
    func truncated() throws {
        let context = try Fixture.server()
        let whole = try Loopback(context, Fixture.client()).toServer
        for count in stride(from: 1, to: whole.count, by: 13) {
            let wire = try TLSWire()
            var session = try TLSSession(accepting: context, on: wire)
            var plaintext: [UInt8] = []
            let result = try eat(Array(whole.prefix(count)), &session, wire, &plaintext)
            let isOpen = session.isOpen
            #expect(!result.ended && result.output.isEmpty && plaintext.isEmpty && !isOpen)
        }
    }

    @Test("a damaged record breaks the session")
    func damaged() throws {
        var pair = try Loopback(Fixture.server(), Fixture.client())
        try pair.settle()
        try pair.clientSends([1, 2, 3])
        pair.toServer[pair.toServer.count - 1] ^= 1
        do {
            try pair.settle()
            Issue.record("a damaged record was taken")
        } catch TLSError.peer {
        }
    }

    @Test("resumption: with the newest ticket, with one of the key before, not with an older one")
    func resumption() throws {
        let keys = try TicketKeys()
        // Every session has a context of its own, as after a reload: the keys are what they share.
        func serverContext() throws -> TLSContext {
            try TLSContext(serving: Fixture.certificate.get(), tickets: keys)
        }
        let clientContext = try Fixture.client()
        func ticket() throws -> TLSTicket? {
            var pair = try Loopback(serverContext(), clientContext)
            try pair.settle()
            let wasResumed = pair.client.wasResumed
            #expect(!wasResumed)
            return pair.client.ticket
        }
        func resumes(_ ticket: TLSTicket?) throws -> Bool {
            var pair = try Loopback(serverContext(), clientContext, ticket: ticket)
            try pair.settle()
            try pair.clientSends([1])
            try pair.settle()
            #expect(pair.atServer == [1])
            let (client, server) = (pair.client.wasResumed, pair.server.wasResumed)
            #expect(client == server)
            return server
        }
        let first = try ticket()
        #expect(try resumes(first))
        keys.rotate()
        #expect(try resumes(first))
        keys.rotate()
        #expect(try !resumes(first))
        // By time: a period of no length rotates whenever a key is asked for.
        let second = try ticket()
        #expect(try resumes(second))
        keys.setPeriod(seconds: 0)
        #expect(try !resumes(second))
    }

    @Test("a client that does not trust the certificate, or meant another host, does not talk")
    func untrusted() throws {
        let other = try Certificate.makeOwn(names: "DNS:localhost")
        let elsewhere = try Certificate.makeOwn(names: "DNS:elsewhere.example")
        for (server, client) in [
            (try Fixture.server(), try TLSContext(trusting: other.chain)),
            (try TLSContext(serving: elsewhere), try TLSContext(trusting: elsewhere.chain)),
        ] {
            do {
                var pair = try Loopback(server, client)
                try pair.settle()
                Issue.record("the handshake went through")
            } catch TLSError.peer {
            }
        }
    }
}
