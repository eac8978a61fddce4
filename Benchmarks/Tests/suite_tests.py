"""What becomes of a measurement that went wrong, on loads that are made up: no server, nothing is built."""

import contextlib
import pathlib
import sys
import types
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import suite  # noqa: E402


class Stored(unittest.TestCase):
    """The store that grows."""

    def rows(self, load):
        """What is noted when each of the loads ends as `load(its words)` says."""
        rows = []

        @contextlib.contextmanager
        def running(*_, **__):
            yield types.SimpleNamespace(start_seconds=0.1)

        with mock.patch.multiple(
                suite, running=running, load=lambda _, *words: load(words), resident=lambda _: 1 << 20):
            suite.stored(True, rows.append)
        return rows

    def test_measurements_without_a_fault_are_good(self):
        self.assertEqual([row["fault"] for row in self.rows(lambda _: {"requestMicroseconds": 1})], [None, None])

    def test_a_store_that_was_not_filled_spoils_its_size_and_all_larger_ones(self):
        rows = self.rows(lambda words: {"fault": "refused"} if words == ("fill", "--pastes", "100") else {})
        self.assertEqual([row["fault"] for row in rows], ["refused", "refused"])

    def test_a_fault_of_the_appends_spoils_their_size(self):
        faults = iter([{}, {}, {}, {"fault": "lost"}])
        self.assertEqual([row["fault"] for row in self.rows(lambda _: next(faults))], [None, "lost"])


class Rows(unittest.TestCase):
    def test_every_row_names_its_load_also_when_it_is_spoilt(self):
        rows, options = [], types.SimpleNamespace(repetitions=4, quick=True, only=None)

        @contextlib.contextmanager
        def running(*_, **__):
            yield types.SimpleNamespace(start_seconds=0.1)

        with mock.patch.multiple(
                suite, running=running, load=lambda *_: {"fault": "lost"}, resident=lambda _: 1 << 20,
                by_itself=lambda _: []):
            suite.run(options, rows.append)
        self.assertEqual({row["workload"] for row in rows}, {
            "echo", "fanout", "pastes", "edits", "mixed", "storm", "idle", "join"})
        resumed = [row["tls"] for row in rows if row.get("name") == "the same, TLS resumed"]
        self.assertEqual(resumed, [True] * 4)
        self.assertEqual(len([row for row in rows if row["part"] == "growth"]), 3 * (2 * 10 + 2))


class Running(unittest.TestCase):
    def test_the_server_ends_whatever_happens_to_the_load(self):
        server = mock.Mock()
        with mock.patch.object(suite, "Server", return_value=server), self.assertRaises(ZeroDivisionError):
            with suite.running("memory"):
                raise ZeroDivisionError
        server.stop.assert_called_once()
        server.forget.assert_called_once()

    def test_a_server_that_does_not_start_leaves_nothing_behind(self):
        server = mock.Mock(**{"start.side_effect": RuntimeError})
        with mock.patch.object(suite, "Server", return_value=server), self.assertRaises(RuntimeError):
            with suite.running("memory"):
                self.fail("it runs")
        server.stop.assert_called_once()
        server.forget.assert_called_once()


if __name__ == "__main__":
    unittest.main()
