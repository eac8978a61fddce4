"""What must be nowhere: removed texts on the disk, keys and texts in logs, metrics and error pages."""

import asyncio
import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import websockets

from devices import ask, create
from server import BINARY, Server, free_port

# `SQLiteSettings.erasureDelay`, and the time of a pass or two.
ERASURE_SECONDS = 10 + 5


def text():
    """A text that is found if any part of it is left: one word again and again, over several pages."""
    return f"private{secrets.token_hex(24)} " * 100


def holders(directory, texts):
    """The texts of which some file below the directory has a word."""
    found = set()
    for path, _, files in os.walk(directory):
        for file in files:
            with open(os.path.join(path, file), "rb") as opened:
                content = opened.read()
            found |= {text for text in texts if text.split()[0].encode() in content}
    return found


class Erasure(unittest.IsolatedAsyncioTestCase):
    """Each way of taking a text away, while the server runs: after the stated bound no file has it."""

    async def test_what_was_taken_away_is_in_no_file_after_the_bound(self):
        with Server() as server:
            paste = await create(server)
            words = {}

            def word(way):
                words[way] = text()
                return words[way]

            async with websockets.connect(server.ws, subprotocols=["pasted.v1"], max_size=None) as device:
                state = await ask(device, {"type": "subscribe", "paste": paste}, ["snapshot"])
                ref = 0
                seen = [state["seq"]]

                async def do(**request):
                    nonlocal ref
                    ref += 1
                    event = await ask(device, {"ref": ref, **request}, [request["type"], "error"])
                    self.assertNotEqual(event["type"], "error", event)
                    seen[0] = event["seq"]
                    return event

                # Everything is there first: a test that looks for what never was finds nothing, too.
                removed = await do(type="append", text=word("remove"))
                for _ in range(3):
                    cleared = await do(type="append", text=word(f"clear {_}"))
                edited = await do(type="append", text=word("edit: what it was"))
                old = words["edit: what it was"]
                await do(type="edit", target=edited["item"], base=edited["seq"], ops=[-len(old), word("edit: what it became")])
                typed = await do(type="edit", target="pad", base=seen[0], ops=[word("keep")])
                kept = await do(type="keep", base=typed["seq"])
                stays = await do(type="append", text=word("stays"))
                deleted_paste, expiring_paste = await create(server), await create(server, expiresIn=4000)
                for name, key in (("delete", deleted_paste), ("expire", expiring_paste)):
                    async with websockets.connect(server.ws, subprotocols=["pasted.v1"]) as other:
                        await ask(other, {"type": "append", "ref": 1, "paste": key, "text": word(name)}, ["ack"])
                left = holders(server.state, words.values())
                self.assertEqual({way for way, value in words.items() if value not in left}, set())

                await do(type="remove", item=removed["item"])
                await do(type="clear", through=cleared["item"])
                await do(type="remove", item=edited["item"])
                await do(type="remove", item=kept["item"])
                async with websockets.connect(server.ws, subprotocols=["pasted.v1"]) as other:
                    await ask(other, {"type": "subscribe", "paste": deleted_paste}, ["snapshot"])
                    await ask(other, {"type": "delete", "ref": 2}, ["expired"])
                # While nobody has it open, its end waits for the sweep: somebody looks at its end.
                async with websockets.connect(server.ws, subprotocols=["pasted.v1"]) as other:
                    await ask(other, {"type": "subscribe", "paste": expiring_paste}, ["snapshot"])
                    await ask(other, {"type": "ping"}, ["expired"])

                gone = time.monotonic()
                left = None
                while time.monotonic() - gone < ERASURE_SECONDS and left != {words["stays"]}:
                    await asyncio.sleep(0.5)
                    left = holders(server.state, words.values())
                names = {way for way, value in words.items() if value in left}
                self.assertEqual(names, {"stays"})
                print(f"erasure: nothing left after {time.monotonic() - gone:.1f} s")
                self.assertTrue(stays)

    async def test_a_backup_has_no_text_that_was_taken_away_before_it(self):
        with tempfile.TemporaryDirectory() as directory, Server() as server:
            paste = await create(server)
            removed, stays = text(), text()
            async with websockets.connect(server.ws, subprotocols=["pasted.v1"]) as device:
                await ask(device, {"type": "subscribe", "paste": paste}, ["snapshot"])
                event = await ask(device, {"type": "append", "ref": 1, "text": removed}, ["append"])
                await ask(device, {"type": "append", "ref": 2, "text": stays}, ["append"])
                await ask(device, {"type": "remove", "ref": 3, "item": event["item"]}, ["remove"])
            done = subprocess.run(
                [BINARY, "backup", directory + "/backup.tar", "--state-dir", server.state], capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(holders(directory, [removed, stays]) == {stays})


class Silence(unittest.IsolatedAsyncioTestCase):
    """At the most talkative level nothing that a person typed is in the log, the metrics or an error."""

    async def test_keys_and_texts_are_in_no_log_no_metric_and_no_error(self):
        admin = free_port()
        for tls in (False, True):
            with Server("--log-level", "trace", "--admin-listen", f"127.0.0.1:{admin}", tls=tls) as server:
                words = await self.use(server)
                answers = b"".join(self.shout(server, words))
                # The operator's address has visitors, too.
                with socket.create_connection(("127.0.0.1", admin), 5) as peer:
                    peer.sendall(f"GET /{words[0]}?q={words[1]} HTTP/1.1\r\nHost: {words[2]}\r\n\r\n".encode())
                    answers += peer.recv(65536)
                with socket.create_connection(("127.0.0.1", admin), 5) as peer:
                    peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    while chunk := peer.recv(65536):
                        answers += chunk
                    server.stop()
                told = {
                    "log": server.log().encode(), "answer": answers, "name": self.names,
                }
                for place, content in told.items():
                    found = [word for word in words if word.lower().encode() in content.lower()]
                    self.assertEqual(found, [], place)

    async def use(self, server):
        """A person's day: what they typed and what opens it."""
        client, content, typed = secrets.token_hex(16), "content-" + secrets.token_hex(12), "typed" + secrets.token_hex(8)
        async with websockets.connect(server.ws, ssl=server.ssl, subprotocols=["pasted.v1"]) as device:
            await device.send(json.dumps({"type": "hello", "client": client}))
            made = await ask(device, {"type": "create", "ref": 1}, ["created"])
            await ask(device, {"type": "subscribe", "paste": made["paste"]}, ["snapshot"])
            await ask(device, {"type": "append", "ref": 2, "text": content}, ["append"])
            await ask(device, {"type": "append", "ref": 3, "text": content, "paste": typed}, ["error"])
            await device.send('{"type":"append","text":"' + content)
            for word in (made["paste"], content):
                await device.send(json.dumps({"type": word}))
            await ask(device, {"type": "ping"}, ["pong"])
        # What other programs of the machine see of the process.
        pid = server.process.pid
        self.names = b"".join(
            pathlib.Path(f"/proc/{pid}/task/{task}/{file}").read_bytes()
            for task in os.listdir(f"/proc/{pid}/task") for file in ("comm", "cmdline"))
        # A dumpable process could leave them in a core file.
        self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0)
        return [made["paste"], content, typed, client, made["code"]]

    def shout(self, server, words):
        """Every place of a request that can hold a word, in requests that are refused."""
        for word in words:
            for head in [
                f"GET /{word}/no/such HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", f"GET /{word}%zz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                f"GET /../{word} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", f"{word} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                f"GET /?{word} HTTP/1.0\r\nConnection: close\r\n\r\n", f"GET /no/such?{word} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                f"GET / HTTP/1.1\r\nHost: {word}, {word}\r\nConnection: close\r\n\r\n", f"GET / {word}\r\nConnection: close\r\n\r\n",
                f"GET / HTTP/1.1\r\nHost: h\r\n{word}\r\nConnection: close\r\n\r\n", f"DELETE /{word} HTTP/2.7\r\nHost: h\r\nConnection: close\r\n\r\n",
                f"GET /live HTTP/1.1\r\nHost: h\r\nUpgrade: {word}\r\nConnection: upgrade, close\r\n\r\n",
                f"GET /live?{word} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n"
                f"Sec-WebSocket-Version: {word}\r\nSec-WebSocket-Key: {word}\r\n\r\n",
                f"GET /live HTTP/1.1\r\nHost: h\r\nOrigin: https://{word}\r\nUpgrade: websocket\r\n"
                "Connection: upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            ]:
                plain = socket.create_connection(("127.0.0.1", server.port), 5)
                peer = server.ssl.wrap_socket(plain) if server.tls else plain
                try:
                    peer.sendall(head.encode())
                    answer = b""
                    while chunk := peer.recv(65536):
                        answer += chunk
                except OSError:
                    pass
                finally:
                    peer.close()
                self.assertIn(b"x-robots-tag: noindex", answer.lower(), head)
                yield answer

    def test_nothing_is_listed(self):
        with Server() as server:
            for path in ("/js", "/js/", "/icons/", "/..", "/.git/config", "/sitemap.xml"):
                with socket.create_connection(("127.0.0.1", server.port), 5) as peer:
                    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
                    answer = peer.recv(65536)
                self.assertRegex(answer, rb"^HTTP/1.1 40[04] ", path)
                self.assertIn(b"X-Robots-Tag: noindex", answer, path)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
