// What every load has in common.

import PasteProtocol

/// A load on the server: who connects, what they say and when. The driver calls it, in this order:
///
///     prepare          all connections are open: make pastes, follow them
///     received ...     until `isReady`
///     tick, received   with `room.isSending`: the warm-up, then the measurement
///     received         until nothing is `outstanding`: late deliveries are waited for, and missing ones are found
///     verify           and until nothing is outstanding again
protocol Workload {
    /// Connections to open before anything else happens.
    var connections: Int { get }
    /// Whether a connection is given up as soon as it is open, and the next one opened: `connections` at a time.
    var hangsUpAtOnce: Bool { get }
    mutating func prepare(_ room: Room)
    /// Whether everything is in place.
    var isReady: Bool { get }
    mutating func received(_ message: ServerMessage, by device: Device, in room: Room)
    /// Sends what is due.
    /// - Returns: When to be called again, in nanoseconds; nil: when something comes.
    mutating func tick(_ room: Room) -> Int64?
    /// Requests without all their deliveries.
    var outstanding: Int { get }
    /// Holds what was seen against what the server has now.
    mutating func verify(_ room: Room)
    /// Whether a measurement in which nothing was delivered is a failure.
    var delivers: Bool { get }
    /// What one of `Tally.deliveries` is.
    var unit: String { get }
    /// What else is to be said of it.
    func figures(_ measured: Measured) -> [Figure]
}

extension Workload {
    var hangsUpAtOnce: Bool { false }
    var isReady: Bool { true }
    var outstanding: Int { 0 }
    var delivers: Bool { true }
    var unit: String { "delivery" }
    mutating func prepare(_ room: Room) {}
    mutating func received(_ message: ServerMessage, by device: Device, in room: Room) {}
    mutating func tick(_ room: Room) -> Int64? { nil }
    mutating func verify(_ room: Room) {}
    func figures(_ measured: Measured) -> [Figure] { [] }
}
