// Asking for objects before they are needed. With thousands of devices little of the next one is in the processor's cache,
// and its first reference count would hold everything up until memory has answered. While one is served, a system call
// included, memory has time for several others.

public import CPrefetch
import PasteModel

/// How many turns ahead something is asked for: what is found by way of something else after that.
public enum Lookahead {
    /// News of a connection is noted, which takes next to no time.
    public static let connection = 6
    /// A session's turn to be read.
    public static let session = 3
    /// What that leads to.
    public static let paste = 1
    /// A connection's turn to be written, and its session's.
    public static let output = 2
    /// The store's word on a paste.
    static let answer = 3
    /// Its text, and who follows it.
    static let viewers = 1
}

/// Has the processor fetch the first 256 bytes at an object's address, where ours keep what every message looks at. Changes
/// nothing and waits for nothing.
@inlinable @inline(__always)
public func prefetch(_ address: UnsafeMutableRawPointer?) {
    guard let address = unsafe address else { return }
    for line in 0..<4 {
        unsafe pasted_prefetch(address + 64 * line)
    }
}

extension Optional where Wrapped: AnyObject {
    /// Where the object is. To be asked of an expression and not of a constant, which would hold a reference: that is counted
    /// in the object, and so waits for it.
    @inlinable @inline(__always)
    public var address: UnsafeMutableRawPointer? {
        unsafe map { unsafe Unmanaged.passUnretained($0).toOpaque() }
    }
}

extension ShardCore {
    /// Input or output of this connection comes soon.
    public func prefetchSession(_ id: ConnectionID) {
        guard Int(id.slot) < sessions.count else { return }
        unsafe prefetch(sessions[Int(id.slot)].address)
    }

    /// Input of this connection comes next; its session was asked for before.
    public func prefetchPaste(_ id: ConnectionID) {
        guard Int(id.slot) < sessions.count else { return }
        unsafe prefetch((sessions[Int(id.slot)]?.view).address)
        unsafe prefetch((sessions[Int(id.slot)]?.view?.paste).address)
    }

    /// The store's word on this paste comes soon.
    func prefetchPaste(_ answer: StoreAnswer) {
        guard case .committed(let id, _, _) = answer else { return }
        unsafe prefetch(pastes[id].address)
    }

    /// The store's word on this paste comes next; the paste was asked for before.
    func prefetchViewers(_ answer: StoreAnswer) {
        guard case .committed(let id, _, _) = answer, let live = pastes[id] else { return }
        unsafe prefetch(live.paste.address)
        for index in 0..<min(live.viewers.count, Self.viewersAhead) {
            unsafe prefetch(Optional(live.viewers[index]).address)
        }
    }

    /// Of very many the last would be displaced again before their turn.
    private static let viewersAhead = 4
}
