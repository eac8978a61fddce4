"""Handshakes that stall, flood or send rubbish: each costs a bounded time and memory, and disturbs nobody.

With a number of connections it measures what each kind of stall costs, one after the other, each on a server of its own.
"""

import os
import random
import select
import socket
import ssl
import sys
import tempfile
import threading
import time
import unittest

from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.constants import AlertDescription, AlertLevel, ContentType, KeyUpdateMessageType
from tlslite.errors import TLSAbruptCloseError
from tlslite.messages import Alert, Message

from authority import Authority
from server import Server

CONNECTIONS = 100
IS_MEASURING = False
# From the accept to the end of the first request; deadlines fall on whole seconds.
DEADLINE, ROUNDING = 10, 1


def setUpModule():
    global directory, files
    directory = tempfile.TemporaryDirectory(prefix="pasted-floods-")
    files = Authority(directory.name).leaf("ec", "DNS:localhost", "IP:127.0.0.1")
    start()


def tearDownModule():
    stop()
    directory.cleanup()


def start():
    global server, hello
    chain, key = map(str, files)
    server = Server("--store", "memory", "--certificate", chain, "--private-key", key, tls=True).start()
    hello = client_hello()
    serves()


def stop():
    server.stop()
    server.directory.cleanup()


def client_hello():
    """What a client begins with."""
    outgoing = ssl.MemoryBIO()
    client = server.ssl.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


def connect():
    return socket.create_connection(("127.0.0.1", server.port), 20)


def serves():
    """How long somebody else's request takes now, in seconds."""
    start = time.monotonic()
    with server.ssl.wrap_socket(connect()) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if not peer.recv(15).startswith(b"HTTP/1.1 200"):
            raise AssertionError("the server does not answer")
    return time.monotonic() - start


def memory():
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def processor():
    with open(f"/proc/{server.process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(attack, **figures):
    print(f"    {attack}: " + ", ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


class Stall:
    """Connections that begin alike and then stall, or drip."""

    def __init__(self, name, begin, drip=b""):
        self.name, self.begin, self.drip = name, begin, drip

    def open(self):
        self.peers = [connect() for _ in range(CONNECTIONS)]
        for peer in self.peers:
            peer.setblocking(False)
            if self.begin:
                peer.send(self.begin)

    def go_on(self, waiting):
        byte, self.drip = self.drip[:1], self.drip[1:]
        for peer in self.peers if byte else []:
            if peer.fileno() in waiting:
                try:
                    peer.send(byte)
                except OSError:
                    pass


def stalls():
    # As much as a message may be, but for its last byte, cut small.
    long = b"\x01\x00\x40\x00" + b"\0" * 16383
    pieces = b"".join(bytes([22, 3, 1, 0, len(long[start:start + 50])]) + long[start:start + 50]
                      for start in range(0, len(long), 50))
    return [
        Stall("nothing is sent", b""),
        Stall("half a ClientHello", hello[:len(hello) // 2]),
        Stall("a whole ClientHello, then nothing", hello),
        Stall("a byte of the ClientHello every half second", hello[:5], hello[5:60]),
        Stall("16 KiB of a long ClientHello in small records, then nothing", pieces),
    ]


class Stalls(unittest.TestCase):
    def test_a_handshake_has_ten_seconds_however_it_stalls(self):
        if not IS_MEASURING:
            return self.outlast(stalls())
        for number in range(len(stalls())):
            stop()
            start()
            self.outlast([stalls()[number]])

    def outlast(self, kinds):
        """Waits until the server has ended all connections; a byte now and then does not buy time."""
        before, began = memory(), time.monotonic()
        for kind in kinds:
            kind.open()
        opened = last = time.monotonic()
        waiting = {peer.fileno(): peer for kind in kinds for peer in kind.peers}
        count, peak, slowest = len(waiting), 0, 0
        poll = select.poll()
        for number in waiting:
            poll.register(number, select.POLLIN)
        while waiting:
            for number, _ in poll.poll(500):
                try:
                    ended = waiting[number].recv(65536) == b""
                except ConnectionResetError:
                    ended = True
                if ended:
                    poll.unregister(number)
                    del waiting[number]
                    last = time.monotonic()
            for kind in kinds:
                kind.go_on(waiting)
            if time.monotonic() - opened < DEADLINE - 2:
                peak = max(peak, memory() - before)
                slowest = max(slowest, serves())
            self.assertLess(time.monotonic() - opened, 60, f"{len(waiting)} connections were never ended")
        for kind in kinds:
            for peer in kind.peers:
                peer.close()
        show(", ".join(kind.name for kind in kinds), connections=count, opened_in=f"{opened - began:.1f} s",
             ended_after=f"{last - opened:.1f} s", memory_each=f"{peak / count / 1024:.1f} KiB",
             slowest_request_meanwhile=f"{slowest * 1000:.0f} ms")
        # On a machine that is busy with other things, everything takes longer by what a request does.
        self.assertLessEqual(last - opened, DEADLINE + ROUNDING + 1.5 + slowest)
        self.assertGreaterEqual(last - began, DEADLINE - 0.1)
        # A record, a message, and OpenSSL's session.
        self.assertLess(peak / count, 64 * 1024)


class Floods(unittest.TestCase):
    def attack(self, name, connection, piece, most_bytes):
        """Sends a piece again and again until the server ends the connection."""
        memory_before, processor_before, start = memory(), processor(), time.monotonic()
        sent, slowest, done = 0, 0, threading.Event()

        def others():
            nonlocal slowest
            slowest = serves()
            while not done.wait(0.05):
                slowest = max(slowest, serves())

        watcher = threading.Thread(target=others)
        watcher.start()
        peer = connection if isinstance(connection, socket.socket) else connection.plain
        try:
            while sent < 50_000_000:
                sent += piece()
                readable, _, _ = select.select([peer], [], [], 0)
                if readable and peer.recv(65536) == b"":
                    break
        except (ConnectionError, TLSAbruptCloseError):
            pass  # the server's end of it, as the kernel tells it or as tlslite does
        finally:
            done.set()
            watcher.join()
            peer.close()
        show(name, ended_after=f"{sent / 1024:.0f} KiB", seconds=f"{time.monotonic() - start:.1f}",
             processor=f"{processor() - processor_before:.2f} s", memory=f"{(memory() - memory_before) / 1024:.0f} KiB",
             slowest_request_meanwhile=f"{slowest * 1000:.0f} ms")
        self.assertLess(sent, most_bytes)
        serves()

    def open(self, version):
        settings = HandshakeSettings()
        settings.minVersion = settings.maxVersion = version
        plain = connect()
        connection = TLSConnection(plain)
        connection.plain = plain
        connection.handshakeClientCert(settings=settings, serverName="localhost")
        return connection

    def record(self, connection, kind, content):
        for _ in connection._recordLayer.sendRecord(Message(kind, bytearray(content))):
            pass
        return len(content) + 29

    # What the kernels' buffers on both sides may hold beyond the 64 KiB that are looked at.
    IN_BUFFERS = 6 << 20

    def test_hello_without_end(self):
        peer = connect()
        first = bytes([22, 3, 1, 0x40, 0, 1, 0x01, 0xff, 0x00]) + b"\0" * 16380
        rest = bytes([22, 3, 1, 0x40, 0]) + b"\0" * 16384
        peer.sendall(first)

        def piece():
            peer.sendall(rest)
            return len(rest)

        self.attack("a ClientHello that announces 128 KiB", peer, piece, self.IN_BUFFERS)

    def test_one_byte_records_without_end(self):
        peer = connect()
        begin = bytes([1, 0, 0xff, 0xff]) + b"\0" * 60
        peer.sendall(b"".join(bytes([22, 3, 1, 0, 1, byte]) for byte in begin))
        many = bytes([22, 3, 1, 0, 1, 0]) * 500

        def piece():
            peer.sendall(many)
            return len(many)

        self.attack("a ClientHello in records of a byte", peer, piece, self.IN_BUFFERS)

    def test_key_updates(self):
        connection = self.open((3, 4))

        def piece():
            for _ in connection.send_keyupdate_request(KeyUpdateMessageType.update_requested):
                pass
            return 27

        self.attack("key updates (TLS 1.3)", connection, piece, 1 << 20)

    def test_renegotiation(self):
        connection = self.open((3, 3))
        begin = bytes(hello[5:])
        self.attack("renegotiations (TLS 1.2)", connection,
                    lambda: self.record(connection, ContentType.handshake, begin), 1 << 20)

    def test_empty_records(self):
        for version, name in [((3, 3), "1.2"), ((3, 4), "1.3")]:
            connection = self.open(version)
            self.attack(f"empty records (TLS {name})", connection,
                        lambda: self.record(connection, ContentType.application_data, b""), 1 << 20)

    def test_warnings(self):
        connection = self.open((3, 3))
        warning = Alert().create(AlertDescription.user_canceled, AlertLevel.warning).write()
        self.attack("warning alerts (TLS 1.2)", connection,
                    lambda: self.record(connection, ContentType.alert, warning), 1 << 20)

    def test_rubbish(self):
        source = random.Random(7)
        before, start, kinds = memory(), time.monotonic(), {"alert": 0, "plain HTTP": 0, "end": 0}
        for number in range(CONNECTIONS):
            with connect() as peer:
                body = source.randbytes(source.randrange(1, 3000))
                if number % 3 == 0:
                    body = bytes([22, 3, source.randrange(4)]) + len(body).to_bytes(2, "big") + body
                elif number % 3 == 1:
                    # A real ClientHello with some bytes changed.
                    changed = bytearray(hello)
                    for _ in range(source.randrange(1, 6)):
                        changed[source.randrange(len(changed))] = source.randrange(256)
                    body = bytes(changed)
                peer.sendall(body)
                peer.shutdown(socket.SHUT_WR)
                answer = b""
                try:
                    while piece := peer.recv(65536):
                        answer += piece
                except ConnectionResetError:
                    pass
                kinds["alert" if answer[:1] == b"\x15" else "plain HTTP" if answer[:4] == b"HTTP" else "end"] += 1
        show("rubbish", connections=CONNECTIONS, seconds=f"{time.monotonic() - start:.1f}", answers=kinds,
             memory=f"{(memory() - before) / 1024:.0f} KiB")
        self.assertLess(memory() - before, 8 << 20)
        serves()


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        CONNECTIONS, IS_MEASURING = int(sys.argv.pop(1)), True
    unittest.main(verbosity=2)
