import PasteCore
import PasteModel

/// One TCP connection between a device and the server: bytes take their time, come in any pieces, and the
/// connection can be cut with nobody knowing what arrived.
final class Link {
    let number: Int
    private let agenda: Agenda
    private let dice: Dice
    /// How fast the device takes bytes.
    var slowness: Slowness

    // Client to server.
    /// Bytes that are at the server's socket and were not read.
    var unread: [UInt8] = []
    /// The client has ended its side and all before that was read or waits in `unread`.
    private(set) var isEndedByClient = false
    private var lastArrival: Milliseconds

    // Server to client.
    private var sendBuffer: [UInt8] = []
    private let sendBufferBytes: Int
    private var isReadPlanned = false
    private(set) var isEndedByServer = false

    /// The server's side is gone: nothing it hears or says matters.
    private(set) var isLostToServer = false
    /// The device's side is gone.
    private(set) var isLostToClient = false
    /// Segments that have not arrived yet never will.
    private var swallows = false
    /// The device reads nothing before this.
    var readsFrom: Milliseconds = 0

    /// Where the connection lives at the server; `nil` before the accept, in a hand-off and at the end.
    var seat: Seat?
    /// Where it moved to, in the order of moving.
    var onServerEvent: (Link) -> Void = { _ in }
    var onClientBytes: ([UInt8]) -> Void = { _ in }
    var onClientEnd: () -> Void = {}

    /// A connection's place in a shard.
    struct Seat {
        let shard: SimulatedShard
        let id: ConnectionID
        /// Reading stopped on the core's word.
        var isPaused = false
        /// The send buffer was full.
        var isBlocked = false
        /// Shut down as soon as everything is sent.
        var closesWhenFlushed = false
        var isQueued = false
    }

    /// How fast the device takes bytes.
    enum Slowness {
        case none
        case trickle(bytes: Int, every: Milliseconds)
    }

    init(
        number: Int, agenda: Agenda, dice: Dice, slowness: Slowness, sendBufferBytes: Int
    ) {
        self.number = number
        self.agenda = agenda
        self.dice = dice
        self.slowness = slowness
        self.sendBufferBytes = sendBufferBytes
        lastArrival = agenda.now
    }

    // MARK: The device's side

    /// The device sends: the bytes arrive later, in pieces.
    func clientSends(_ bytes: [UInt8]) {
        guard !isLostToClient, !swallows else { return }
        var start = 0
        while start < bytes.count {
            let most = bytes.count - start
            let count = dice.next() % 3 == 0 ? 1 + Int(dice.next() % UInt64(most)) : most
            let piece = Array(bytes[start..<start + count])
            start += count
            arrive { $0.unread += piece }
        }
    }

    /// The device is done.
    func clientEnds() {
        guard !isLostToClient else { return }
        isLostToClient = true
        arrive { $0.isEndedByClient = true }
    }

    private func arrive(_ effect: @escaping (Link) -> Void) {
        lastArrival = max(lastArrival, agenda.now + Int64(dice.next() % 20))
        agenda.plan(at: lastArrival) { [self] in
            guard !swallows, !isLostToServer else { return }
            effect(self)
            onServerEvent(self)
        }
    }

    // MARK: The server's side

    /// Takes what fits into the send buffer.
    /// - Returns: How many bytes it took.
    func serverSends(_ bytes: ArraySlice<UInt8>) -> Int {
        guard !isLostToServer, !isEndedByServer, !isLostToClient else { return bytes.count }
        let count = min(bytes.count, sendBufferBytes - sendBuffer.count)
        sendBuffer += bytes.prefix(count)
        planRead()
        return count
    }

    /// Everything sent is followed by the end.
    func serverEnds() {
        guard !isEndedByServer else { return }
        isEndedByServer = true
        isLostToServer = true
        seat = nil
        planRead()
    }

    private func planRead() {
        guard !isReadPlanned, !isLostToClient else { return }
        isReadPlanned = true
        let delay: Milliseconds =
            switch slowness {
            case .none: Int64(dice.next() % 20)
            case .trickle(_, let every): every
            }
        agenda.plan(at: max(readsFrom, agenda.now + delay)) { [self] in
            isReadPlanned = false
            clientReads()
        }
    }

    private func clientReads() {
        guard !isLostToClient else { return }
        guard agenda.now >= readsFrom else { return planRead() }
        var count = sendBuffer.count
        switch slowness {
        case .trickle(let bytes, _): count = min(count, bytes)
        case .none where dice.next() % 3 == 0: count = min(count, 1 + Int(dice.next() % 600))
        case .none: break
        }
        if count > 0 {
            let bytes = Array(sendBuffer.prefix(count))
            sendBuffer.removeFirst(count)
            onClientBytes(bytes)
            if seat?.isBlocked == true {
                onServerEvent(self)
            }
        }
        if !sendBuffer.isEmpty {
            planRead()
        } else if isEndedByServer, !isLostToClient {
            isLostToClient = true
            onClientEnd()
        }
    }

    // MARK: Trouble

    /// Cuts the connection: of what is under way in either direction some, all or nothing arrives, and each side
    /// learns of it when it may.
    func cut(serverLearnsAfter server: Milliseconds, clientLearnsAfter client: Milliseconds) {
        swallows = dice.next() % 2 == 0
        agenda.plan(after: server) { [self] in
            swallows = true
            guard !isLostToServer else { return }
            isLostToServer = true
            onServerEvent(self)
        }
        if dice.next() % 2 == 0 {
            sendBuffer = Array(sendBuffer.prefix(Int(dice.next() % UInt64(sendBuffer.count + 1))))
            isEndedByServer = true
        }
        agenda.plan(after: client) { [self] in
            guard !isLostToClient else { return }
            isLostToClient = true
            onClientEnd()
        }
    }

    /// The server's process died.
    func serverDied() {
        isLostToServer = true
        swallows = true
        seat = nil
        cut(serverLearnsAfter: 0, clientLearnsAfter: Int64(dice.next() % 2_000))
    }
}
