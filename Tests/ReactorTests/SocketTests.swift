import CLinux
import Glibc
import Testing

@testable import Reactor

@Suite struct SocketTests {
    @Test("a socket says what happened: bytes, nothing yet, a full buffer, the end")
    func pair() throws {
        let pair = try Socket.pair()
        var room = [UInt8](repeating: 0, count: 100)
        var span = room.mutableSpan
        #expect(try pair.first.receive(into: &span) == .nothing)
        #expect(try pair.second.send([1, 2, 3].span) == 3)
        #expect(try pair.first.receive(into: &span) == .bytes(3))
        let much = [UInt8](repeating: 7, count: 1 << 20)
        var sent = 0
        while true {
            let count = try pair.second.send(much.span)
            if count == 0 { break }
            sent += count
        }
        #expect(sent > 0)
        pair.second.shutDownOutput()
        var large = [UInt8](repeating: 0, count: 1 << 16)
        var got = 0
        loop: while true {
            var span = large.mutableSpan
            switch try pair.first.receive(into: &span) {
            case .bytes(let count): got += count
            case .nothing: Issue.record("the end does not show")
            case .end: break loop
            }
        }
        #expect(got == sent)
        #expect(large[0] == 7 && room[0] == 1)
        large = []
        room = []
    }

    @Test("sending to a closed peer is an error and no signal")
    func brokenPipe() throws {
        let pair = try Socket.pair()
        let (first, second) = (Holder(pair.first), Holder(pair.second))
        second.close()
        #expect(throws: SystemError(call: "send", number: EPIPE)) { try first.send([1]) }
    }

    @Test("a closed descriptor that is used stops the process")
    func closedDescriptor() async {
        await #expect(processExitsWith: .failure) {
            let socket = Socket(owning: 987)
            _ = try socket.send([1].span)
        }
    }
}

/// A socket that closes when the test says so.
final class Holder {
    private var socket: Socket?
    init(_ socket: consuming sending Socket) { self.socket = consume socket }
    func close() { socket = nil }
    func send(_ bytes: [UInt8]) throws { _ = try socket?.send(bytes.span) }
}

@Suite struct ListenerTests {
    @Test("IPv4 and IPv6 side by side on one port; the peer's address comes mapped", arguments: ["127.0.0.1", "::1"])
    func accept(host: String) throws {
        let four = try Listener(host: "0.0.0.0", port: 0)
        let six = try Listener(host: "::", port: four.port)
        #expect(six.port == four.port)
        guard case .nothing = four.accept() else {
            Issue.record("somebody connected")
            return
        }
        let client = try checked("connect", pasted_connect(host, four.port))
        defer { _ = pasted_close(client) }
        let listener = host == "::1" ? six : four
        switch listener.accept() {
        case .connection(let socket, let peer):
            #expect(peer.high == 0)
            #expect(peer.low == (host == "::1" ? 1 : 0xffff_7f00_0001))
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, &length)
            #expect(value != 0)
            getsockopt(socket.descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &length)
            #expect(value == 60_000)
            #expect(fcntl(socket.descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        default: Issue.record("nobody connected")
        }
    }

    @Test("a port in use is refused, unless both share it")
    func portInUse() throws {
        let first = try Listener(host: "127.0.0.1", port: 0)
        #expect(throws: SystemError(call: "listen", number: EADDRINUSE)) {
            _ = try Listener(host: "127.0.0.1", port: first.port)
        }
        var options = Listener.Options()
        options.sharesPort = true
        let sharing = try Listener(host: "127.0.0.1", port: 0, options: options)
        #expect(try Listener(host: "127.0.0.1", port: sharing.port, options: options).port == sharing.port)
    }

    @Test("without a descriptor to accept with, a listener says so, and accepts later")
    func exhaustion() async {
        await #expect(processExitsWith: .success) {
            let listener = try Listener(host: "127.0.0.1", port: 0)
            let client = pasted_connect("127.0.0.1", listener.port)
            let next = open("/dev/null", O_RDONLY)
            close(next)
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var low = rlimit(rlim_cur: rlim_t(next), rlim_max: limit.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &low)
            guard case .exhausted(let error) = listener.accept(), error.number == EMFILE else { exit(1) }
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            guard case .connection = listener.accept() else { exit(1) }
            _ = pasted_close(client)
        }
    }

    @Test("an address that is none is an error, not a crash")
    func badAddress() {
        #expect(throws: SystemError(call: "listen", number: EINVAL)) {
            _ = try Listener(host: "not an address", port: 0)
        }
    }
}

@Suite struct WallClockTests {
    private let second: Int64 = 1_000_000_000

    @Test("a clock that is set forward is followed; one that is set back never turns this one back nor stops it")
    func setBack() {
        var clock = WallClock()
        let start = clock.nanoseconds()
        let boot = pasted_boot_nanoseconds()
        #expect(clock.advance(wall: start + 100 * second, boot: boot + second) == start + 100 * second)
        let afterStep = clock.advance(wall: start, boot: boot + 3 * second)
        #expect(afterStep == start + 101 * second)
        #expect(clock.advance(wall: start + 2 * second, boot: boot + 5 * second) == start + 102 * second)
        #expect(clock.advance(wall: start + 102 * second, boot: boot + 5 * second) == start + 102 * second)
        #expect(clock.advance(wall: start + 103 * second, boot: boot + 6 * second) == start + 103 * second)
    }

    @Test("a deadline beyond all time is far away, one in the past is now")
    func extremes() {
        var clock = WallClock()
        #expect(clock.nanoseconds(until: .max) == .max)
        #expect(clock.nanoseconds(until: .max - 1) == .max)
        #expect(clock.nanoseconds(until: 0) == 0)
        #expect(clock.nanoseconds(until: .min + 1) == 0)
    }
}
