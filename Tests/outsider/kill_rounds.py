"""Kills the server under load, again and again, and counts what was acknowledged.

An independent client (the `websockets` package) appends as several devices, each resending what was not
acknowledged under its old ref after every reconnect. In the end each item that was ever acknowledged must be
in the paste exactly once, every device's items in the order of their refs, and nothing that was not asked for.

    kill_rounds.py [ROUNDS [SEED]]
"""

import asyncio
import json
import random
import secrets
import sys

import websockets

from server import Server

DEVICES = 6
WINDOW = 8


class Device:
    """One device: a client secret, a rising ref, and what was not acknowledged yet."""

    def __init__(self, server, paste, number):
        self.server, self.paste, self.number = server, paste, number
        self.client = secrets.token_hex(16)
        self.unacknowledged = {}
        self.acknowledged = {}
        self.ref = 0
        self.stopped = False

    async def run(self):
        while not (self.stopped and not self.unacknowledged):
            try:
                async with websockets.connect(
                    self.server.ws, ssl=self.server.ssl, subprotocols=["pasted.v1"], max_size=None
                ) as socket:
                    await self.session(socket)
            except (OSError, websockets.exceptions.WebSocketException, asyncio.TimeoutError):
                await asyncio.sleep(random.random() * 0.05)

    async def session(self, socket):
        await socket.send(json.dumps({"type": "hello", "client": self.client}))
        for ref, text in sorted(self.unacknowledged.items()):
            await self.append(socket, ref, text)
        while True:
            while not self.stopped and len(self.unacknowledged) < WINDOW:
                self.ref += 1
                text = f"{self.number}:{self.ref}\r\n\u00e9\U0001f9a6"
                self.unacknowledged[self.ref] = text
                await self.append(socket, self.ref, text)
            if not self.unacknowledged:
                return
            message = json.loads(await asyncio.wait_for(socket.recv(), 30))
            if message["type"] == "ack":
                text = self.unacknowledged.pop(message["ref"], None)
                if text is not None:
                    self.acknowledged[message["ref"]] = (message["item"], text)
            elif message["type"] == "error":
                raise AssertionError(message)

    async def append(self, socket, ref, text):
        await socket.send(json.dumps({"type": "append", "ref": ref, "paste": self.paste, "text": text}))


async def create(server):
    async with websockets.connect(server.ws, ssl=server.ssl, subprotocols=["pasted.v1"]) as socket:
        await socket.send(json.dumps({"type": "hello", "client": secrets.token_hex(16)}))
        await socket.send(json.dumps({"type": "create", "ref": 1}))
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "created":
                return message["paste"]


async def snapshot(server, paste):
    async with websockets.connect(
        server.ws, ssl=server.ssl, subprotocols=["pasted.v1"], max_size=None
    ) as socket:
        await socket.send(json.dumps({"type": "subscribe", "paste": paste}))
        items, more = [], True
        while more:
            message = json.loads(await socket.recv())
            if message["type"] in ("snapshot", "items"):
                items += message["items"]
                more = message.get("more", False)
        return items


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
        items = await snapshot(server, paste)

    found = {item["item"]: item["text"] for item in items}
    assert len(found) == len(items), "an item number is there twice"
    expected = {}
    for device in devices:
        numbers = [device.acknowledged[ref][0] for ref in sorted(device.acknowledged)]
        assert numbers == sorted(numbers), f"device {device.number}: items out of order"
        assert len(device.acknowledged) == device.ref, f"device {device.number}: refs without acknowledgement"
        expected.update({item: text for item, text in device.acknowledged.values()})
    assert found == expected, f"{len(expected)} acknowledged, {len(found)} found"
    print(f"{rounds} kills: {len(expected)} items acknowledged, each there once and in order")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(main(*(arguments + [20, random.randrange(1 << 32)][len(arguments):])))
