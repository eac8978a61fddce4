// One connection as its shard sees it: the socket, its TLS session, and what is half done.
//
//     introducing --the proxy's header--> open     only through the operator's proxies
//     open --closing--> flushing --all sent, FIN--> lingering --the peer's FIN, an error or 2 s--> gone
//       \________________________________ abort, error _______________________________________/
//
// An idle connection holds no buffer: bytes are received into, decrypted into and sent from the shard's.

import PasteCore
import Reactor
import TLS

/// A connection. Confined to its shard; its socket and its TLS session leave it when it moves.
final class Connection {
    let id: ConnectionID
    var phase = Phase.open
    let isSecure: Bool
    let isOperator: Bool
    var flags: Flags = []
    var socket: Socket?
    /// Ciphertext that the socket did not take. While there is any, nothing more is encrypted. Grown by `leave`.
    var unsent: [UInt8] = []
    /// Ciphertext that was received while nobody wanted its content; before that, the beginning of a proxy's header.
    /// Grown by `keep`.
    var unread: [UInt8] = []
    var tls: TLSSession?
    /// Bytes of ciphertext in a row that carried no plaintext.
    var barrenBytes = 0
    /// Who connected.
    let peer: PeerAddress

    enum Phase {
        /// A proxy has to say who is at the other end.
        case introducing
        case open
        /// What the service left is sent, then the connection is shut down.
        case flushing
        /// Shut down from our side: what still comes in is thrown away.
        case lingering
    }

    struct Flags: OptionSet {
        let rawValue: UInt16
        /// The kernel has, or may have, something to receive.
        static let mayRead = Flags(rawValue: 1)
        /// The kernel said that the end is near: a short read does not mean that there is no more.
        static let endIsNear = Flags(rawValue: 1 << 1)
        /// The kernel has room, as far as we know.
        static let mayWrite = Flags(rawValue: 1 << 2)
        /// The service does not want input now.
        static let isPaused = Flags(rawValue: 1 << 3)
        /// The service has output, or may have.
        static let hasOutput = Flags(rawValue: 1 << 4)
        /// Waits for its turn.
        static let isQueued = Flags(rawValue: 1 << 5)
        /// The peer's end was seen and told.
        static let hasEnded = Flags(rawValue: 1 << 6)
        /// The TLS session may hold plaintext of a record that it has read.
        static let mayHoldPlaintext = Flags(rawValue: 1 << 7)
        /// close_notify is on its way.
        static let saidGoodbye = Flags(rawValue: 1 << 8)
        /// The TLS handshake was counted, as done or as failed.
        static let isCounted = Flags(rawValue: 1 << 9)
        /// The socket was closed or has moved: nothing more can be done for it.
        static let isGone = Flags(rawValue: 1 << 10)
    }

    init(_ id: ConnectionID, _ peer: PeerAddress, _ socket: consuming Socket, isSecure: Bool, isOperator: Bool) {
        self.id = id
        self.peer = peer
        self.socket = consume socket
        self.isSecure = isSecure
        self.isOperator = isOperator
    }

    // Moved out, changed and moved in: where a part is changed in its place by what the compiler can't see into, every look
    // at that part, wherever it is, is checked at run time for overlapping with a change.

    /// Keeps ciphertext that the socket does not take yet.
    func leave(_ ciphertext: [UInt8]) {
        var all = unsent
        unsent = []
        all += ciphertext
        unsent = all
    }

    /// Keeps ciphertext, or the beginning of a proxy's header, for later.
    func keep(_ bytes: Span<UInt8>) {
        var all = unread
        unread = []
        all.append(addingCapacity: bytes.count) { room in
            for index in bytes.indices { room.append(bytes[index]) }
        }
        unread = all
    }

    /// Whether a turn of reading would find something and somebody who wants it. Who does not take our answers
    /// does not get more questions answered.
    var wantsRead: Bool {
        guard phase != .lingering else { return flags.contains(.mayRead) }
        guard flags.isDisjoint(with: [.isPaused, .hasEnded]), unsent.count < IOLimits.unsentBytes else { return false }
        return !flags.isDisjoint(with: [.mayRead, .mayHoldPlaintext]) || !unread.isEmpty
    }

    /// Whether a turn of writing would find something and room for it.
    var wantsWrite: Bool {
        flags.contains(.mayWrite) && (flags.contains(.hasOutput) || !unsent.isEmpty)
    }
}

/// A shard's connections by slot. A slot is used again with a new generation, so that neither the kernel's
/// events nor the service's effects for an old connection reach the new one.
struct ConnectionTable {
    private var slots: [Connection?] = []
    private var generations: [UInt32] = []
    private var free: [UInt32] = []

    /// How many there are.
    var count: Int { slots.count - free.count }

    /// An id for one more connection.
    mutating func reserve() -> ConnectionID {
        if let slot = free.popLast() { return ConnectionID(slot: slot, generation: generations[Int(slot)]) }
        slots.append(nil)
        generations.append(0)
        return ConnectionID(slot: UInt32(slots.count - 1), generation: 0)
    }

    mutating func set(_ connection: Connection) {
        slots[Int(connection.id.slot)] = connection
    }

    mutating func release(_ id: ConnectionID) {
        slots[Int(id.slot)] = nil
        generations[Int(id.slot)] &+= 1
        free.append(id.slot)
    }

    subscript(_ id: ConnectionID) -> Connection? {
        let slot = Int(id.slot)
        guard slot < slots.count, let connection = slots[slot], connection.id == id else { return nil }
        return connection
    }

    /// News of the connection in this slot, or output for it, comes soon.
    func prefetch(slot: UInt32) {
        guard Int(slot) < slots.count else { return }
        unsafe PasteCore.prefetch(slots[Int(slot)].address)
    }

    /// All connections.
    var all: [Connection] { slots.compactMap(\.self) }
}
