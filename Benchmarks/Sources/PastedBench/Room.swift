// What a workload has at hand: its devices, the time, and where it notes what it saw.

import Histogram
import PasteProtocol

/// A workload's surroundings. The driver fills it, the workload uses it.
final class Room {
    /// All connections that are open, in the order in which they were opened.
    var devices: [Device] = []
    /// The present tick's time, in nanoseconds.
    var now = nanoseconds()
    /// Whether new requests are made: from the warm-up to the end of the measurement.
    var isSending = false
    /// Whether what is seen counts.
    var isMeasuring = false

    private(set) var tally = Tally()
    private var dirty: [Device] = []

    /// Queues a message of a device; the driver sends it when the tick is over.
    func send(_ message: ClientMessage, from device: Device) {
        device.send(message)
        if dirty.last !== device { dirty.append(device) }
    }

    func takeDirty() -> [Device] {
        defer { dirty.removeAll(keepingCapacity: true) }
        return dirty
    }

    // MARK: Notes

    /// A device was shown what somebody asked for at `due`: in a closed loop the time of sending; in an open one the
    /// time when it was to be sent, whether or not the load was late then. So a server that stops for a second is
    /// charged for everybody who would have come in that second (no coordinated omission).
    func delivered(due: Int64) {
        guard isMeasuring else { return }
        tally.deliveries += 1
        tally.delays.record(UInt64(max(1, now - due) / 1_000))
    }

    /// A request was shown to all that follow its paste.
    func completed(due: Int64) {
        guard isMeasuring else { return }
        tally.completed += 1
        tally.completions.record(UInt64(max(1, now - due) / 1_000))
    }

    /// Something came that must not come, or not now.
    func wrong(_ what: @autoclosure () -> String) {
        tally.faults += 1
        if tally.firstFault == nil { tally.firstFault = what() }
    }
}

/// What was counted. Delays are in microseconds.
struct Tally {
    var deliveries = 0
    var completed = 0
    /// Each delivery's delay.
    var delays = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    /// Each request's, to the last delivery.
    var completions = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    /// Events lost, doubled or out of order, refusals, connections lost.
    var faults = 0
    var firstFault: String?

    init() {
        delays.autoResize = true
        completions.autoResize = true
    }
}

/// Spreads requests evenly over time.
struct Pacer {
    private let interval: Double
    private var next: Double?

    /// - Parameter rate: Requests a second.
    init(rate: Double) {
        interval = 1e9 / rate
    }

    /// When the next request is due.
    var due: Int64 { next.map { Int64($0) } ?? 0 }

    /// Takes one that is due by now; nil when none is.
    mutating func take(now: Int64) -> Int64? {
        let due = next ?? Double(now)
        guard due <= Double(now) else {
            next = due
            return nil
        }
        next = due + interval
        return Int64(due)
    }
}
