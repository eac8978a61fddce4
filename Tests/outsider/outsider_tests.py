"""What strangers' clients see: Python's `websockets`, `curl` and bare sockets, on both ports."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import unittest

import websockets

from server import BINARY, Server


def curl(*arguments):
    done = subprocess.run(["curl", "--silent", "--insecure", "--http1.1", *arguments], capture_output=True, timeout=20)
    return done.stdout


class Outsiders(unittest.IsolatedAsyncioTestCase):
    async def connect(self, server, **options):
        return await websockets.connect(server.ws, ssl=server.ssl, subprotocols=["pasted.v1"], **options)

    async def ask(self, connection, message, until):
        if message:
            await connection.send(json.dumps(message))
        while True:
            answer = json.loads(await asyncio.wait_for(connection.recv(), 10))
            if answer["type"] in until:
                return answer

    async def test_two_devices_see_each_other_on_both_ports(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Server(tls=tls) as server:
                one, two = await self.connect(server), await self.connect(server)
                self.assertEqual(one.subprotocol, "pasted.v1")
                made = await self.ask(one, {"type": "create", "ref": 1}, ["created"])
                for device in (one, two):
                    await device.send(json.dumps({"type": "subscribe", "paste": made["paste"].upper()}))
                    self.assertEqual((await self.ask(device, None, ["snapshot"]))["items"], [])
                text = "tabs\tand\r\nline ends\n\u0065\u0301 \U0001f9a6\u0001"
                await one.send(json.dumps({"type": "append", "ref": 2, "text": text}))
                seen = [await self.ask(device, None, ["append"]) for device in (one, two)]
                self.assertEqual(seen[0], seen[1])
                self.assertEqual(seen[0]["text"], text)
                await one.close()
                await two.close()

    async def test_a_typed_unknown_key_creates_nothing(self):
        with Server() as server:
            device = await self.connect(server)
            answer = await self.ask(device, {"type": "subscribe", "paste": "7K3QWD"}, ["error", "snapshot"])
            self.assertEqual(answer["code"], "noSuchPaste")
            await device.close()

    async def test_expiry_reaches_every_device(self):
        with Server() as server:
            device = await self.connect(server)
            made = await self.ask(device, {"type": "create", "ref": 1, "expiresIn": 1500}, ["created"])
            await self.ask(device, {"type": "subscribe", "paste": made["paste"]}, ["snapshot"])
            over = await self.ask(device, None, ["expired"])
            self.assertEqual(over["reason"], "expired")
            answer = await self.ask(device, {"type": "subscribe", "paste": made["paste"]}, ["error", "snapshot"])
            self.assertEqual(answer["code"], "noSuchPaste")
            await device.close()

    async def test_a_broken_message_costs_only_itself(self):
        with Server() as server:
            device = await self.connect(server)
            for text in ["", "{", "[]", '{"type":"nonsense"}', '{"type":"append"}', "\u0000"]:
                await device.send(text)
                self.assertEqual((await self.ask(device, None, ["error"]))["type"], "error", text)
            await self.ask(device, {"type": "ping"}, ["pong"])
            await device.close()

    async def test_foreign_origins_are_refused(self):
        with Server() as server:
            with self.assertRaises(websockets.exceptions.InvalidStatus) as refused:
                await self.connect(server, origin="https://evil.example")
            self.assertEqual(refused.exception.response.status_code, 403)
            device = await self.connect(server, origin=f"http://127.0.0.1:{server.port}")
            await device.close()

    async def test_terminate_closes_with_1001_and_exits(self):
        with Server() as server:
            device = await self.connect(server)
            await self.ask(device, {"type": "create", "ref": 1}, ["created"])
            server.process.send_signal(signal.SIGTERM)
            with self.assertRaises(websockets.exceptions.ConnectionClosed):
                while True:
                    await asyncio.wait_for(device.recv(), 10)
            self.assertEqual(device.close_code, 1001)
            self.assertEqual(await asyncio.to_thread(server.process.wait, 15), 0)

    def test_curl_gets_the_page_and_its_headers(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Server(tls=tls) as server:
                head = curl("--head", server.http + "/").decode().lower()
                self.assertIn("200 ok", head)
                self.assertIn("content-security-policy: default-src 'none'", head)
                for field in ("x-content-type-options: nosniff", "referrer-policy: no-referrer"):
                    self.assertIn(field, head)
                self.assertIn(b"<!doctype html>", curl(server.http + "/").lower())
                browser = ("--header", "Accept: text/html,*/*;q=0.8")
                self.assertEqual(curl(server.http + "/"), curl(*browser, server.http + "/maple-otter-cabin"))
                self.assertEqual(curl(server.http + "/"), curl("--compressed", server.http + "/"))
                tag = next(line for line in head.splitlines() if line.startswith("etag:")).split(": ")[1]
                self.assertIn(b"304", curl("--include", "--header", f"If-None-Match: {tag}", server.http + "/"))
                climbing = curl("--include", "--path-as-is", server.http + "/../etc/passwd")
                self.assertTrue(climbing.startswith(b"HTTP/1.1 400 "), climbing)
                self.assertIn(b"Allow: GET, HEAD", curl("--include", "--request", "DELETE", server.http + "/"))

    def test_plain_http_on_the_tls_port_is_answered_readably(self):
        with Server(tls=True) as server:
            with socket.create_connection(("127.0.0.1", server.port), 5) as peer:
                peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = b""
                while chunk := peer.recv(4096):
                    answer += chunk
            self.assertIn(b"400", answer)
            self.assertIn(b"https://", answer)

    def test_expired_text_is_in_no_file(self):
        secret = secrets.token_hex(24)

        async def keep(server):
            device = await self.connect(server)
            made = await self.ask(device, {"type": "create", "ref": 1, "expiresIn": 1000}, ["created"])
            await self.ask(device, {"type": "subscribe", "paste": made["paste"]}, ["snapshot"])
            await self.ask(device, {"type": "append", "ref": 2, "text": secret}, ["append"])
            await self.ask(device, None, ["expired"])
            await device.close()

        with Server() as server:
            asyncio.run(keep(server))
            server.stop()
            found = subprocess.run(["grep", "-rl", secret, server.state], capture_output=True)
            self.assertEqual(found.stdout, b"")


class Settings(unittest.TestCase):
    def serve(self, *options, environment=None, file=None):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
            if file is not None:
                config.write(file)
                config.flush()
                options = ("--config", config.name, *options)
            return subprocess.run(
                [BINARY, "serve", "--print-config", *options],
                capture_output=True, text=True, env={**os.environ, **(environment or {})}, timeout=20,
            )

    def test_a_flag_wins_over_the_environment_and_that_over_the_file(self):
        file = json.dumps({"items": 1, "shards": 2, "lifetime": "40d"})
        environment = {"PASTED_ITEMS": "3", "PASTED_SHARDS": "4"}
        shown = self.serve("--items", "5", environment=environment, file=file).stdout
        self.assertRegex(shown, r"items = 5 +# flag")
        self.assertRegex(shown, r"shards = 4 +# environment")
        self.assertRegex(shown, r"lifetime = 40d +# file ")
        self.assertRegex(shown, r"store = sqlite +# default")

    def test_what_is_no_setting_or_no_value_is_refused_by_name(self):
        for options, file, named in [
            (["--items", "0"], None, "items is '0' (flag)"),
            (["--items", "1000001"], None, "items is '1000001'"),
            (["--listen", "nowhere"], None, "listen is 'nowhere'"),
            (["--certificate", "a"], None, "certificate and private-key"),
            ([], '{"lifetme": "7d"}', "'lifetme', which is no setting"),
            ([], "[]", "is not an object of JSON"),
        ]:
            done = self.serve(*options, file=file)
            self.assertEqual((done.returncode != 0, named in done.stderr), (True, True), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
