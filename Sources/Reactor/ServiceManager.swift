// What is told to the service manager that started the process: sd_notify(3), one datagram per message.

import CLinux
import Glibc

/// The service manager, if there is one. Any thread.
public struct ServiceManager: Sendable {
    private let address: String?
    /// Within which time it wants to hear that all is well; `nil`: it does not watch.
    public let watchdog: Duration?

    /// The one that the environment names.
    public init() {
        address = Self.text("NOTIFY_SOCKET")
        let isMeant = Self.text("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        let microseconds = Self.text("WATCHDOG_USEC").flatMap(Int64.init) ?? 0
        watchdog = address != nil && isMeant && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Connections are served.
    public func ready() { tell("READY=1\nSTATUS=Serving.") }
    /// Settings are read again; `ready` follows.
    public func reloading() {
        tell("RELOADING=1\nMONOTONIC_USEC=\(pasted_monotonic_nanoseconds() / 1_000)")
    }
    /// The end has begun.
    public func stopping() { tell("STOPPING=1\nSTATUS=Closing connections.") }
    /// All is well.
    public func alive() { tell("WATCHDOG=1") }
    /// What is going on, in a sentence.
    public func status(_ sentence: String) { tell("STATUS=\(sentence)") }

    /// A manager that does not listen is no trouble of ours.
    private func tell(_ message: String) {
        guard let address else { return }
        let bytes = Array(message.utf8)
        _ = unsafe pasted_datagram(address, bytes, bytes.count)
    }

    private static func text(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
