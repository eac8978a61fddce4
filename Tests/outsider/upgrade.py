"""Replaces the server under load, again and again: nothing is lost and nobody is refused.

Devices append together at a steady rate; each resends under its old ref what was not acknowledged. New
connections are opened all the while, as a stranger's would be. The upgrade is done in both documented ways: a
listening socket that outlives the processes (socket activation), and a port that two processes share.

    upgrade.py [UPGRADES [APPENDS_PER_SECOND [SEED]]]
"""

import asyncio
import random
import socket
import sys
import time

import websockets

from devices import Device, create, judge, snapshot
from server import Server

DEVICES = 20
OPTIONS = [
    "--appends-per-second", "1000000", "--items", "1000000", "--paste-bytes", "1073741824", "--take-over", "on",
]


class Strangers:
    """Connects anew every few milliseconds, each time with a request; counts what fails."""

    def __init__(self, server):
        self.server = server
        self.stopped = False
        self.served, self.longest, self.failures = 0, 0.0, []

    async def run(self):
        visits = set()
        while not self.stopped:
            visits.add(asyncio.create_task(self.visit()))
            visits = {visit for visit in visits if not visit.done()}
            await asyncio.sleep(0.1 if self.server.tls else 0.02)
        await asyncio.gather(*visits)

    async def visit(self):
        start = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, ssl=self.server.ssl)
            writer.write(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 30)
            assert line.startswith(b"HTTP/1.1 200"), line
            writer.close()
            self.served += 1
            self.longest = max(self.longest, time.monotonic() - start)
        except (OSError, AssertionError, asyncio.TimeoutError) as error:
            self.failures.append(repr(error))


async def rounds(way, upgrades, rate, tls):
    passed = None
    if way == "a passed socket":
        passed = socket.create_server(("127.0.0.1", 0), backlog=4096)
    server = Server(*OPTIONS, tls=tls, passed=passed)
    await asyncio.to_thread(server.start)
    processes = [server.process]
    try:
        paste = await create(server)
        devices = [Device(server, paste, number, rate / DEVICES, window=32) for number in range(DEVICES)]
        strangers = Strangers(server)
        tasks = [asyncio.create_task(device.run()) for device in devices]
        visits = asyncio.create_task(strangers.run())
        began = time.monotonic()
        for _ in range(upgrades):
            await asyncio.sleep(random.uniform(1.0, 2.0))
            old = server.process
            # The new one asks the old one to end.
            await asyncio.to_thread(server.start, False)
            processes.append(server.process)
            code = await asyncio.to_thread(old.wait, 30)
            assert code == 0, f"the old server ended with {code}\n{server.log()}"
            served = strangers.served
            while strangers.served < served + 2:
                assert server.process.poll() is None, server.log()
                await asyncio.sleep(0.05)
            for task in tasks:
                if task.done():
                    task.result()
        await asyncio.sleep(1.5)
        for device in devices:
            device.stopped = True
        strangers.stopped = True
        elapsed = time.monotonic() - began
        await asyncio.wait_for(asyncio.gather(*tasks, visits), 60)
        count = judge(devices, (await snapshot(server, paste))["items"])
    finally:
        await asyncio.to_thread(server.stop)
        for process in processes:
            if process.poll() is None:
                process.kill()
        log = server.log()
        server.forget()
    refused = [error for device in devices for error in device.refused] + strangers.failures
    assert not refused, f"{len(refused)} were refused: {refused[:3]}\n{log}"
    closes = [code for device in devices for code in device.closes]
    assert set(closes) <= {1001}, f"closed with {set(closes)}"
    assert len(closes) >= upgrades * DEVICES, f"{len(closes)} closes"
    longest = max(wait for device in devices for wait in device.waits)
    print(
        f"{way}, {'TLS' if tls else 'plain'}: {upgrades} upgrades, {count} appends ({count / elapsed:.0f} a second), "
        f"lost 0, refused 0; {strangers.served} visits, the longest {strangers.longest:.2f} s; "
        f"devices were away at most {longest:.2f} s",
        flush=True,
    )


async def main(upgrades, rate, seed):
    print(f"upgrades: {upgrades} of each way, seed {seed}", flush=True)
    random.seed(seed)
    await rounds("a passed socket", upgrades, rate, tls=False)
    await rounds("a passed socket", upgrades, rate, tls=True)
    await rounds("a shared port", upgrades, rate, tls=False)
    await rounds("a shared port", upgrades, rate, tls=True)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(arguments + [2, 500, random.randrange(1 << 32)][len(arguments):])))
