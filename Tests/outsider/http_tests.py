"""What bare sockets see of the HTTP front: answers that come before the content, deadlines, proxies."""

import socket
import ssl
import time
import unittest

from server import Server


def rest(peer):
    """All that comes until the end; a reset is the end of what had come."""
    got = b""
    try:
        while chunk := peer.recv(65536):
            got += chunk
    except ConnectionResetError:
        got += b"<reset>"
    return got


class Sockets(unittest.TestCase):
    def connect(self, server, source="127.0.0.1"):
        peer = socket.create_connection(("127.0.0.1", server.port), 20, source_address=(source, 0))
        return self.enterContext(peer)

    def secure(self, server, peer):
        return self.enterContext(server.ssl.wrap_socket(peer))


class Answers(Sockets):
    def test_the_answer_arrives_although_the_content_is_never_read(self):
        for tls in (False, True):
            with self.subTest(tls=tls), Server(tls=tls) as server:
                peer = self.connect(server)
                if tls:
                    peer = self.secure(server, peer)
                peer.sendall(b"PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000000\r\n\r\n")
                try:
                    for _ in range(92):
                        peer.sendall(bytes(65536))
                except OSError:
                    self.fail("cut off while it was sending")
                answer = rest(peer)
                self.assertTrue(answer.startswith(b"HTTP/1.1 405 "), answer[:80])
                self.assertIn(b"\r\nAllow: GET, HEAD\r\n", answer)
                self.assertNotIn(b"<reset>", answer)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)

    def test_a_request_that_trickles_in_is_closed_after_ten_seconds(self):
        with Server() as server:
            start = time.monotonic()
            peer = self.connect(server)
            peer.settimeout(1)
            answer = b""
            for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX: abcdefgh":
                try:
                    peer.sendall(bytes([byte]))
                    answer += peer.recv(4096)
                    break
                except TimeoutError:
                    continue
            took = time.monotonic() - start
            self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
            self.assertTrue(9 < took < 13, took)

    def test_a_handshake_that_trickles_in_is_closed_after_ten_seconds(self):
        with Server(tls=True) as server:
            start = time.monotonic()
            peer = self.connect(server)
            peer.settimeout(1)
            hello = bytes.fromhex("1603010200010001fc0303") + bytes(60)
            for byte in hello:
                try:
                    peer.sendall(bytes([byte]))
                    if peer.recv(4096) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            self.assertTrue(9 < time.monotonic() - start < 13)


class Proxies(Sockets):
    def test_the_header_comes_before_tls(self):
        with Server("--proxies", "127.0.0.0/8", "--proxy-protocol", "on", tls=True) as server:
            for header in (
                b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
                bytes.fromhex("0d0a0d0a000d0a515549540a2111000c") + bytes([192, 0, 2, 7, 198, 51, 100, 1, 0, 1, 0, 2]),
                bytes.fromhex("0d0a0d0a000d0a515549540a20000000"),
            ):
                peer = self.connect(server)
                peer.sendall(header)
                peer = self.secure(server, peer)
                peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
                self.assertTrue(rest(peer).startswith(b"HTTP/1.1 200 "), header)
            peer = self.connect(server)
            with self.assertRaises((ssl.SSLError, OSError)):
                self.secure(server, peer)

    def test_a_header_from_elsewhere_is_an_error(self):
        with Server("--proxies", "127.0.0.2", "--proxy-protocol", "on") as server:
            peer = self.connect(server)
            peer.sendall(b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\nGET / HTTP/1.0\r\n\r\n")
            self.assertTrue(rest(peer).startswith(b"HTTP/1.1 400 "))
            peer = self.connect(server)
            peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertTrue(rest(peer).startswith(b"HTTP/1.1 200 "))
            peer = self.connect(server, source="127.0.0.2")
            peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(rest(peer).replace(b"<reset>", b""), b"")

    def test_proxy_protocol_needs_proxies(self):
        server = Server("--proxy-protocol", "on")
        self.addCleanup(server.directory.cleanup)
        with self.assertRaises(RuntimeError) as refused:
            server.start()
        self.assertIn("proxies names nobody", str(refused.exception))


if __name__ == "__main__":
    unittest.main(verbosity=2)
