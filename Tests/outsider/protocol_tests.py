"""PROTOCOL.md and README.md say what the server does: each of their examples is carried out."""

import time
import types
import unittest
from unittest import mock

import protocol_console
from protocol_reading import Wrong, blocks
from protocol_runner import Story
from server import ROOT, Server

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "Protocol/PROTOCOL.md").read_text(encoding="utf-8")


def read(page):
    with Server() as server:
        story = Story(server)
        story.read(page)
        return story.checked


class Messages(unittest.TestCase):
    def test_every_example_happens_as_it_is_written(self):
        self.assertGreater(read(PAGE), 45)

    def test_what_the_readme_types_prints_what_stands_there(self):
        consoles = [title for title, language, _, _ in blocks(README) if language == "console"]
        self.assertEqual(consoles, ["From a script"])
        fences = "".join(
            f"```console\n{chr(10).join(lines)}\n```\n" for _, kind, _, lines in blocks(README) if kind == "console")
        self.assertGreater(read(fences), 8)

    def test_every_fenced_block_is_an_example_that_is_run(self):
        self.assertLessEqual({language for _, language, _, _ in blocks(PAGE)}, {"", "console"})

    def test_a_wrong_example_is_noticed(self):
        for right, wrong, complaint in (
            ('"requestsInFlight":32', '"requestsInFlight":33', "requestsInFlight is 33 here"),
            ('{"type":"ack","ref":1,"seq":12,"item":7}', '{"type":"ack","ref":1,"item":7,"seq":12}', "fields"),
            ('"seq":14,"tag":"07c1', '"seq":15,"tag":"07c1', "seq is 15 here"),
            ('"after":17,"tag":"1f86e3d05ca2b947"', '"after":17,"tag":"1f86e3d05ca2b948"', "no message before"),
            ('"seq":16,"tag":"c49a7713e05d82fb"', '"seq":16,"tag":"6b2f0c81d95e7a34"', "append.tag|remove.tag"),
            ('"acked":[{"ref":6,"seq":18}]', '"acked":[]', "acked has 0 parts"),
            ('"code":"textTooLarge","message":"This text', '"code":"textTooLarge","message":"That text', "message"),
            ("\nhello\n$ curl -X DELETE", "\nhallo\n$ curl -X DELETE", "really hello"),
            ('{"type":"pad","pad":"","padSeq":0}', '{"type":"pad","pad":""}', "fields"),
            ("= the connection is lost\n= connect", "= an hour later\n= connect", "nobody knows"),
        ):
            with self.subTest(wrong):
                self.assertEqual(PAGE.count(right), 1, right)
                with self.assertRaisesRegex(Wrong, complaint):
                    read(PAGE.replace(right, wrong))

    def test_a_command_that_hangs_ends_at_its_deadline_with_all_of_its_pipe(self):
        began = time.monotonic()
        story = types.SimpleNamespace(names={}, server=types.SimpleNamespace(http=""))
        with mock.patch.object(protocol_console, "PATIENCE_SECONDS", 0.3), self.assertRaisesRegex(Wrong, "nothing more"):
            protocol_console.Console(story).run("sleep 40 | cat", ["something"])
        self.assertLess(time.monotonic() - began, 20)


if __name__ == "__main__":
    unittest.main()
