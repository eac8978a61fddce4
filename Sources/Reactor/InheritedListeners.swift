// Listening sockets that somebody else opened: systemd's socket activation, sd_listen_fds(3).
//
// They outlive this process: connections that come while no process serves wait in their queue. That is how
// an upgrade refuses nobody.

import Glibc

extension Listener {
    /// The sockets that were passed in. Empties the environment's word of them, so that no child takes them
    /// for its own. To be called once, before other threads run.
    /// - Throws: `SystemError` for a descriptor that is no listening internet socket.
    public static func inherited() throws(SystemError) -> [Listener] {
        let (pid, count, names) = (text("LISTEN_PID"), text("LISTEN_FDS"), text("LISTEN_FDNAMES"))
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsafe unsetenv(name) }
        guard let pid, Int32(pid) == getpid(), let count = count.flatMap(Int32.init), count > 0 else { return [] }
        let named = (names ?? "").split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var listeners: [Listener] = []
        for index in 0..<min(count, mostDescriptors) {
            let name = Int(index) < named.count ? named[Int(index)] : ""
            listeners.append(try Listener(inheriting: firstDescriptor + index, name: name))
        }
        return listeners
    }

    /// `SD_LISTEN_FDS_START`.
    private static let firstDescriptor: Int32 = 3
    /// More would be a mistake.
    private static let mostDescriptors: Int32 = 64

    private static func text(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
