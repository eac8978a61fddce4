// How a connection gets to its paste's home shard. The `Connection` stays behind and dies; its socket, its TLS
// session off the wire, and the bytes that it holds move, and the other shard makes a connection of them.

import PasteCore
import PasteModel
import PasteStore
import Reactor
import Synchronization
import TLS

/// All that moves with a connection. Taken out once, by the shard that gets it. When nobody takes it, the
/// socket closes with it.
final class Handoff<Transfer: Sendable>: Sendable {
    struct Content: ~Copyable, Sendable {
        var peer: PeerAddress
        var socket: Socket
        var tls: DetachedTLSSession?
        var isSecure: Bool
        var isOperator: Bool
        var flags: Connection.Flags
        var unsent: [UInt8]
        var unread: [UInt8]
        var transfer: Transfer
    }

    private let content: Mutex<Content?>

    init(_ content: consuming sending Content) {
        self.content = Mutex(consume content)
    }

    func take() -> sending Content? {
        content.withLock { content in content.take() }
    }
}

/// What a shard gets from other threads.
enum ShardMessage<Transfer: Sendable>: Sendable {
    /// A connection moves here.
    case handOff(Handoff<Transfer>)
    /// A shard tells something about a paste that it shares with this one.
    case note(ShardNote)
    /// The store has answered.
    case answers([StoreAnswer])
    /// Close what is there in order, spread over at most so many milliseconds.
    case drain(spread: Milliseconds)
    /// Accept no more.
    case stopAccepting
    /// Work by these settings from now on.
    case reload(CoreSettings)
    /// Close everything at once.
    case stop
}

/// The shard as the store sees it.
struct ShardSink<Transfer: Sendable>: StoreSink {
    let mailbox: Mailbox<ShardMessage<Transfer>>

    func deliver(_ answers: [StoreAnswer]) {
        // Bounded by the requests that are in flight: each has one answer.
        mailbox.deliver(.answers(answers))
    }
}
