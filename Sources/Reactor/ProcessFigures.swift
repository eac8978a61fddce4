// What the system says of this process, for metrics.

import CLinux
import Glibc

/// Memory, descriptors and time of this process.
public struct ProcessFigures: Sendable {
    /// Bytes of memory in use, and of address space.
    public let residentBytes, virtualBytes: Int
    /// Descriptors that are open, and that may be.
    public let openDescriptors, mostDescriptors: Int
    /// Threads.
    public let threads: Int
    /// Seconds of CPU since the start, all threads' and the system's for them.
    public let cpuSeconds: Double
    /// When the process started, in seconds since 1970.
    public let startSeconds: Double

    /// The present ones. Reads a few files of `/proc`, which never wait for a disk.
    public init() {
        // proc_pid_stat(5), from the third field on: the second one, the name, may hold anything.
        let text = Self.read("/proc/self/stat")
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        func field(_ number: Int) -> Int { number - 2 < fields.count ? Int(fields[number - 2]) ?? 0 : 0 }
        let ticks = max(1, sysconf(Int32(_SC_CLK_TCK)))
        cpuSeconds = Double(field(14) + field(15)) / Double(ticks)
        threads = field(20)
        virtualBytes = field(23)
        residentBytes = field(24) * sysconf(Int32(_SC_PAGESIZE))
        let sinceBoot = Double(pasted_boot_nanoseconds()) / 1e9 - Double(field(22)) / Double(ticks)
        startSeconds = (Double(pasted_wall_nanoseconds()) / 1e9 - sinceBoot).rounded()
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        mostDescriptors = Int(clamping: limit.rlim_cur)
        openDescriptors = Self.countDescriptors()
    }

    private static func countDescriptors() -> Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe _ = closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // Two entries for directories, one for this look.
        return max(0, count - 3)
    }

    private static func read(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1_024)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
