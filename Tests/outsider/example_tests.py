"""The clients in Protocol/examples against a real server: what a stranger copies has to work."""

import json
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from server import ROOT, Server, eventually

CLIENT = str(ROOT / "Protocol/examples/pasted.py")
SHELL_CLIENT = str(ROOT / "Protocol/examples/pasted.sh")
# What a program sees that looks for a number behind "item" in any text.
TRICKY = 'one\r\n{"item":99,"text":"x","same":false,"more":true} \\"item\\":98 \u0001 e\u0301 \U0001f9a6'.encode()


def python_client(server, *arguments, text=b""):
    done = subprocess.run(
        [sys.executable, CLIENT, server.ws, *arguments], input=text, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class PythonClient(unittest.TestCase):
    def test_a_text_comes_back_byte_for_byte(self):
        text = "one\r\ntwo\n\ttab \u0001 e\u0301 \U0001f9a6".encode()
        with Server() as server:
            key = python_client(server, "new")[1].decode().strip()
            self.assertEqual(python_client(server, "send", key, text=b"an earlier one"), (0, b"1\n", b""))
            self.assertEqual(python_client(server, "send", key, text=text), (0, b"2\n", b""))
            self.assertEqual(python_client(server, "get", key), (0, text, b""))

    def test_an_unknown_key_is_a_sentence_and_a_failure(self):
        with Server() as server:
            status, output, errors = python_client(server, "get", "7K3QWD")
            self.assertEqual((status, output), (1, b""))
            self.assertIn(b"no paste", errors.lower())

    def test_a_watcher_sees_each_item_once_over_restarts(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as state:
            server = Server(state=state).start()
            key = python_client(server, "new")[1].decode().strip()
            watcher = subprocess.Popen(
                [sys.executable, CLIENT, server.ws, "watch", key], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            deadline = threading.Timer(60, watcher.kill)
            deadline.start()
            try:
                for number in range(1, 6):
                    text = f"item {number}".encode()
                    self.assertEqual(python_client(server, "send", key, text=text)[1], f"{number}\n".encode())
                    self.assertEqual(watcher.stdout.readline(), text + b"\n")
                    if number % 2:
                        server.kill()
                        server = Server(state=state, port=server.port).start()
            finally:
                deadline.cancel()
                watcher.kill()
                rest, errors = watcher.communicate()
                server.stop()
            self.assertEqual((rest, errors), (b"", b""))


def shell_client(server, *arguments, text=b""):
    done = subprocess.run([SHELL_CLIENT, server.http, *arguments], input=text, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class ShellClient(unittest.TestCase):
    def test_a_text_comes_back_byte_for_byte(self):
        with Server() as server:
            status, address, errors = shell_client(server, "new", text=b"an earlier one")
            self.assertEqual((status, errors), (0, b""))
            key = address.decode().strip().removeprefix(server.http + "/")
            self.assertEqual(
                shell_client(server, "send", key, text=TRICKY), (0, address.strip() + b"/items/2\n", b""))
            self.assertEqual(shell_client(server, "get", key), (0, TRICKY, b""))

    def test_what_is_removed_is_gone_and_what_is_unknown_is_a_sentence_and_a_failure(self):
        with Server() as server:
            address = shell_client(server, "new", text=b"one")[1].decode().strip()
            key = address.removeprefix(server.http + "/")
            shell_client(server, "send", key, text=b"two")
            self.assertEqual(shell_client(server, "remove", key, "2"), (0, b"", b""))
            self.assertEqual(shell_client(server, "get", key), (0, b"one", b""))
            self.assertEqual(shell_client(server, "remove", key), (0, b"", b""))
            for arguments in (["get", key], ["send", key], ["remove", key], ["follow", key]):
                status, output, errors = shell_client(server, *arguments, text=b"late")
                self.assertEqual((status, output), (1, b""), arguments)
                self.assertIn(b"no paste with this key", errors)

    def test_what_is_not_whole_asks_for_nothing_and_says_how_it_is_used(self):
        with Server() as server:
            key = shell_client(server, "new", text=b"one")[1].decode().strip().removeprefix(server.http + "/")
            for arguments in (
                [], ["dance", key], ["send"], ["get"], ["follow"], ["remove"], ["send", ""], ["get", ""],
                ["remove", ""], ["remove", "", "1"], ["remove", key, ""],
            ):
                with self.subTest(arguments):
                    status, output, errors = shell_client(server, *arguments, text=b"two")
                    self.assertEqual((status, output), (2, b""))
                    self.assertIn(b"pasted.sh https://HOST new", errors)
            self.assertEqual(shell_client(server, "get", key), (0, b"one", b""))

    def test_a_follower_sees_each_item_once_over_restarts_and_ends_with_the_paste(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as state:
            server = Server(state=state).start()
            address = shell_client(server, "new", text=b"old")[1].decode().strip()
            key = address.removeprefix(server.http + "/")
            # A snapshot in several parts.
            for _ in range(4):
                shell_client(server, "send", key, text=b"old " * 50_000)
            follower = subprocess.Popen(
                [SHELL_CLIENT, server.http, "follow", key], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            deadline = threading.Timer(100, follower.kill)
            deadline.start()
            try:
                eventually(lambda: devices(server, key), 1)
                for number in range(1, 6):
                    text = b"item %d " % number + TRICKY.replace(b"\n", b"")
                    self.assertEqual(shell_client(server, "send", key, text=text)[0], 0)
                    self.assertEqual(follower.stdout.readline(), text + b"\n")
                    if number % 2:
                        server.kill()
                        server = Server(state=state, port=server.port).start()
                eventually(lambda: devices(server, key), 1)
                shell_client(server, "remove", key)
                rest, errors = follower.communicate()
            finally:
                deadline.cancel()
                follower.kill()
                follower.communicate()
                server.stop()
            self.assertEqual((follower.returncode, rest, errors), (0, b"", b""))


def devices(server, key):
    with urllib.request.urlopen(f"{server.http}/{key}.json") as answer:
        return json.load(answer)["devices"]


if __name__ == "__main__":
    unittest.main()
