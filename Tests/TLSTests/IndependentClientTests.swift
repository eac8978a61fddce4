import Foundation
import Reactor
import Synchronization
import Testing

@testable import TLS

/// Python's `ssl` against our server half: a client that is not ours.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
struct IndependentClientTests {
    @Test("Python's ssl: 1.3 and 1.2 talk, 1.1 is refused, h2 alone is refused, resumption works")
    func python() async throws {
        let context = try Fixture.server()
        let listener = try Listener(host: "127.0.0.1", port: 0)
        let loop = try EventLoop()
        try loop.start(EchoServer(loop, listener, context), name: "echo")
        let script = """
            import socket, ssl, sys, warnings
            warnings.simplefilter("ignore")
            def talk(low, high, protocols=("http/1.1",), session=None):
                c = ssl.create_default_context(cafile=sys.argv[2])
                if session: c = session[0]
                else:
                    c.set_ciphers("ALL:@SECLEVEL=0")
                    c.minimum_version, c.maximum_version = low, high
                    c.set_alpn_protocols(list(protocols))
                s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
                try: t = c.wrap_socket(s, server_hostname="localhost", session=session and session[1])
                except ssl.SSLError as e: return "refused", None
                t.sendall(b"x" * 100000)
                got = b""
                while len(got) < 100000: got += t.recv(65536)
                assert got == b"x" * 100000
                return f"{t.version()} {t.selected_alpn_protocol()} {t.cipher()[0]} {t.session_reused}", (c, t.session)
            v = ssl.TLSVersion
            for low, high in ((v.TLSv1_3, v.TLSv1_3), (v.TLSv1_2, v.TLSv1_2)):
                first, session = talk(low, high)
                print(first)
                print(talk(low, high, session=session)[0])
            print(talk(v.TLSv1_1, v.TLSv1_1)[0])
            print(talk(v.TLSv1_2, v.TLSv1_3, ("h2",))[0])
            """
        let roots = NSTemporaryDirectory() + "/roots-\(UUID().uuidString).pem"
        try Data(Fixture.certificate.get().chain).write(to: URL(fileURLWithPath: roots))
        defer { try? FileManager.default.removeItem(atPath: roots) }
        let output = try await Task.detached { try runPython(script, ["\(listener.port)", roots]) }.value
        #expect(
            output.split(separator: "\n").map(String.init) == [
                "TLSv1.3 http/1.1 TLS_AES_128_GCM_SHA256 False",
                "TLSv1.3 http/1.1 TLS_AES_128_GCM_SHA256 True",
                "TLSv1.2 http/1.1 ECDHE-ECDSA-AES128-GCM-SHA256 False",
                "TLSv1.2 http/1.1 ECDHE-ECDSA-AES128-GCM-SHA256 True",
                "refused",
                "refused",
            ])
        loop.stop()
        await loop.waitUntilStopped()
    }
}

func runPython(_ script: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}

/// Sends back what comes, one connection after the other, without any limit.
actor EchoServer: TickHandler {
    private let loop: EventLoop
    private let listener: Listener
    private let context: TLSContext
    private let wire: TLSWire?
    private var socket: Socket?
    private var session: TLSSession?
    private var unsent: [UInt8] = []
    private var ciphertext = [UInt8](repeating: 0, count: 65_536)
    private var plaintext = [UInt8](repeating: 0, count: 65_536)

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.forActor }

    init(_ loop: EventLoop, _ listener: Listener, _ context: TLSContext) {
        (self.loop, self.listener, self.context, wire) = (loop, listener, context, try? TLSWire())
        try? loop.poller.add(listener, as: Token(slot: 0, generation: 0))
    }

    func tick(_ ready: [Readiness], now: Int64) -> Int64 {
        for readiness in ready {
            if readiness.token.slot == 0 { accept() } else { turn() }
        }
        return Tick.never
    }

    private func accept() {
        guard let wire, case .connection(let next, _) = listener.accept() else { return }
        try? loop.poller.add(next, as: Token(slot: 1, generation: 0))
        socket = consume next
        session = try? TLSSession(accepting: context, on: wire)
        unsent = []
    }

    private func turn() {
        do {
            try flush()
            while true {
                var room = ciphertext.mutableSpan
                guard case .bytes(let count)? = try socket?.receive(into: &room) else { return }
                var offset = 0
                loop: while true {
                    var text = plaintext.mutableSpan
                    guard
                        let result = try session?.decrypt(
                            ciphertext.span.extracting(first: count), at: &offset, into: &text)
                    else { return }
                    _ = try session?.encrypt(plaintext.span.extracting(first: result.count))
                    try flush()
                    if result.stop == .hungry || result.stop == .ended { break loop }
                }
            }
        } catch {
            try? flush()
            socket = nil
            session = nil
        }
    }

    private func flush() throws {
        guard let wire else { return }
        unsent += wire.output(from: 0)
        wire.clear()
        while !unsent.isEmpty, let count = try socket?.send(unsent.span), count > 0 { unsent.removeFirst(count) }
    }
}
