"""Kills the server under load, again and again, and counts what was acknowledged.

An independent client (the `websockets` package) appends as several devices, each resending what was not
acknowledged under its old ref after every reconnect. In the end each item that was ever acknowledged must be
in the paste exactly once, every device's items in the order of their refs, and nothing that was not asked for.

    kill_rounds.py [ROUNDS [SEED]]
"""

import asyncio
import random
import sys

from devices import Device, create, judge, snapshot
from server import Server

DEVICES = 6


async def main(rounds, seed):
    print(f"kill rounds: {rounds}, seed {seed}", flush=True)
    random.seed(seed)
    options = ["--appends-per-second", "1000000", "--items", "1000000", "--paste-bytes", "1073741824"]
    with Server(*options) as server:
        paste = await create(server)
        devices = [Device(server, paste, number) for number in range(DEVICES)]
        tasks = [asyncio.create_task(device.run()) for device in devices]
        for number in range(rounds):
            await asyncio.sleep(random.uniform(0.02, 0.3))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            for task in tasks:
                if task.done():
                    task.result()
        for device in devices:
            device.stopped = True
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
        count = judge(devices, (await snapshot(server, paste))["items"])
    print(f"{rounds} kills: {count} items acknowledged, each there once and in order")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(arguments + [20, random.randrange(1 << 32)][len(arguments):])))
