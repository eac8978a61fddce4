"""What the tables say of measurements that are made up."""

import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import alone  # noqa: E402
import others  # noqa: E402
import tables  # noqa: E402


def written(rows):
    """RESULTS.md of these rows."""
    with tempfile.TemporaryDirectory(prefix="pasted-test-") as directory:
        tables.write([{"part": "machine", "date": "today", "repetitions": 1}, *rows], "", pathlib.Path(directory))
        return pathlib.Path(directory, "Benchmarks/RESULTS.md").read_text()


def measured(**fields):
    return {"part": "macro", "name": "a load", "tls": False, "workload": "echo", "cpuMicroseconds": 1.0, **fields}


class Disturbance(unittest.TestCase):
    def warns(self, *shares):
        return "The machine did other things" in written([measured(others=share) for share in shares])

    def test_it_is_told_from_a_share_of_five_percent_in_the_median_measurement(self):
        self.assertFalse(self.warns(0.04))
        self.assertFalse(self.warns(0.05))
        self.assertTrue(self.warns(0.051))
        self.assertFalse(self.warns(0.01, 0.01, 0.9), "one noisy measurement")
        self.assertTrue(self.warns(0.01, 0.2, 0.9))

    def test_rows_without_a_share_say_nothing(self):
        self.assertNotIn("other things", written([measured(), {**measured(), "fault": "lost"}]))

    def test_the_share_is_told_in_the_median_and_in_the_worst_measurement(self):
        text = written([measured(others=share) for share in (0.1, 0.125, 0.75)])
        self.assertIn("12% of the time", text)
        self.assertIn("75% in the worst", text)


class Tables(unittest.TestCase):
    def test_a_row_is_under_its_load_also_when_it_is_spoilt(self):
        rows = [measured(), measured(name="quiet", workload="idle", fault="lost")]
        load, idle = written(rows).split("## Connections that say nothing")
        self.assertIn("| a load | plain |", load)
        self.assertNotIn("quiet", load)
        self.assertRegex(idle, r"\| quiet \| plain \|.*\| 0, and 1 spoilt \|")


class Alone(unittest.TestCase):
    def test_what_comes_in_a_gap_waits_for_its_end(self):
        second, gap = 1_000_000_000, 20_000_000
        for share, delay in ((0.5, 0), (0.02, 0), (0.01, 10_000_000), (0.001, 19_000_000), (0, gap)):
            self.assertEqual(alone.percentile([gap], second, share), delay, share)
        self.assertEqual(alone.percentile([gap, gap], second, 0.01), 15_000_000)
        self.assertEqual(alone.percentile([], second, 0.01), 0)

    def test_both_are_told_in_microseconds_and_stand_before_the_loads(self):
        rows = [{"part": "alone", "tls": False, "name": "disk", **alone.disk(20)}]
        self.assertTrue(0 < rows[0]["delayP50"] <= rows[0]["delayP99"] <= rows[0]["delayP999"] < 1e7)
        self.assertLessEqual(alone.core(min(os.sched_getaffinity(0)), 0.01)["delayP999"], 1e7)
        own, load = written(rows + [measured()]).split("## Load")
        self.assertRegex(own, r"\| disk \| [0-9,]+ \|")
        self.assertNotIn("disk", load)


class Others(unittest.TestCase):
    STAT = ("cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 100 20 300 5000 600 7 80 9 50 1\ncpu1 1 1 1 1 1 1 1 1 1 1\n"
            "cpu10 1000 0 0 0 0 0 0 0 0 0\nintr 1\n")

    def test_busy_is_all_but_idle_and_waiting_of_the_cores_that_were_measured(self):
        self.assertEqual(others.busy(self.STAT, {0}) * others.TICKS, 100 + 20 + 300 + 7 + 80 + 9)
        self.assertEqual(others.busy(self.STAT, {0, 10}) * others.TICKS, 516 + 1000)

    def test_the_share_is_what_is_left_of_the_busy_time(self):
        self.assertAlmostEqual(others.share((10, 50, 7), (12, 53, 9.6), 2), 0.1)
        self.assertEqual(others.share((10, 50, 7), (12, 50, 9), 2), 0, "clocks that go in steps")

    def test_what_this_machine_says_can_be_read(self):
        with open("/proc/stat") as stat:
            self.assertGreater(others.busy(stat.read(), range(1024)), 0)
        with open("/proc/self/stat") as own:
            self.assertGreater(others.ours(int(own.read().split()[0])), 0)


if __name__ == "__main__":
    unittest.main()
