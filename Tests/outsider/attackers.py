"""What abusers get: many addresses, guessed keys, hoarded connections and messages, over loopback.

All of 127.0.0.0/8 is this machine, so one machine has sixteen million addresses. ADDRESSES says how many of them
come in the longest test.
"""

import base64
import json
import os
import re
import select
import socket
import struct
import time
import unittest
import urllib.request

from server import Server, free_port

ADDRESSES = int(os.environ.get("ADDRESSES", "2000"))
# Nobody here: by default loopback is exempt.
NOBODY_EXEMPT = ("--exempt-addresses", "203.0.113.1")
UPGRADE = (
    "GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n"
)


def address(number):
    """Addresses from 127.1.0.0 on."""
    number += 1 << 16
    return f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def frame(payload, length=None):
    """A masked text frame, with a mask of zeros; or the beginning of one that announces `length`."""
    length = len(payload) if length is None else length
    if length < 126:
        head = struct.pack("!BB", 0x81, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x81, 0xFE, length)
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, length)
    return head + bytes(4) + payload


class Device:
    """A WebSocket from an address of its own."""

    def __init__(self, server, source):
        self.socket = socket.create_connection(("127.0.0.1", server.port), 10, source_address=(source, 0))
        self.bytes = b""
        try:
            self.open()
        except OSError:
            self.close()
            raise

    def open(self):
        self.socket.sendall(UPGRADE.encode())
        while b"\r\n\r\n" not in self.bytes:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("refused")
            self.bytes += more
        self.bytes = self.bytes.split(b"\r\n\r\n", 1)[1]
        assert self.hear()["type"] == "welcome"

    def say(self, **message):
        self.socket.sendall(frame(json.dumps(message).encode()))

    def hear(self, timeout=5):
        """The next message; `None` when none comes in time."""
        end = time.monotonic() + timeout
        while True:
            if len(self.bytes) >= 2:
                start, length = 2, self.bytes[1] & 127
                if length >= 126:
                    start, form = (4, "!H") if length == 126 else (10, "!Q")
                    length = struct.unpack(form, self.bytes[2:start])[0] if len(self.bytes) >= start else 1 << 60
                if len(self.bytes) >= start + length:
                    opcode, payload = self.bytes[0] & 15, self.bytes[start : start + length]
                    self.bytes = self.bytes[start + length :]
                    if opcode == 1:
                        return json.loads(payload)
                    if opcode == 8:
                        return {"type": "close", "code": struct.unpack("!H", payload[:2])[0]}
                    continue
            if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                return None
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.bytes += more

    def until(self, *types, timeout=5):
        while (message := self.hear(timeout)) is not None:
            if message["type"] in types:
                return message
        return None

    def close(self):
        self.socket.close()


class Attacked(Server):
    """A server whose memory and metrics are looked at."""

    def __init__(self, *options):
        self.admin = free_port()
        super().__init__("--admin-listen", f"127.0.0.1:{self.admin}", *NOBODY_EXEMPT, *options)

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None

    def resident(self):
        """Bytes in memory."""
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Attackers(unittest.TestCase):
    def test_ever_new_addresses_take_bounded_memory(self):
        with Attacked("--handshakes-per-second", "0", "--remembered-addresses", "65536") as server:
            self.visit(server, range(min(1000, ADDRESSES)))
            before = server.resident()
            self.visit(server, range(ADDRESSES))
            grown = server.resident() - before
            print(f"\n{ADDRESSES} addresses: {grown >> 10} KiB more, remembered "
                  f"{server.metric('pasted_remembered_addresses'):.0f}")
            self.assertLess(grown, 48 << 20)
            self.assertLessEqual(server.metric("pasted_remembered_addresses"), 65536)

    def visit(self, server, numbers):
        """One request from each address; reset at the end, so that no port stays behind."""
        for number in numbers:
            with socket.socket() as visitor:
                visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                visitor.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
                visitor.bind((address(number), 0))
                visitor.connect(("127.0.0.1", server.port))
                visitor.sendall(b"GET /no/page HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertTrue(visitor.recv(65536).startswith(b"HTTP/1.1 404"))

    def test_guessing_from_many_addresses_is_slowed_and_nobody_else(self):
        with Attacked("--misses-per-minute", "6") as server:
            typist, phone = Device(server, "127.0.0.2"), Device(server, "127.0.0.3")
            typist.say(type="create", ref=1)
            made = typist.until("created")
            for device in (typist, phone):
                device.say(type="subscribe", paste=made["paste"])
                self.assertIsNotNone(device.until("snapshot"))
            typist.say(type="append", ref=1, text="one")
            cursor = phone.until("append")
            phone.close()
            answers = {}
            for number in range(100):
                guesser = Device(server, address(number))
                guesser.say(type="subscribe", paste="zebra-zebra-zebra")
                code = (guesser.until("error", timeout=0.2) or {"code": "waits"})["code"]
                answers[code] = answers.get(code, 0) + 1
                guesser.close()
            # 60 at once and then one in ten seconds, of which one can wait within patience.
            self.assertLessEqual(answers["noSuchPaste"], 60 + 5)
            self.assertGreaterEqual(answers["tooManyMisses"], 30)
            begin = time.monotonic()
            typist.say(type="append", ref=2, text="two")
            while typist.until("append")["ref"] != 2:
                pass
            phone = Device(server, "127.0.0.3")
            phone.say(type="subscribe", paste=made["paste"], after=cursor["seq"], tag=cursor["tag"])
            self.assertEqual(phone.until("append")["text"], "two")
            self.assertLess(time.monotonic() - begin, 2)
            self.assertGreater(server.metric('pasted_limit_hits_total{limit="misses",scope="total"}'), 0)
            typist.close()
            phone.close()

    def test_one_address_guesses_slowly(self):
        with Attacked() as server:
            guesser = Device(server, address(1))
            for _ in range(30):
                guesser.say(type="subscribe", paste="zebra-zebra-zebra")
                self.assertEqual(guesser.until("error")["code"], "noSuchPaste")
            guesser.say(type="subscribe", paste="zebra-zebra-zebra")
            self.assertIsNone(guesser.until("error", timeout=2))
            self.assertEqual(server.metric('pasted_limit_waiting{limit="misses"}'), 1)
            self.assertEqual(guesser.until("error", timeout=15)["code"], "noSuchPaste")
            self.assertEqual(server.metric('pasted_limit_waiting{limit="misses"}'), 0)
            guesser.close()

    def test_one_address_has_its_share_of_connections(self):
        with Attacked("--connections-per-address", "10") as server:
            held = [Device(server, "127.0.0.9") for _ in range(10)]
            with self.assertRaises(OSError):
                Device(server, "127.0.0.9")
            Device(server, "127.0.0.10").close()
            held.pop().close()
            for _ in range(100):
                try:
                    held.append(Device(server, "127.0.0.9"))
                    break
                except OSError:
                    time.sleep(0.02)  # until the server has seen the end of the other one
            self.assertEqual(len(held), 10)
            for device in held:
                device.close()
            self.assertGreater(server.metric('pasted_limit_hits_total{limit="connections",scope="address"}'), 0)

    def test_messages_that_never_end_are_bounded(self):
        with Attacked("--input-bytes-per-address", str(4 << 20)) as server:
            typist = Device(server, "127.0.0.2")
            before = server.resident()
            hoarders = []
            for _ in range(100):
                hoarder = Device(server, "127.0.0.9")
                try:
                    hoarder.socket.sendall(frame(b'{"pad":"' + b"x" * (1 << 20), 6 << 20))
                except OSError:
                    pass  # cut off already
                hoarders.append(hoarder)
            typist.say(type="create", ref=1)
            self.assertIsNotNone(typist.until("created"))
            held = server.metric("pasted_input_bytes")
            grown = server.resident() - before
            print(f"\n100 MiB of unfinished messages: {held / (1 << 20):.1f} MiB held, {grown >> 20} MiB more")
            self.assertLessEqual(held, 4 << 20)
            self.assertLess(grown, 40 << 20)
            for device in [typist, *hoarders]:
                device.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
