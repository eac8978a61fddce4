// Where connections come in.
//
// One listening socket serves all shards: each adds it to its own epoll, and `EPOLLEXCLUSIVE` wakes one of
// them. An idle shard takes what comes, so that nobody waits in the queue of a shard that is busy, which is what
// one socket a shard (SO_REUSEPORT) would do; and a second server on the same port is refused, unless asked for.

import CLinux
import Glibc

/// A listening TCP socket. Any thread.
public final class Listener: Sendable {
    let descriptor: Int32
    /// Who else has this port.
    public let origin: Origin
    /// The port, also when the system chose it.
    public let port: UInt16

    /// The peer's address: IPv6 as two big-endian words, IPv4 mapped as `::ffff:a.b.c.d`.
    public struct Peer: Hashable, Sendable {
        /// The first 8 bytes.
        public let high: UInt64
        /// The last 8 bytes.
        public let low: UInt64
    }

    /// Who else has a listener's port, which decides how it is given up.
    public enum Origin: Hashable, Sendable {
        /// Nobody: who waits to be accepted is lost when it closes.
        case own
        /// Perhaps another process, by a socket of its own (`SO_REUSEPORT`): who waits here is lost as well.
        case shared
        /// Whoever opened it (systemd, a script) has it too: who waits is kept for the next one.
        case inherited(name: String)
    }

    /// How a listener is set up.
    public struct Options: Hashable, Sendable {
        /// Whether other processes of the same user may listen on the port too, which is how a new version
        /// takes over from a running one.
        public var sharesPort = false
        /// Connections that the kernel holds until they are accepted.
        public var backlog: Int32 = 4096
        /// How long bytes may stay unacknowledged before the kernel gives a connection up.
        public var unacknowledgedMilliseconds: Int32 = 60_000
        /// Unsent bytes that the kernel holds for a connection: beyond them a slow reader costs only its
        /// cursor, and gets the newest state when it reads again.
        public var unsentBytes: Int32 = 128 * 1024

        /// The usual ones.
        public init() {}
    }

    /// Listens on a numeric address, IPv4 or IPv6 (which is then IPv6 only). Port 0 lets the system choose.
    public init(host: String, port: UInt16, options: Options = Options()) throws(SystemError) {
        let wanted = pasted_listener_options(
            backlog: options.backlog, reuse_port: options.sharesPort,
            user_timeout_ms: options.unacknowledgedMilliseconds, unsent_low_bytes: options.unsentBytes)
        let descriptor = try checked("listen", unsafe pasted_listen(host, port, wanted))
        self.descriptor = descriptor
        origin = options.sharesPort ? .shared : .own
        self.port = UInt16(truncatingIfNeeded: pasted_local_port(descriptor))
    }

    /// Takes over a descriptor that listens already. Throws `ENOTSOCK` when it is no such internet socket.
    init(inheriting descriptor: Int32, name: String, options: Options = Options()) throws(SystemError) {
        let wanted = pasted_listener_options(
            backlog: options.backlog, reuse_port: false,
            user_timeout_ms: options.unacknowledgedMilliseconds, unsent_low_bytes: options.unsentBytes)
        // Whether it is open at all is the parent's doing.
        let answer = pasted_adopt_listener(descriptor, wanted)
        guard answer >= 0 else {
            throw SystemError(call: "the descriptor \(descriptor) that was passed in", number: -answer)
        }
        self.descriptor = descriptor
        origin = .inherited(name: name)
        port = UInt16(truncatingIfNeeded: pasted_local_port(descriptor))
    }

    deinit {
        _ = pasted_close(descriptor)
    }

    /// The numeric address.
    public var host: String {
        var text = [CChar](repeating: 0, count: 64)
        guard unsafe pasted_local_host(descriptor, &text, text.count) == 0 else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// When the port is shared with the process that is to be taken over from: all new connections come here.
    public func steerHere() throws(SystemError) {
        _ = try checked("SO_ATTACH_REUSEPORT_CBPF", pasted_steer_to_newest(descriptor))
    }

    /// Refuses whoever connects from here on. Who waits to be accepted is reset.
    public func stop() {
        // The others that have it go on listening.
        if case .inherited = origin { return }
        _ = pasted_shutdown_input(descriptor)
    }

    /// What `accept` found.
    public enum Accepted: ~Copyable, Sendable {
        /// A connection, nonblocking, `TCP_NODELAY` set.
        case connection(Socket, Peer)
        /// Nobody waits.
        case nothing
        /// No descriptor or memory is left: accepting again before something closes would spin.
        case exhausted(SystemError)
    }

    /// Takes the next connection that waits.
    public func accept() -> Accepted {
        while true {
            var peer = pasted_address()
            let answer = unsafe pasted_accept(descriptor, &peer)
            if answer >= 0 {
                return .connection(Socket(owning: answer), Peer(high: peer.high, low: peer.low))
            }
            switch -answer {
            // `EINVAL`: it was stopped.
            case EAGAIN, EINVAL: return .nothing
            case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(SystemError(call: "accept4", number: -answer))
            // The listener itself is gone or was never one: a fault of ours, not of a peer.
            case EBADF, ENOTSOCK, EFAULT, EOPNOTSUPP:
                preconditionFailure("accept4: error \(-answer)")
            // The connection died while it waited, or its network did (accept(2)): on to the next one.
            default: continue
            }
        }
    }
}
