"""A first baseline, seen from outside: memory of idle connections, CPU of the server per delivery.

The load comes from Python's `websockets`, which is slower than the server: read the server's own CPU time per
million deliveries (from /proc), not the rate. Servers are interleaved plain, TLS, plain, TLS, and medians are
printed with their range, since machines are noisy.

    run.py [--repetitions N] [--connections N] [--pastes N] [--appends N]
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/outsider"))

import websockets  # noqa: E402

from server import Server  # noqa: E402


def cpu_seconds(process):
    # clock_getcpuclockid(3): the process' own clock, with the threads that have ended. Ticks would be too coarse.
    return time.clock_gettime(~process.pid << 3 | 2)


def anonymous_bytes(process):
    with open(f"/proc/{process.pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Anonymous:"))


async def connect(server):
    return await websockets.connect(
        server.ws, ssl=server.ssl, subprotocols=["pasted.v1"], compression=None, ping_interval=None
    )


async def until(connection, kind):
    while True:
        message = json.loads(await connection.recv())
        if message["type"] == kind:
            return message


async def idle(server, connections):
    warm = [await connect(server) for _ in range(20)]
    before = anonymous_bytes(server.process)
    held = []
    while len(held) < connections:
        held += await asyncio.gather(*(connect(server) for _ in range(min(50, connections - len(held)))))
    await asyncio.sleep(1)
    grown = anonymous_bytes(server.process) - before
    for connection in warm + held:
        connection.transport.abort()
    return grown / connections


async def pastes(server, count, appends):
    """`count` pastes of three devices; each paste's first device appends in a closed loop."""
    groups = []
    for _ in range(count):
        devices = [await connect(server) for _ in range(3)]
        await devices[0].send('{"type":"create","ref":1}')
        key = (await until(devices[0], "created"))["paste"]
        for device in devices:
            await device.send(json.dumps({"type": "subscribe", "paste": key}))
            await until(device, "snapshot")
        groups.append(devices)
    text = "x" * 256

    async def write(devices):
        for number in range(appends):
            await devices[0].send(json.dumps({"type": "append", "ref": number + 2, "text": text}))
            await asyncio.gather(*(until(device, "append") for device in devices))

    begin, cpu = time.monotonic(), cpu_seconds(server.process)
    await asyncio.gather(*(write(devices) for devices in groups))
    cpu, wall = cpu_seconds(server.process) - cpu, time.monotonic() - begin
    for devices in groups:
        for device in devices:
            device.transport.abort()
    return cpu * 1e6 / (count * appends * 3), count * appends / wall


def spread(values, unit):
    return f"{statistics.median(values):10.1f} {unit} ({min(values):.1f} to {max(values):.1f})"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--pastes", type=int, default=100)
    parser.add_argument("--appends", type=int, default=50)
    options = parser.parse_args()
    results = {}
    for _ in range(options.repetitions):
        for tls in (False, True):
            name = "TLS" if tls else "plain"
            with Server("--appends-per-second", "1000000", "--log-level", "error", tls=tls) as server:
                memory = asyncio.run(idle(server, options.connections))
                results.setdefault((name, "idle connection", "bytes"), []).append(memory)
            with Server("--appends-per-second", "1000000", "--log-level", "error", tls=tls) as server:
                cpu, rate = asyncio.run(pastes(server, options.pastes, options.appends))
                results.setdefault((name, "delivery of a durable append", "CPU us"), []).append(cpu)
                results.setdefault((name, "appends", "a second"), []).append(rate)
    for (name, what, unit), values in sorted(results.items()):
        print(f"{name:6} {what:30} {spread(values, unit)}")


if __name__ == "__main__":
    main()
