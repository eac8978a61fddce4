"""Event streams as strangers read them: `curl -N` and forty lines of Python, on both ports, through kills and drains."""

import asyncio
import http.client
import json
import random
import socket
import subprocess
import threading
import time
import unittest

from devices import Device, create, judge, snapshot
from server import Server, eventually

# What a person takes for "at once", on a busy machine.
AT_ONCE_SECONDS = 2


def curl(*arguments, content=None):
    return subprocess.run(
        ["curl", "--silent", "--insecure", *arguments], input=content, capture_output=True, timeout=30)


def parse(lines):
    """Events out of lines (WHATWG HTML section 9.2.6): (id, message); comments and all other fields are skipped."""
    cursor, data = None, []
    for line in lines:
        line = line.rstrip(b"\r\n")
        if line.startswith(b"id: "):
            cursor = line[4:].decode()
        elif line.startswith(b"data: "):
            data.append(line[6:])
        elif not line and data:
            yield cursor, json.loads(b"\n".join(data))
            data = []


class Curl:
    """`curl -N` in another terminal."""

    def __init__(self, server, paste, *arguments, query=""):
        self.events, self.seen = [], threading.Condition()
        self.process = subprocess.Popen(
            ["curl", "--silent", "--show-error", "--insecure", "-N", *arguments,
             f"{server.http}/{paste}/events{query}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for event in parse(self.process.stdout):
            with self.seen:
                self.events.append((time.monotonic(), *event))
                self.seen.notify_all()

    def types(self):
        """But for how many others there are."""
        return [message["type"] for _, _, message in self.events if message["type"] != "devices"]

    def log(self):
        return [message for _, _, message in self.events if message["type"] == "append"]

    def until(self, wanted, seconds=20):
        """Waits until `wanted()` holds."""
        with self.seen:
            if not self.seen.wait_for(wanted, seconds):
                raise AssertionError(f"only {self.types()} after {seconds} s")

    def end(self):
        """The exit code, when it ends by itself."""
        return self.process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def append(server, paste, text):
    """Over HTTP, as a script does."""
    done = curl("--fail", "-T", "-", f"{server.http}/{paste}", content=text)
    if done.returncode:
        raise AssertionError(done)


def make(server):
    return asyncio.run(create(server))


class Terminals(unittest.TestCase):
    def test_what_one_terminal_appends_the_other_shows_at_once(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Server(tls=tls) as server:
                paste = make(server)
                with Curl(server, paste) as reader:
                    reader.until(lambda: reader.types() == ["snapshot"])
                    for number in range(5):
                        append(server, paste, f"line {number}\r\n".encode())
                        done = time.monotonic()
                        reader.until(lambda: len(reader.log()) == number + 1, AT_ONCE_SECONDS)
                        self.assertEqual(reader.log()[-1]["text"], f"line {number}\r\n")
                        self.assertLess(time.monotonic() - done, AT_ONCE_SECONDS)
                    cursors = [cursor for _, cursor, message in reader.events if message["type"] == "append"]
                    self.assertEqual(cursors, [f"{m['seq']}-{m['tag']}" for m in reader.log()])

    def test_three_thousand_lines_with_crlf_come_in_exact_bytes(self):
        tails = ["served", "caf\u0065\u0301 \u2615", "\U0001f9d1\u200d\U0001f4bb", "\u2028\u2029\u0085", "\x00\x1b[31m"]
        text = "".join(f"2026-11-22T10:00:00Z\tworker {n}\t{tails[n % 5]} #{n}\r\n" for n in range(3_000))
        text += "data: not a field\n\nid: 7\n\n\rdata: nor this\r\r"
        with Server() as server:
            paste = make(server)
            with Curl(server, paste) as early:
                early.until(lambda: early.types() == ["snapshot"])
                append(server, paste, text.encode())
                early.until(lambda: len(early.log()) == 1)
                self.assertEqual(early.log()[0]["text"].encode(), text.encode())
                self.assertEqual(early.log()[0]["seq"], 1)
            with Curl(server, paste) as late:
                late.until(lambda: late.types() == ["snapshot"])
                self.assertEqual(late.events[0][2]["items"][0]["text"].encode(), text.encode())

    def test_all_resume_fields_lead_to_the_events_behind_them_and_the_field_wins(self):
        with Server() as server:
            paste = make(server)
            for number in range(5):
                append(server, paste, f"{number}".encode())
            with Curl(server, paste, query="?after=0") as reader:
                reader.until(lambda: "resumed" in reader.types())
                cursors = [cursor for _, cursor, message in reader.events if message["type"] == "append"]
            for arguments, query, first in (
                ((), "?after=3", 4), ((), f"?after={cursors[2]}", 4),
                (("-H", f"Last-Event-ID: {cursors[3]}"), "", 5),
                (("-H", f"Last-Event-ID: {cursors[3]}"), "?after=1", 5),
                (("--http1.0",), "?after=4", 5),
            ):
                with self.subTest(arguments=arguments, query=query), \
                        Curl(server, paste, *arguments, query=query) as reader:
                    reader.until(lambda: "resumed" in reader.types())
                    self.assertEqual([message["seq"] for message in reader.log()], list(range(first, 6)))
            for after in ("9", "3-0000000000000000", "x"):
                with self.subTest(after=after), Curl(server, paste, query=f"?after={after}") as reader:
                    reader.until(lambda: reader.types() == ["snapshot"])
                    self.assertFalse(reader.events[0][2]["same"])

    def test_the_end_of_the_paste_is_the_end_of_the_stream_and_exit_0(self):
        with Server() as server:
            paste = make(server)
            with Curl(server, paste) as reader:
                reader.until(lambda: reader.types() == ["snapshot"])
                self.assertEqual(curl("--fail", "-X", "DELETE", f"{server.http}/{paste}").returncode, 0)
                self.assertEqual(reader.end(), 0)
                self.assertEqual(reader.events[-1][2], {"type": "expired", "paste": paste, "reason": "deleted"})
            gone = curl("--fail", "-N", f"{server.http}/{paste}/events")
            self.assertEqual((gone.returncode, gone.stdout), (22, b""))

    def test_a_drain_ends_the_stream_in_order_and_a_kill_does_not(self):
        for kill, code in ((False, 0), (True, 18)):
            with self.subTest(kill=kill), Server() as server:
                paste = make(server)
                with Curl(server, paste) as reader:
                    reader.until(lambda: reader.types() == ["snapshot"])
                    server.kill() if kill else self.assertEqual(server.stop(), 0)
                    self.assertEqual(reader.end(), code)
                    self.assertEqual(reader.types(), ["snapshot"] if kill else ["snapshot", "close"])
                    if not kill:
                        self.assertEqual(reader.events[-1][2]["code"], 1001)

    def test_the_fields_keep_everybody_on_the_way_from_holding_it_back(self):
        with Server() as server:
            paste = make(server)
            head = curl("--head", "--compressed", f"{server.http}/{paste}/events").stdout.decode().lower()
            for line in ("http/1.1 200 ok", "content-type: text/event-stream; charset=utf-8", "x-accel-buffering: no",
                         "cache-control: no-store, no-transform"):
                self.assertIn(line + "\r\n", head)
            self.assertNotIn("content-encoding", head)


class Resuming(unittest.IsolatedAsyncioTestCase):
    async def test_a_reader_that_comes_back_after_kills_has_every_event_once_and_in_order(self):
        """Devices append while the server is killed; readers resume by the last id and nothing else."""
        seed = random.randrange(1 << 32)
        print(f"seed {seed} ", end="", flush=True)
        chance = random.Random(seed)
        with Server("--appends-per-second", "1000000", "--connections-per-address", "0") as server:
            paste = await create(server)
            devices = [Device(server, paste, number, rate=100) for number in range(2)]
            tasks = [asyncio.create_task(device.run()) for device in devices]
            readers = [Reader(server, paste) for _ in range(3)]
            threads = [threading.Thread(target=reader.run, daemon=True) for reader in readers]
            for thread in threads:
                thread.start()
            for _ in range(8):
                await asyncio.sleep(chance.uniform(0.1, 0.5))
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            for device in devices:
                device.stopped = True
            await asyncio.wait_for(asyncio.gather(*tasks), 60)
            state = await snapshot(server, paste)
            count = judge(devices, state["items"])
            for reader in readers:
                await asyncio.to_thread(eventually, lambda: reader.seq, state["seq"])
                reader.stopped = True
                self.assertEqual(reader.faults, [])
                self.assertEqual(reader.seq, state["seq"])
                self.assertEqual(reader.texts, {item["item"]: item["text"] for item in state["items"]})
            print(f"{count} items, {sum(reader.cuts for reader in readers)} cuts ... ", end="", flush=True)


class Reader:
    """A stranger's client: what it knows of a paste comes from the stream alone."""

    def __init__(self, server, paste):
        self.server, self.paste = server, paste
        self.cursor, self.seq, self.texts = None, None, {}
        self.cuts, self.faults, self.stopped = 0, [], False

    def run(self):
        while not self.stopped:
            try:
                self.follow()
            except (OSError, http.client.HTTPException):
                pass
            self.cuts += 1
            time.sleep(0.02)

    def follow(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        connection.request(
            "GET", f"/{self.paste}/events", headers={"Last-Event-ID": self.cursor} if self.cursor else {})
        response = connection.getresponse()
        if response.status != 200:
            if response.status != 503:
                self.faults.append((response.status, response.read()))
            return
        for self.cursor, message in parse(iter(response.readline, b"")):
            if message["type"] == "snapshot":
                if self.seq is not None:
                    self.faults.append(f"a snapshot instead of what follows {self.cursor}")
                self.seq = message["seq"]
                self.texts = {item["item"]: item["text"] for item in message["items"]}
            elif message["type"] == "append":
                if message["seq"] != self.seq + 1:
                    self.faults.append(f"{message['seq']} after {self.seq}")
                self.seq = message["seq"]
                self.texts[message["item"]] = message["text"]
            if self.stopped:
                return


class Limits(unittest.TestCase):
    def raw(self, server, paste, receive=None):
        peer = socket.socket()
        if receive:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        peer.settimeout(20)
        peer.connect(("127.0.0.1", server.port))
        self.addCleanup(peer.close)
        peer.sendall(f"GET /{paste}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return peer

    def test_a_stream_counts_as_a_connection_of_its_address(self):
        with Server("--connections-per-address", "8", "--exempt-addresses", "192.0.2.1") as server:
            paste = make(server)
            streams = []

            def comes():
                stream = self.raw(server, paste)
                try:
                    streams.append(stream)
                    return stream.recv(100).startswith(b"HTTP/1.1 200 ")
                except ConnectionResetError:
                    return False

            # The connection that made the paste may be on its way out.
            for _ in range(8):
                self.assertTrue(eventually(comes, True))
            for _ in range(3):
                self.assertFalse(comes())
            streams[0].close()
            self.assertTrue(eventually(comes, True))
            self.assertFalse(comes())

    def test_who_does_not_read_costs_little_and_is_level_when_it_reads_again(self):
        with Server("--appends-per-second", "100000", "--stored-bytes-per-day-per-address", "0") as server:
            paste = make(server)
            sleeper = self.raw(server, paste, receive=4096)
            self.assertTrue(sleeper.recv(100).startswith(b"HTTP/1.1 200 "))
            with Curl(server, paste) as reader:
                reader.until(lambda: reader.types() == ["snapshot"])
                for number in range(60):
                    append(server, paste, f"{number}".encode() + b"x" * 200_000)
                reader.until(lambda: len(reader.log()) == 60)
            lines, deadline = sleeper.makefile("rb"), time.monotonic() + 60
            state = {}
            # The lines between, sizes of chunks, are no fields.
            for _, message in parse(lines):
                for item in message.get("items", []) + ([message] if message["type"] == "append" else []):
                    state[item["item"]] = item["text"]
                if len(state) == 60 or time.monotonic() > deadline:
                    break
            self.assertEqual({number: text[:len(str(number - 1))] for number, text in state.items()},
                             {number: str(number - 1) for number in range(1, 61)})
            self.assertTrue(all(len(text) == 200_000 + len(str(number - 1)) for number, text in state.items()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
