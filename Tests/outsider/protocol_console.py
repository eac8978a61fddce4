"""Types the commands of PROTOCOL.md's console examples, and holds what they print against the page.

A line with `$ ` is typed; the lines behind it are what it prints. Objects are held against the page like messages
(protocol_runner.py), `id: 12-TAG` as a cursor, an address by its key; `...` and `retry` can be anything. An event that a
stream shows is made by whom it names, at the moment at which the page shows it.
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading

from protocol_reading import EVENTS, Wrong, parse

# A command that hangs: more than the 15 s after which a stream gives a sign of life.
PATIENCE_SECONDS = 30


class Console:
    """A terminal in a directory with a few files."""

    def __init__(self, story):
        self.story = story

    def run(self, command, printed):
        command = self.real(command).replace("curl ", "curl -sS ")
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as directory:
            pathlib.Path(directory, "notes.txt").write_text("a note\n")
            pathlib.Path(directory, "image.png").write_bytes(b"\x89PNG\r\n\x1a\n")
            # A group of its own: the commands of a pipe end together.
            process = subprocess.Popen(
                ["bash", "-c", command], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True)
            deadline = threading.Timer(PATIENCE_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
            deadline.start()
            try:
                self.compare(printed, process.stdout)
                # Its number stays its own until `communicate`.
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            finally:
                deadline.cancel()
                deadline.join()
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def compare(self, printed, output):
        for line, following in zip(printed, [*printed[1:], ""]):
            # An event's cursor stands above it.
            event = following if line.startswith("id: ") else line
            if event.startswith("data: {"):
                self.cause(parse(event[6:]))
            real = output.readline().decode()
            while real.startswith('data: {"type":"devices"'):
                # How many are here is told when it changes, not at a place in the order.
                output.readline()
                real = output.readline().decode()
            if not real:
                raise Wrong(f"nothing more is printed, and `{line}` here")
            self.match(line, real.removesuffix("\n").removesuffix("\r"))
        if rest := output.read():
            raise Wrong(f"more is printed than here: {rest.decode()[:300]}")

    def real(self, text):
        for (kind, page), real in self.story.names.items():
            if kind in ("key", "tag"):
                text = text.replace(page, real)
        return text.replace("https://HOST", self.story.server.http)

    def cause(self, message):
        if message["type"] in EVENTS:
            self.story.cause(message)
        elif message["type"] == "expired":
            self.story.happen("the phone ends the paste")

    def match(self, page, real):
        if page.startswith(("{", "data: {")) and real.startswith(("{", "data: {")):
            message = parse(page.removeprefix("data: "))
            if page.startswith("data: ") != real.startswith("data: "):
                raise Wrong(f"really {real}")
            self.story.match(message, parse(real.removeprefix("data: ")), message.get("type", "the answer"))
        elif cursor := re.fullmatch(r"id: (\d+)-(\w+)", page):
            found = re.fullmatch(r"id: (\d+)-(\w+)", real)
            if not found or found[1] != cursor[1] or not self.story.bound("tag", cursor[2], found[2]):
                raise Wrong(f"really {real}")
        elif page.startswith("retry: "):
            if not re.fullmatch(r"retry: \d+", real):
                raise Wrong(f"really {real}")
        elif page.startswith("https://HOST/"):
            if not self.story.is_same(page, real, "url"):
                raise Wrong(f"really {real}")
        elif not re.fullmatch(".*".join(map(re.escape, self.real(page).split("..."))), real):
            raise Wrong(f"really {real}")
