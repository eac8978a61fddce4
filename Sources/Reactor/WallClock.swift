// The time of day, made fit for deadlines.

import CLinux

/// Milliseconds since 1970 that never go back. A clock that is set forward is followed at once. When it is set
/// back, this one goes on at half speed until the other has caught up: it never stands still, so no deadline
/// is stuck, and equal instants do not pile up.
public struct WallClock: Sendable {
    private var newest: Int64
    private var bootAtNewest: Int64

    /// A clock that starts with the system's.
    public init() {
        newest = pasted_wall_nanoseconds()
        bootAtNewest = pasted_boot_nanoseconds()
    }

    /// The system's time, in milliseconds since 1970.
    public static var present: Int64 { pasted_wall_nanoseconds() / 1_000_000 }

    /// The time, in milliseconds since 1970.
    public mutating func milliseconds() -> Int64 {
        nanoseconds() / 1_000_000
    }

    /// How long to wait until `deadline` (milliseconds since 1970), in nanoseconds, at least 0.
    mutating func nanoseconds(until deadline: Int64) -> Int64 {
        let (instant, overflow) = deadline.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (deadline < 0 ? 0 : .max) : max(0, instant &- nanoseconds())
    }

    mutating func nanoseconds() -> Int64 {
        advance(wall: pasted_wall_nanoseconds(), boot: pasted_boot_nanoseconds())
    }

    /// One reading of the system's two clocks: the time of day and the time since boot.
    mutating func advance(wall: Int64, boot: Int64) -> Int64 {
        newest = max(wall, newest &+ max(0, boot &- bootAtNewest) / 2)
        bootAtNewest = max(boot, bootAtNewest)
        return newest
    }
}

/// Time that goes on while the machine sleeps and that nobody sets: for waits and time-outs.
public enum Clock {
    /// Milliseconds since the machine started.
    public static var milliseconds: Int64 { pasted_boot_nanoseconds() / 1_000_000 }
}
