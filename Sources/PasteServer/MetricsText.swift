// Prometheus' text format, version 0.0.4: each metric once, its help and type before its samples.

import PasteCore
import PasteModel
import Reactor

/// Metrics as text. Names get the prefix `pasted_`, and counters the ending `_total`.
struct MetricsText {
    private(set) var text = ""

    /// A number that only grows.
    mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        describe("pasted_\(name)_total", help, "counter")
        text += "pasted_\(name)_total \(value)\n"
    }

    /// Numbers that only grow, told apart by a label.
    mutating func counter(_ name: String, _ help: String, by label: String, _ rows: [(String, UInt64)]) {
        describe("pasted_\(name)_total", help, "counter")
        for (value, count) in rows { text += "pasted_\(name)_total{\(label)=\"\(escaped(value))\"} \(count)\n" }
    }

    /// A number that goes up and down.
    mutating func gauge(_ name: String, _ help: String, _ value: Int64) {
        describe("pasted_\(name)", help, "gauge")
        text += "pasted_\(name) \(value)\n"
    }

    /// Numbers that go up and down, told apart by a label.
    mutating func gauge(_ name: String, _ help: String, by label: String, _ rows: [(String, Int64)]) {
        describe("pasted_\(name)", help, "gauge")
        for (value, count) in rows { text += "pasted_\(name){\(label)=\"\(escaped(value))\"} \(count)\n" }
    }

    /// A metric of `Visitors`.
    mutating func family(_ family: VisitorFigures.Family) {
        let name = family.isCounter ? "pasted_\(family.name)_total" : "pasted_\(family.name)"
        describe(name, family.help, family.isCounter ? "counter" : "gauge")
        for sample in family.samples { text += "\(name)\(sample.labels) \(sample.value)\n" }
    }

    /// How often a measure fell into which range; durations are told in seconds.
    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        describe("pasted_\(name)", help, "histogram")
        func told(_ value: UInt64) -> String {
            histogram.scale == .microseconds ? "\(Double(value) / 1_000_000)" : "\(value)"
        }
        for place in 0..<Histogram.bounds {
            text += "pasted_\(name)_bucket{le=\"\(told(histogram.bound(place)))\"} \(histogram.upTo(place))\n"
        }
        text += "pasted_\(name)_bucket{le=\"+Inf\"} \(histogram.total)\n"
        text += "pasted_\(name)_sum \(told(histogram.sum))\npasted_\(name)_count \(histogram.total)\n"
    }

    /// What every Prometheus client tells of its process, under the names that are the same everywhere.
    mutating func describeProcess() {
        let figures = ProcessFigures()
        process("cpu_seconds_total", "User and system CPU time in seconds.", "counter", "\(figures.cpuSeconds)")
        process("open_fds", "Open file descriptors.", "gauge", "\(figures.openDescriptors)")
        process("max_fds", "Most file descriptors that may be open.", "gauge", "\(figures.mostDescriptors)")
        process("resident_memory_bytes", "Resident memory in bytes.", "gauge", "\(figures.residentBytes)")
        process("virtual_memory_bytes", "Address space in bytes.", "gauge", "\(figures.virtualBytes)")
        process("threads", "Threads of the process.", "gauge", "\(figures.threads)")
        process(
            "start_time_seconds", "When the process started, in seconds since 1970.", "gauge",
            "\(Int64(figures.startSeconds))")
    }

    private mutating func process(_ name: String, _ help: String, _ type: String, _ value: String) {
        describe("process_\(name)", help, type)
        text += "process_\(name) \(value)\n"
    }

    private func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private mutating func describe(_ name: String, _ help: String, _ type: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }
}
