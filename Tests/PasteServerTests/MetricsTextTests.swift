import PasteModel
import Testing

@testable import PasteServer

@Suite struct MetricsTextTests {
    @Test("a bound belongs to its range, what is above all bounds is counted in the last; buckets add up")
    func histogram() {
        var histogram = Histogram(.count)
        for value: UInt64 in [0, 1, 2, 3, 16_384, 16_385, .max] { histogram.add(value) }
        #expect((0..<3).map(histogram.upTo) == [2, 3, 4])
        #expect(histogram.upTo(Histogram.bounds - 1) == 5)
        #expect(histogram.total == 7)
        var sum = histogram
        sum.add(histogram)
        #expect(sum.total == 14 && sum.upTo(0) == 4)
    }

    @Test("durations are told in seconds, each family once with its help and type before it")
    func text() {
        var text = MetricsText()
        var histogram = Histogram(.microseconds)
        histogram.add(100)
        histogram.add(20_000_000)
        text.histogram("wait_seconds", "Waiting.", histogram)
        text.gauge("length", "Lengths.", by: "shard", [("0", 1), ("1", -2)])
        let lines = text.text.split(separator: "\n")
        #expect(
            lines.prefix(3) == [
                "# HELP pasted_wait_seconds Waiting.", "# TYPE pasted_wait_seconds histogram",
                "pasted_wait_seconds_bucket{le=\"0.0001\"} 1",
            ])
        #expect(lines.contains("pasted_wait_seconds_bucket{le=\"10.0\"} 1"))
        #expect(lines.contains("pasted_wait_seconds_bucket{le=\"+Inf\"} 2"))
        #expect(lines.contains("pasted_wait_seconds_sum 20.0001"))
        #expect(
            lines.suffix(4) == [
                "# HELP pasted_length Lengths.", "# TYPE pasted_length gauge", "pasted_length{shard=\"0\"} 1",
                "pasted_length{shard=\"1\"} -2",
            ])
    }
}
