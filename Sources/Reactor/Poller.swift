// One epoll. Descriptors are registered once, edge-triggered, for both directions: no call changes interest
// afterwards. Who gets news tries the call until `EAGAIN`, or comes back for the rest by itself.

import CLinux

/// A set of descriptors and the news about them. Registering works on any thread.
public struct Poller: ~Copyable, Sendable {
    private let epoll: Int32

    /// Readiness taken from the kernel at once. More waits for the next tick.
    static let readinessAtOnce = 256

    init() throws(SystemError) {
        epoll = try checked("epoll_create1", pasted_epoll_create())
    }

    deinit {
        _ = pasted_close(epoll)
    }

    /// Wants news about a socket. The first comes at once.
    public borrowing func add(_ socket: borrowing Socket, as token: Token) throws(SystemError) {
        _ = try checked("epoll_ctl", pasted_epoll_add_socket(epoll, socket.descriptor, token.word))
    }

    /// Wants no more news about a socket. Needed only for one that stays open; closing ends it anyway.
    public borrowing func remove(_ socket: borrowing Socket) {
        _ = pasted_epoll_remove(epoll, socket.descriptor)
    }

    /// Wants to be told while connections wait (level-triggered, one of the pollers that share the listener).
    public borrowing func add(_ listener: Listener, as token: Token) throws(SystemError) {
        _ = try checked("epoll_ctl", pasted_epoll_add_listener(epoll, listener.descriptor, token.word))
    }

    /// Wants to hear no more of a listener.
    public borrowing func remove(_ listener: Listener) {
        _ = pasted_epoll_remove(epoll, listener.descriptor)
    }

    borrowing func add(_ wakeup: borrowing Wakeup) throws(SystemError) {
        _ = try checked("epoll_ctl", pasted_epoll_add_event(epoll, wakeup.descriptor, Token.wakeup.word))
    }

    /// Waits for news at most that long, for ever when negative, and puts it into `ready`. `scratch` has
    /// `readinessAtOnce` elements. News for the loop itself is left out.
    borrowing func wait(
        nanoseconds: Int64, scratch: inout [pasted_readiness], into ready: inout [Readiness]
    ) {
        ready.removeAll(keepingCapacity: true)
        let count = unsafe pasted_epoll_wait(epoll, &scratch, Int32(scratch.count), nanoseconds)
        precondition(count >= 0, "epoll_wait: error \(-count)")
        for index in 0..<Int(count) {
            let token = Token(word: scratch[index].token)
            guard token.slot != Token.wakeup.slot else { continue }
            ready.append(Readiness(token: token, events: .init(rawValue: scratch[index].events)))
        }
    }
}

extension Socket {
    /// The same as `Poller.add`, from the socket's side: for one that is held in an optional.
    public borrowing func register(with poller: borrowing Poller, as token: Token) throws(SystemError) {
        try poller.add(self, as: token)
    }
}
