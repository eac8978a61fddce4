"""Slow and silent peers against a running server: what each attack costs, and what everyone else notices.

`make slow` runs all of it in about five minutes and prints one line for each attack: how many connections, what became
of them, the server's memory before, at its peak and after, and how long somebody waited who meanwhile fetched the page
and sent a WebSocket ping every 100 ms. It fails when an attack costs more memory than the budget allows, or when that
somebody was not served.
"""

import asyncio
import base64
import re
import secrets
import subprocess
import sys
import time

from server import Server

BUDGET = 64 << 20  # --buffer-bytes
OVERHEAD = 160 << 20  # what thousands of connections, their TLS and the allocator may take beside the budget
PATIENCE = 2.0  # seconds that somebody may wait in the worst case, on a machine that is busy attacking


def status(server, name):
    with open(f"/proc/{server.process.pid}/status") as text:
        return int(re.search(rf"{name}:\s+(\d+) kB", text.read())[1]) << 10


def reset_peak(server):
    with open(f"/proc/{server.process.pid}/clear_refs", "w") as file:
        file.write("5")


def frame(opcode, payload, final=True, announced=None):
    """A client's frame with a mask of zeros."""
    count = len(payload) if announced is None else announced
    head = bytes([opcode | (0x80 if final else 0)])
    if count < 126:
        head += bytes([0x80 | count])
    elif count < 65536:
        head += bytes([0xFE]) + count.to_bytes(2, "big")
    else:
        head += bytes([0xFF]) + count.to_bytes(8, "big")
    return head + bytes(4) + payload


UPGRADE = (
    b"GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)


class Peer:
    """One attacker's connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, server, number, limit=1 << 12):
        # Attackers are many machines; the person is another.
        source = (f"127.0.{2 + number // 200}.{1 + number % 200}", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=source, limit=limit)
        return cls(reader, writer)

    async def upgrade(self):
        self.writer.write(UPGRADE)
        await self.reader.readuntil(b"\r\n\r\n")
        return self

    async def send(self, data, seconds=5):
        self.writer.write(data)
        try:
            await asyncio.wait_for(self.writer.drain(), seconds)
        except (TimeoutError, OSError):
            pass

    async def is_closed(self):
        """Whether the server has ended the connection; reads what is left of it."""
        try:
            async with asyncio.timeout(3):
                while await self.reader.read(1 << 16):
                    pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


async def gathered(makers, at_once=100):
    results = []
    for start in range(0, len(makers), at_once):
        results += await asyncio.gather(*(make() for make in makers[start : start + at_once]), return_exceptions=True)
    return [result for result in results if isinstance(result, Peer)]


async def upgraded(server, number):
    return await (await Peer.connect(server, number)).upgrade()


class Person:
    """Fetches the page on a new connection, and pings a WebSocket that stays open, every 100 ms."""

    def __init__(self, server):
        self.server = server
        self.waits, self.failures, self.reasons = [], 0, set()
        self.task = asyncio.create_task(self.live())

    async def fetch(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, ssl=self.server.ssl)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise OSError(f"no page: {answer[:40]}")

    async def live(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, ssl=self.server.ssl)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        while True:
            start = time.monotonic()
            try:
                await asyncio.wait_for(self.fetch(), 10)
                token = secrets.token_bytes(8)
                writer.write(frame(9, token))
                await asyncio.wait_for(reader.readuntil(token), 10)
                self.waits.append(time.monotonic() - start)
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                self.failures += 1
                self.reasons.add(repr(error))
                if len(self.waits) + self.failures > 10_000:
                    return
            await asyncio.sleep(0.1)

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def slowhttptest(server, *arguments):
    command = ["slowhttptest", "-u", server.http + "/", "-v", "1", "-l", "25", "-r", "500", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = re.sub(r"\x1b\[[0-9;]*m", "", (await process.communicate())[0].decode(errors="replace"))
    told = set(re.findall(r"service available:\s+(\w+)", text))
    ended = re.search(r"Test ended on (\d+)\w+ second.*?Exit status:\s+([^\n]+?)\s*$", text, re.DOTALL | re.MULTILINE)
    end = f"after {ended[1]} s: {ended[2].lower()}" if ended else text[-200:]
    return f"{end}; service available: {'always' if told == {'YES'} else told or 'not asked'}"


async def outcome(peers):
    closed = sum(await asyncio.gather(*(peer.is_closed() for peer in peers)))
    return f"{closed} of {len(peers)} closed"


async def silence(server):
    peers = await gathered([lambda n=n: Peer.connect(server, n) for n in range(2000)])
    await asyncio.sleep(14)
    return peers, await outcome(peers) + " 14 s after they came"


async def half_handshakes(server):
    hello = bytes.fromhex("1603010200010001fc0303") + secrets.token_bytes(60)
    peers = await gathered([lambda n=n: Peer.connect(server, n) for n in range(1000)])
    for count in range(13):
        for peer in peers:
            peer.writer.write(hello[count * 5 : count * 5 + 5])
        await asyncio.sleep(1)
    return peers, await outcome(peers) + " after 13 s"


async def dribbled_heads(server):
    peers = await gathered([lambda n=n: Peer.connect(server, n) for n in range(1000)])
    line = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"x" * 8000 + b"\r\n" + b"Y: " + b"y" * 8000 + b"\r\n"
    for peer in peers:
        peer.writer.write(line)
    for _ in range(13):
        for peer in peers:
            peer.writer.write(b"Z: z\r\n")
        await asyncio.sleep(1)
    return peers, await outcome(peers) + " after 13 s, heads of 16 KiB"


async def unread_pongs(server):
    async def attack(number):
        peer = await upgraded(server, number)
        await peer.send(frame(9, b"x" * 100) * 20_000, 3)
        return peer

    peers = await gathered([lambda n=n: attack(n) for n in range(500)])
    await asyncio.sleep(8)
    return peers, await outcome(peers) + ", each sent up to 20,000 pings of 100 bytes and read no pong"


async def unfinished_messages(server):
    async def attack(number):
        peer = await upgraded(server, number)
        await peer.send(frame(1, b"x" * (1 << 20), announced=6 << 20), 5)
        return peer

    peers = await gathered([lambda n=n: attack(n) for n in range(500)], at_once=20)
    return peers, await outcome(peers) + ", each sent 1 MiB of a message of 6 MiB"


async def endless_fragments(server):
    async def attack(number):
        peer = await upgraded(server, number)
        await peer.send(frame(1, b"x", final=False))
        return peer

    peers = await gathered([lambda n=n: attack(n) for n in range(1000)])
    start = time.monotonic()
    while time.monotonic() - start < 125:
        for peer in peers:
            peer.writer.write(frame(0, b"x" * 100, final=False))
        await asyncio.sleep(2.5)
    return peers, await outcome(peers) + " after 125 s, a fragment every 2.5 s"


async def unanswered_pings(server):
    peers = await gathered([lambda n=n: upgraded(server, n) for n in range(1000)])
    await asyncio.sleep(66)
    return peers, await outcome(peers) + " 66 s after their last byte"


ATTACKS = [
    ("slow heads (slowhttptest -H)", False, lambda s: slowhttptest(s, "-H", "-c", "1000", "-i", "4")),
    ("slow bodies (slowhttptest -B)", False, lambda s: slowhttptest(s, "-B", "-c", "1000", "-i", "4", "-s", "8192")),
    ("ranges (slowhttptest -R)", False, lambda s: slowhttptest(s, "-R", "-c", "1000", "-a", "5", "-b", "3000")),
    (
        "slow reads (slowhttptest -X)", False,
        lambda s: slowhttptest(s, "-X", "-c", "1000", "-w", "1", "-y", "16", "-n", "4", "-z", "4", "-k", "8"),
    ),
    ("silence", False, silence),
    ("half handshakes", True, half_handshakes),
    ("large heads, a field a second", False, dribbled_heads),
    ("pings without reading", False, unread_pongs),
    ("unfinished messages", False, unfinished_messages),
    ("fragments without end", False, endless_fragments),
    ("WebSockets that answer no ping", False, unanswered_pings),
]


async def run(name, tls, attack):
    with Server("--store", "memory", "--buffer-bytes", str(BUDGET), tls=tls) as server:
        person = Person(server)
        await asyncio.sleep(1)
        before = status(server, "VmRSS")
        reset_peak(server)
        person.waits.clear()
        result = await attack(server)
        peers, told = result if isinstance(result, tuple) else ([], result)
        peak = status(server, "VmHWM")
        for peer in peers:
            peer.writer.transport.abort()
        await asyncio.sleep(3)
        after = status(server, "VmRSS")
        await person.stop()
        waits = sorted(person.waits)
        worst, median = (waits[-1], waits[len(waits) // 2]) if waits else (99, 99)
        good = peak - before <= BUDGET + OVERHEAD and person.failures == 0 and worst <= PATIENCE
        print(
            f"| {name} | {told} | {before >> 20} | {peak >> 20} | {after >> 20} | {median * 1000:.0f} | "
            f"{worst * 1000:.0f} | {person.failures} | {'ok' if good else 'FAILED'} |", flush=True)
        for reason in person.reasons:
            print(f"  {reason}", file=sys.stderr)
        return good


def main():
    wanted = sys.argv[1:]
    print("| attack | what happened | MiB before | peak | after | median ms | worst ms | not served | |")
    print("|---|---|---|---|---|---|---|---|---|")
    results = [
        asyncio.run(run(*attack)) for attack in ATTACKS if not wanted or any(word in attack[0] for word in wanted)
    ]
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
