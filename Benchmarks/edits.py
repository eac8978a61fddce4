"""How many edits a second one pad takes from twenty typists, and how long each waits for its own event.

    edits.py [--typists N] [--seconds N] [--rate N] [--repetitions N]

Every typist is a WebSocket connection that follows one pad in a durable store. An edit inserts one letter somewhere into
the text as the typist knows it, based on the newest event it has seen, so the server transforms nearly each of them over
what the others did meanwhile; each edit goes to all typists. Two modes: `paced`, everybody at --rate edits a second
(10: a person in a hurry), and `closed`, everybody's next edit as soon as the own event of the last one is there, as a page
does. At the end the text must be as long as the number of edits, and a late visitor's snapshot as long as that.

The clients are one Python loop over plain sockets that reads events with one regular expression; its own CPU share is
printed beside the server's: a share near 100 % says which of the two was the limit.
"""

import argparse
import base64
import heapq
import json
import os
import pathlib
import random
import re
import selectors
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/outsider"))

from run import cpu_seconds  # noqa: E402
from server import Server  # noqa: E402

EDIT = re.compile(
    rb'\{"type":"edit","seq":(\d+),"tag":"[0-9a-f]{16}","at":\d+,"by":"([0-9a-f]{16})","ref":(\d+),[^}]*\}')
ERROR = re.compile(rb'\{"type":"error"[^}]*\}')
ZERO_MASK = b"\0\0\0\0"  # a key like any other to a server, and no work here


class Typist:
    """One connection on the pad: what it knows of it, and how long its edits took."""

    def __init__(self, server, key=None):
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: pasted.v1\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
        self.ref = 1
        if key is None:
            self.send({"type": "create", "ref": 1})
            key = self.until("created")["paste"]
        self.key = key
        self.send({"type": "subscribe", "paste": key})
        state = self.until("snapshot")
        self.you, self.seq, self.length = state["you"].encode(), state["padSeq"], len(state["pad"])
        self.owed = []  # when edits should have gone that wait for the answer of the one before
        self.wanted = None  # when the edit that is under way should have gone
        self.waits = []

    def send(self, message):
        payload = json.dumps(message, separators=(",", ":")).encode()
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self.socket.sendall(b"\x81" + size + ZERO_MASK + payload)

    def fill(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def until(self, kind):
        """Reads frame by frame up to a message of that type."""
        while True:
            size, head = self.buffer[1] if len(self.buffer) > 9 else 128, 2
            if size in (126, 127):
                head += 2 if size == 126 else 8
                size = int.from_bytes(self.buffer[2:head], "big")
            if size == 128 or len(self.buffer) < head + size:
                self.fill()
                continue
            message, self.buffer = json.loads(self.buffer[head:head + size]), self.buffer[head + size:]
            if message["type"] == kind:
                return message

    def edit(self, place, wanted):
        """Sends an edit that should have gone at `wanted`, when its wait began."""
        self.ref += 1
        self.wanted = wanted
        at = int(place * (self.length + 1))
        self.send({"type": "edit", "ref": self.ref, "target": "pad", "base": self.seq, "ops": [at, "x"] if at else ["x"]})

    def read(self):
        """Takes what came in; afterwards `wanted` is None if the own edit was among it."""
        self.fill()
        end = 0
        for match in EDIT.finditer(self.buffer):
            end = match.end()
            self.length += 1
            if match[2] == self.you and int(match[3]) == self.ref:
                self.waits.append(time.perf_counter() - self.wanted)
                self.wanted = None
        if end:
            self.seq = int(match[1])
        elif refused := ERROR.search(self.buffer):
            raise RuntimeError(refused[0].decode())
        self.buffer = self.buffer[end:]


def measure(typists, seconds, rate):
    """Edits a second, waits in milliseconds, CPU of the server per edit in microseconds, both CPU shares."""
    chance = random.Random(1)
    options = ["--log-level", "error"] + ([] if rate else ["--edits-per-second", "1000000"])
    with Server(*options) as server:
        first = Typist(server)
        room = [first] + [Typist(server, first.key) for _ in range(typists - 1)]
        ready = selectors.DefaultSelector()
        for typist in room:
            ready.register(typist.socket, selectors.EVENT_READ, typist)
        cpu, own, began = cpu_seconds(server.process), time.process_time(), time.perf_counter()
        due = [(began + at / typists / rate, at) for at in range(typists)] if rate else []
        count = 0
        while True:
            now = time.perf_counter()
            is_over = now - began >= seconds
            while due and due[0][0] <= now and not is_over:
                at, number = heapq.heapreplace(due, (due[0][0] + 1 / rate, due[0][1]))
                room[number].owed.append(at)
            for typist in room:
                if typist.wanted is None and (typist.owed or not rate) and not is_over:
                    typist.edit(chance.random(), typist.owed.pop(0) if rate else now)
                    count += 1
            if is_over and all(typist.wanted is None for typist in room):
                break
            for key, _ in ready.select(max(0.0, due[0][0] - now) if due and not is_over else 1.0):
                key.data.read()
        wall = time.perf_counter() - began
        cpu, own = cpu_seconds(server.process) - cpu, time.process_time() - own
        assert Typist(server, first.key).length == count, "the pad lost or doubled a letter"
    waits = sorted(wait * 1_000 for typist in room for wait in typist.waits)
    return {
        "edits a second": count / wall, "median ms": statistics.median(waits), "p99 ms": waits[len(waits) * 99 // 100],
        "most ms": waits[-1], "server CPU us an edit": cpu * 1e6 / count, "server CPU %": 100 * cpu / wall,
        "typists' CPU %": 100 * own / wall,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--typists", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    for name, rate in (("paced", options.rate), ("closed", 0)):
        runs = [measure(options.typists, options.seconds, rate) for _ in range(options.repetitions)]
        for what in runs[0]:
            values = [run[what] for run in runs]
            print(f"{name:7} {what:22} {statistics.median(values):9.1f} ({min(values):.1f} to {max(values):.1f})")


if __name__ == "__main__":
    main()
