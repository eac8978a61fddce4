// Signals to a process that is certainly the one that is meant, and what others may see of this one.

import CLinux
import Glibc

/// A process by a descriptor: its number can not come to mean another one.
public struct OtherProcess: ~Copyable {
    private let descriptor: Int32

    /// The process that has that number now.
    public init(_ number: Int32) throws(SystemError) {
        descriptor = try checked("pidfd_open", pasted_process_open(number))
    }

    deinit {
        _ = pasted_close(descriptor)
    }

    /// Asks it to end in order.
    public borrowing func terminate() throws(SystemError) {
        _ = try checked("pidfd_send_signal", pasted_process_signal(descriptor, SIGTERM))
    }
}

/// Keeps the memory, which holds keys and texts, out of core files and from other programs of the same user.
public func hideMemory() {
    _ = pasted_hide_memory()
}
