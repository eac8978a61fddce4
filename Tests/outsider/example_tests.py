"""The clients in Protocol/examples against a real server: what a stranger copies has to work."""

import subprocess
import sys
import tempfile
import threading
import unittest

from server import ROOT, Server

CLIENT = str(ROOT / "Protocol/examples/pasted.py")


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


if __name__ == "__main__":
    unittest.main()
