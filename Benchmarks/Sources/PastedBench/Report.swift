// What is said in the end.

import Foundation
import Histogram

/// One number with its name, for machines, and its meaning, for people.
struct Figure: Sendable {
    let name: String
    let value: Double
    let meaning: String

    init(_ name: String, _ value: Double, _ meaning: String) {
        (self.name, self.value, self.meaning) = (name, value, meaning)
    }
}

/// A measurement, as lines of text or as JSON.
struct Report {
    private let workload: String
    private let isSecure: Bool
    private let fault: String?
    private var figures: [Figure] = []

    var isGood: Bool { fault == nil }

    init(_ workload: String, _ measured: Measured, unit: String, _ own: [Figure]) {
        self.workload = workload
        isSecure = measured.isSecure
        let tally = measured.tally
        fault = tally.faults == 0 ? nil : "\(tally.faults) faults; the first: \(tally.firstFault ?? "")"
        let cpu = measured.serverCPU + measured.softirqCPU
        if tally.deliveries > 0 {
            figures += [
                Figure("cpuMicroseconds", cpu * 1e6 / Double(tally.deliveries), "us of the server's CPU a \(unit)"),
                Figure("perSecond", Double(tally.deliveries) / measured.seconds, "times a \(unit) in a second"),
            ]
            figures += Self.percentiles(tally.delays, "delay", "us to a \(unit)")
        }
        if tally.completed > 0 {
            figures += [
                Figure("requestMicroseconds", cpu * 1e6 / Double(tally.completed), "us of the server's CPU a request"),
                Figure("requestsPerSecond", Double(tally.completed) / measured.seconds, "requests a second"),
            ]
            figures += Self.percentiles(tally.completions, "all", "us until all have seen a request")
        }
        figures += own
        figures += [
            Figure("seconds", measured.seconds, "seconds measured"),
            Figure("softirqSeconds", measured.softirqCPU, "seconds of them for the kernel's ksoftirqd"),
            Figure("serverBusy", 100 * measured.serverCPU / measured.seconds, "% of a core for the server"),
            Figure("ownBusy", 100 * measured.ownCPU / measured.seconds, "% of a core for this program"),
            Figure("anonymousBytes", Double(measured.memory.anonymous), "bytes of the server's own, in all"),
            Figure("residentBytes", Double(measured.memory.resident), "bytes of the server in memory, in all"),
        ]
    }

    private static func percentiles(_ delays: Histogram<UInt64>, _ name: String, _ meaning: String) -> [Figure] {
        [("P50", 50.0), ("P90", 90), ("P99", 99), ("P999", 99.9), ("Max", 100)].map { suffix, percentile in
            Figure(
                name + suffix, Double(delays.valueAtPercentile(percentile)),
                "\(meaning), \(percentile == 100 ? "at most" : "\(percentile.formatted()) %")")
        }
    }

    var table: String {
        let head = "\(workload), \(isSecure ? "TLS" : "plain"): \(fault ?? "nothing lost, doubled or out of order")"
        let lines = figures.map { figure in
            String(format: "%16.*f  ", figure.value < 1_000 ? 2 : 0, figure.value) + figure.meaning
        }
        return ([head] + lines).joined(separator: "\n")
    }

    var json: String {
        var fields = ["\"workload\":\"\(workload)\"", "\"tls\":\(isSecure)"]
        fields += figures.map { "\"\($0.name)\":\($0.value)" }
        if let fault, let text = try? JSONEncoder().encode(fault) {
            fields.append("\"fault\":" + String(decoding: text, as: UTF8.self))
        }
        return "{" + fields.joined(separator: ",") + "}"
    }
}
