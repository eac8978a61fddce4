// The server that is measured: where it is, and what the kernel says of its process.

import Foundation
import TLS

/// Where the server listens and how it is known.
struct Server: Sendable {
    let host: String
    let port: UInt16
    let tls: TLSContext?
    let fingerprint: CertificateFingerprint?
    let process: ServerProcess

    var isSecure: Bool { tls != nil }
}

/// A process, as the kernel accounts for it.
struct ServerProcess: Sendable {
    let pid: pid_t

    /// CPU seconds of all its threads since its start, those that ended included.
    var cpuSeconds: Double {
        // clock_getcpuclockid(3): the number of a process' own clock. Ticks of /proc/PID/stat are 10 ms.
        seconds(of: clockid_t(~pid << 3 | 2))
    }

    /// Bytes that are its own, and bytes that are in memory.
    var memory: (anonymous: Int, resident: Int) {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)) ?? ""
        func bytes(_ field: String) -> Int {
            guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field + ":") }) else { return 0 }
            return 1_024 * (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
        }
        return (bytes("Anonymous"), bytes("Rss"))
    }

    /// CPU seconds of the kernel's threads that work off what system calls leave behind. On loopback they do a part of
    /// the server's sending, which nobody is charged for. They work for other programs, too.
    static var softirqSeconds: Double {
        softirqThreads.reduce(0) { sum, pid in
            let text = (try? String(contentsOfFile: "/proc/\(pid)/schedstat", encoding: .utf8)) ?? ""
            return sum + (text.split(separator: " ").first.flatMap { Double($0) } ?? 0) / 1e9
        }
    }

    private static let softirqThreads: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).filter { pid in
            Int(pid) != nil
                && (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.hasPrefix("ksoftirqd/") == true
        }

    /// Whether there is such a process and its clock can be read.
    var exists: Bool {
        var time = timespec()
        return clock_gettime(clockid_t(~pid << 3 | 2), &time) == 0
    }
}

/// Nanoseconds on a clock that nobody sets.
func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// CPU seconds of this process: near the seconds that went by, the generator was the limit.
func ownCPUSeconds() -> Double {
    seconds(of: CLOCK_PROCESS_CPUTIME_ID)
}

private func seconds(of clock: clockid_t) -> Double {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
