import Testing

@testable import TLS

/// A server's and a client's session with nothing between them but two byte queues.
struct Loopback: ~Copyable {
    let serverWire: TLSWire
    let clientWire: TLSWire
    var server: TLSSession
    var client: TLSSession
    /// Ciphertext under way.
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    /// Plaintext that arrived.
    var atServer: [UInt8] = []
    var atClient: [UInt8] = []
    var serverEnded = false
    var clientEnded = false

    init(_ serverContext: TLSContext, _ clientContext: TLSContext, ticket: TLSTicket? = nil, host: String = "localhost")
        throws
    {
        let (serverWire, clientWire) = (try TLSWire(), try TLSWire())
        let server = try TLSSession(accepting: serverContext, on: serverWire)
        let client = try TLSSession(connectingTo: host, clientContext, on: clientWire, resuming: ticket)
        (self.serverWire, self.clientWire) = (serverWire, clientWire)
        self.server = consume server
        self.client = consume client
        toServer = clientWire.output(from: 0)
        clientWire.clear()
    }

    /// Carries bytes to and fro until nothing moves, at most `step` bytes a call.
    mutating func settle(step: Int = .max) throws {
        while !toServer.isEmpty || !toClient.isEmpty {
            let up = Array(toServer.prefix(step))
            toServer.removeFirst(up.count)
            let served = try eat(up, &server, serverWire, &atServer)
            serverEnded = serverEnded || served.ended
            toClient += served.output
            let down = Array(toClient.prefix(step))
            toClient.removeFirst(down.count)
            let got = try eat(down, &client, clientWire, &atClient)
            clientEnded = clientEnded || got.ended
            toServer += got.output
        }
    }

    mutating func serverSends(_ bytes: [UInt8]) throws {
        toClient += try encrypt(bytes, &server, serverWire)
    }

    mutating func clientSends(_ bytes: [UInt8]) throws {
        toServer += try encrypt(bytes, &client, clientWire)
    }

    mutating func serverCloses() {
        server.close()
        toClient += serverWire.output(from: 0)
        serverWire.clear()
    }
}

func eat(
    _ bytes: [UInt8], _ session: inout TLSSession, _ wire: TLSWire, _ plaintext: inout [UInt8]
) throws -> (output: [UInt8], ended: Bool) {
    var offset = 0
    var room = [UInt8](repeating: 0, count: 1000)
    var output: [UInt8] = []
    while true {
        var span = room.mutableSpan
        let result = try session.decrypt(bytes.span, at: &offset, into: &span)
        plaintext += room.prefix(result.count)
        output += wire.output(from: 0)
        wire.clear()
        switch result.stop {
        case .hungry: return (output, false)
        case .ended: return (output, true)
        case .full, .blocked: continue
        }
    }
}

func encrypt(_ bytes: [UInt8], _ session: inout TLSSession, _ wire: TLSWire) throws -> [UInt8] {
    var taken = 0
    var output: [UInt8] = []
    while taken < bytes.count {
        taken += try session.encrypt(bytes.span.extracting(droppingFirst: taken))
        output += wire.output(from: 0)
        wire.clear()
    }
    return output
}

/// One certificate for all tests, and contexts that trust it.
enum Fixture {
    static let certificate: Result<Certificate, any Error> = Result {
        try Certificate.makeOwn(names: Certificate.subjectNames("test-host"))
    }

    static func server() throws -> TLSContext { try TLSContext(serving: certificate.get()) }
    static func client() throws -> TLSContext { try TLSContext(trusting: certificate.get().chain) }
}
