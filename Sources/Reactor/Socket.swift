// One stream socket and its system calls.

import CLinux
import Glibc

/// A nonblocking stream socket: the one owner of its descriptor, which closes when the socket's life ends.
/// May move between threads; is used by one at a time.
public struct Socket: ~Copyable, Sendable {
    let descriptor: Int32

    /// Takes over a descriptor that nobody else will close.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        _ = pasted_close(descriptor)
    }

    /// A connected pair of local sockets.
    public static func pair() throws(SystemError) -> SocketPair {
        var first: Int32 = 0
        var second: Int32 = 0
        _ = try unsafe checked("socketpair", pasted_socket_pair(&first, &second))
        return SocketPair(first: Socket(owning: first), second: Socket(owning: second))
    }

    /// What `receive` found.
    public enum Received: Hashable, Sendable {
        /// That many bytes, at least one.
        case bytes(Int)
        /// Nothing for now: readiness will be told.
        case nothing
        /// The peer will send no more.
        case end
    }

    /// Takes what has arrived, as much as fits. `bytes` is not empty. Errors mean that the connection is lost.
    public borrowing func receive(
        into bytes: inout MutableSpan<UInt8>
    ) throws(SystemError) -> Received {
        let answer = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> Int64 in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe pasted_receive(descriptor, base, buffer.count)
        }
        if answer > 0 { return .bytes(Int(answer)) }
        if answer == 0 { return .end }
        if answer == -Int64(EAGAIN) { return .nothing }
        _ = try checked("recv", answer)
        return .end
    }

    /// Sends the front of `bytes`. Answers how many the system took: fewer than offered means that its buffer
    /// is full and that readiness will be told. Errors mean that the connection is lost.
    public borrowing func send(_ bytes: Span<UInt8>) throws(SystemError) -> Int {
        let answer = unsafe bytes.withUnsafeBufferPointer { buffer -> Int64 in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe pasted_send(descriptor, base, buffer.count)
        }
        if answer >= 0 { return Int(answer) }
        if answer == -Int64(EAGAIN) { return 0 }
        return Int(try checked("send", answer))
    }

    /// Tells the peer that no more will be sent (FIN). A connection that is gone already is no error.
    public borrowing func shutDownOutput() {
        _ = pasted_shutdown_output(descriptor)
    }
}

/// Two sockets that are connected to each other.
@frozen
public struct SocketPair: ~Copyable, Sendable {
    /// One end.
    public var first: Socket
    /// The other end.
    public var second: Socket

    init(first: consuming Socket, second: consuming Socket) {
        self.first = first
        self.second = second
    }
}
