"""Devices that append and never lose track: what is not acknowledged is resent under its ref after a reconnect."""

import asyncio
import json
import random
import secrets
import time

import websockets

CONNECT_SECONDS = 30


class Device:
    """One device: a client secret, a rising ref, and what was not acknowledged yet."""

    def __init__(self, server, paste, number, rate=None, window=8):
        self.server, self.paste, self.number = server, paste, number
        self.rate, self.window = rate, window
        self.client = secrets.token_hex(16)
        self.unacknowledged = {}
        self.acknowledged = {}
        self.ref = 0
        self.start = None
        self.stopped = False
        self.refused = []
        self.closes = []
        self.waits = []

    async def run(self):
        down = None
        while not (self.stopped and not self.unacknowledged):
            try:
                async with websockets.connect(
                    self.server.ws, ssl=self.server.ssl, subprotocols=["pasted.v1"], max_size=None,
                    open_timeout=CONNECT_SECONDS, compression=None,
                ) as socket:
                    if down is not None:
                        self.waits.append(time.monotonic() - down)
                    await self.session(socket)
            except websockets.exceptions.ConnectionClosed as closed:
                self.closes.append(closed.rcvd.code if closed.rcvd else None)
            except (OSError, websockets.exceptions.WebSocketException, asyncio.TimeoutError) as error:
                # No connection, or none that ever spoke: somebody was refused.
                self.refused.append(repr(error))
            down = time.monotonic()
            await asyncio.sleep(random.random() * 0.05)

    async def session(self, socket):
        await socket.send(json.dumps({"type": "hello", "client": self.client}))
        for ref, text in sorted(self.unacknowledged.items()):
            await self.append(socket, ref, text)
        writer = asyncio.create_task(self.write(socket))
        try:
            while not (self.stopped and not self.unacknowledged):
                try:
                    message = json.loads(await asyncio.wait_for(socket.recv(), 0.5))
                except asyncio.TimeoutError:
                    continue
                if message["type"] == "ack":
                    text = self.unacknowledged.pop(message["ref"], None)
                    if text is not None:
                        self.acknowledged[message["ref"]] = (message["item"], text)
                elif message["type"] == "error":
                    raise AssertionError(message)
        finally:
            writer.cancel()

    async def write(self, socket):
        self.start = self.start or time.monotonic()
        try:
            while not self.stopped:
                due = (time.monotonic() - self.start) * self.rate if self.rate else float("inf")
                if len(self.unacknowledged) < self.window and self.ref < due:
                    self.ref += 1
                    text = f"{self.number}:{self.ref}\r\n\u00e9\U0001f9a6"
                    self.unacknowledged[self.ref] = text
                    await self.append(socket, self.ref, text)
                else:
                    await asyncio.sleep(0.002)
        except websockets.exceptions.ConnectionClosed:
            pass

    async def append(self, socket, ref, text):
        await socket.send(json.dumps({"type": "append", "ref": ref, "paste": self.paste, "text": text}))


async def ask(socket, message, until):
    await socket.send(json.dumps(message))
    while True:
        answer = json.loads(await asyncio.wait_for(socket.recv(), 20))
        if answer["type"] in until:
            return answer


async def create(server, **fields):
    async with websockets.connect(server.ws, ssl=server.ssl, subprotocols=["pasted.v1"]) as socket:
        await socket.send(json.dumps({"type": "hello", "client": secrets.token_hex(16)}))
        return (await ask(socket, {"type": "create", "ref": 1, **fields}, ["created"]))["paste"]


async def snapshot(server, paste, **fields):
    async with websockets.connect(
        server.ws, ssl=server.ssl, subprotocols=["pasted.v1"], max_size=None
    ) as socket:
        await socket.send(json.dumps({"type": "subscribe", "paste": paste, **fields}))
        first, items, more = None, [], True
        while more:
            message = json.loads(await asyncio.wait_for(socket.recv(), 20))
            if message["type"] == "error":
                raise AssertionError(message)
            if message["type"] in ("snapshot", "items"):
                first = first or message
                items += message["items"]
                more = message.get("more", False)
        return {**first, "items": items}


def judge(devices, items):
    """Each item that was acknowledged is there exactly once, in the order of its device's refs, and nothing else."""
    found = {item["item"]: item["text"] for item in items}
    assert len(found) == len(items), "an item number is there twice"
    expected = {}
    for device in devices:
        numbers = [device.acknowledged[ref][0] for ref in sorted(device.acknowledged)]
        assert numbers == sorted(numbers), f"device {device.number}: items out of order"
        assert len(device.acknowledged) == device.ref, f"device {device.number}: refs without acknowledgement"
        expected.update({item: text for item, text in device.acknowledged.values()})
    assert found == expected, f"{len(expected)} acknowledged, {len(found)} found"
    return len(expected)
