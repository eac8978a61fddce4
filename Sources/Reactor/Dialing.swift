// A client's side of a connection, for programs that wait for one or two things at a time.

import CLinux
import Glibc

/// Why no connection came about.
public enum DialError: Error, Hashable, Sendable {
    /// The name is not known, or nobody who knows can be asked.
    case noSuchHost
    /// The host does not answer, or not there.
    case system(SystemError)
}

extension Socket {
    /// Connects to a host name or a numeric address; blocks, at most that long. Tries all addresses of a name.
    public static func dial(
        host: String, port: UInt16, timeoutMilliseconds: Int32
    ) throws(DialError) -> Socket {
        let answer = unsafe pasted_dial(host, String(port), timeoutMilliseconds)
        guard answer != Int32(pasted_no_such_host) else { throw .noSuchHost }
        do throws(SystemError) {
            return Socket(owning: try checked("connect", answer))
        } catch {
            throw .system(error)
        }
    }

    /// What to wait for on this socket. Use it while the socket lives.
    public borrowing func awaiting(input: Bool, output: Bool) -> Awaited {
        Awaited(descriptor: descriptor, input: input, output: output)
    }
}

/// Something that `poll(2)` waits for.
public struct Awaited: Hashable, Sendable {
    private let descriptor: Int32
    private let events: Int32
    private var seen: Int32 = 0

    init(descriptor: Int32, input: Bool, output: Bool) {
        self.descriptor = descriptor
        events = (input ? Int32(pasted_wait_input) : 0) | (output ? Int32(pasted_wait_output) : 0)
    }

    /// Standard input: bytes, or its end.
    public static let standardInput = Awaited(descriptor: STDIN_FILENO, input: true, output: false)

    /// Whether there are bytes, an end or an error to take.
    public var hasInput: Bool { seen & Int32(pasted_wait_input) != 0 }
    /// Whether there is room to write, or an error to take.
    public var hasOutput: Bool { seen & Int32(pasted_wait_output) != 0 }

    /// Waits until something happens on one of them, a signal comes, or the time is over; notes what happened.
    /// - Parameter milliseconds: Negative: for ever.
    public static func wait(for all: inout [Awaited], milliseconds: Int32) throws(SystemError) {
        var waits = all.map { pasted_wait(fd: $0.descriptor, events: $0.events, seen: 0) }
        _ = try checked("poll", unsafe pasted_wait_for(&waits, waits.count, milliseconds))
        for index in all.indices { all[index].seen = waits[index].seen }
    }
}
