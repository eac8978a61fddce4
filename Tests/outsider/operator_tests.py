"""What the operator sees and does: drain, reload, signs of life, metrics, backup, check-config."""

import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import websockets

from devices import Device, ask, create, judge, snapshot
from server import BINARY, ROOT, Server, free_port

FAST = ["--appends-per-second", "1000000", "--items", "1000000", "--paste-bytes", "1073741824"]
GRACE_SECONDS = 8


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Drain(unittest.IsolatedAsyncioTestCase):
    """1,000 devices: 950 that listen, 50 that never read a byte."""

    async def test_a_thousand_devices_are_sent_away_one_after_the_other_within_the_grace_period(self):
        options = [*FAST, "--shards", "2", "--grace-period", f"{GRACE_SECONDS}s", "--text-bytes", "4194304"]
        with Server(*options) as server:
            paste = await create(server)
            async with websockets.connect(server.ws, subprotocols=["pasted.v1"]) as writer:
                for ref in (1, 2):
                    text = "x" * 4_000_000
                    await ask(writer, {"type": "append", "ref": ref, "paste": paste, "text": text}, ["ack"])
            deaf = [self.deaf(server, paste) for _ in range(50)]
            listening = []
            for start in range(0, 950, 50):
                listening += await asyncio.gather(*[
                    websockets.connect(
                        server.ws, subprotocols=["pasted.v1"], compression=None, open_timeout=60, ping_interval=None)
                    for _ in range(start, start + 50)
                ])
            closes = [asyncio.create_task(self.close_of(device)) for device in listening]
            await asyncio.sleep(1)

            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            closed = await asyncio.wait_for(asyncio.gather(*closes), 30)
            code = await asyncio.to_thread(server.process.wait, 30)
            elapsed = time.monotonic() - start
            for peer in deaf:
                peer.close()
        self.assertEqual(code, 0)
        self.assertLess(elapsed, GRACE_SECONDS)
        self.assertEqual({code for code, _ in closed}, {1001})
        times = sorted(when - start for _, when in closed)
        # 1,000 a second on each of the two shards, whose shares are not equal.
        self.assertGreater(times[-1] - times[0], 0.4)
        self.assertLess(times[-1], GRACE_SECONDS / 2 + 2)
        print(f"drain: 1,000 devices, 950 closed with 1001 over {times[-1] - times[0]:.2f} s, ended in {elapsed:.2f} s")

    async def close_of(self, device):
        try:
            while True:
                await device.recv()
        except websockets.exceptions.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None, time.monotonic()

    def deaf(self, server, paste):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", server.port))
        peer.sendall(
            b"GET /live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        text = json.dumps({"type": "subscribe", "paste": paste}).encode()
        peer.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)
        return peer

    async def test_a_request_that_has_begun_is_answered(self):
        with Server("--grace-period", "8s") as server:
            peer = socket.create_connection(("127.0.0.1", server.port), 10)
            idle = socket.create_connection(("127.0.0.1", server.port), 10)
            idle.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(idle.recv(65536).startswith(b"HTTP/1.1 200"))
            peer.sendall(b"GET /robots.txt HTT")
            await asyncio.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            peer.sendall(b"P/1.1\r\nHost: localhost\r\n\r\n")
            answer = peer.recv(65536)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
            self.assertIn(b"Connection: close", answer)
            self.assertEqual(idle.recv(65536), b"")
            self.assertEqual(await asyncio.to_thread(server.process.wait, 10), 0)
            peer.close()
            idle.close()


class Reload(unittest.IsolatedAsyncioTestCase):
    async def test_limits_change_for_open_connections_and_wrong_settings_change_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            config = os.path.join(directory, "settings.json")

            def write(settings):
                pathlib.Path(config).write_text(json.dumps(settings))

            async def said(what):
                for _ in range(200):
                    if what in server.log():
                        return
                    await asyncio.sleep(0.025)
                self.fail(f"no '{what}' in the log:\n{server.log()}")

            write({"text-bytes": 10})
            with Server("--config", config) as server:
                paste = await create(server)
                async with websockets.connect(server.ws, subprotocols=["pasted.v1"]) as device:
                    append = {"type": "append", "ref": 1, "paste": paste, "text": "x" * 20}
                    self.assertEqual((await ask(device, append, ["ack", "error"]))["type"], "error")
                    write({"text-bytes": 20, "log-level": "debug", "grace-period": "7s"})
                    server.process.send_signal(signal.SIGHUP)
                    await said("settings were read again")
                    await said("after a restart only")
                    self.assertIn('"grace-period"', server.log())
                    self.assertEqual((await ask(device, {**append, "ref": 2}, ["ack", "error"]))["type"], "ack")
                    write({"text-bytes": 0})
                    server.process.send_signal(signal.SIGHUP)
                    await said("text-bytes is '0'")
                    write({"misspelt": 0})
                    server.process.send_signal(signal.SIGHUP)
                    await said("which is no setting")
                    self.assertEqual((await ask(device, {**append, "ref": 3}, ["ack", "error"]))["type"], "ack")


class ServiceManager(unittest.TestCase):
    def test_it_is_told_of_the_start_of_life_of_a_reload_and_of_the_end(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(path)
                manager.settimeout(10)

                def hear(what):
                    while True:
                        message = manager.recv(4096).decode()
                        if what in message:
                            return message

                environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "600000"}
                with Server("--grace-period", "2s", environment=environment) as server:
                    hear("READY=1")
                    start = time.monotonic()
                    for _ in range(5):
                        hear("WATCHDOG=1")
                    self.assertLess(time.monotonic() - start, 5 * 0.6)
                    server.process.send_signal(signal.SIGHUP)
                    self.assertRegex(hear("RELOADING=1"), r"MONOTONIC_USEC=\d+")
                    hear("READY=1")
                    server.process.send_signal(signal.SIGTERM)
                    hear("STOPPING=1")
                    self.assertEqual(server.process.wait(10), 0)

    def test_a_process_that_hangs_gives_no_sign(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(path)
                environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}
                with Server("--shards", "2", environment=environment) as server:
                    manager.settimeout(10)
                    while b"WATCHDOG=1" not in manager.recv(4096):
                        pass
                    server.process.send_signal(signal.SIGSTOP)
                    manager.settimeout(1)
                    with self.assertRaises(TimeoutError):
                        while True:
                            manager.recv(4096)
                    server.process.send_signal(signal.SIGCONT)


class Metrics(unittest.IsolatedAsyncioTestCase):
    SAMPLE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="[^"\\\n]*",)*)([a-z_]+)="([^"\\\n]*)"\})? (-?[0-9.e+-]+|\+Inf|NaN)$')

    def check(self, text):
        """Prometheus' text format as its documentation has it; the samples by name, labels and the last label's value."""
        self.assertTrue(text.endswith("\n"))
        types, helps, samples, current = {}, set(), {}, None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                name = line.split()[2]
                self.assertNotIn(name, helps, "described twice")
                self.assertGreater(len(line.split()), 3)
                helps.add(name)
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.assertIn(name, helps, "a type without a help")
                self.assertIn(kind, ("counter", "gauge", "histogram"))
                types[name], current = kind, name
                self.assertEqual(name.endswith("_total"), kind == "counter", name)
            else:
                match = self.SAMPLE.match(line)
                self.assertTrue(match, line)
                name, more, label, value, number = match.groups()
                label = label and more + label
                family = re.sub("_(bucket|sum|count)$", "", name) if types[current] == "histogram" else name
                self.assertEqual(family, current, "a sample outside its family")
                self.assertNotIn((name, label, value), samples, "a sample twice")
                samples[name, label, value] = float(number)
        for name, kind in types.items():
            if kind == "histogram":
                buckets = [(float(v), n) for (s, _, v), n in samples.items() if s == f"{name}_bucket"]
                self.assertEqual(buckets, sorted(buckets), "buckets are cumulative and ascending")
                self.assertEqual(buckets[-1], (float("inf"), samples[f"{name}_count", None, None]))
        return samples

    async def test_metrics_are_well_formed_and_count_what_happened(self):
        admin = free_port()
        with Server("--admin-listen", f"127.0.0.1:{admin}", tls=True) as server:
            self.assertEqual(get(admin, "/healthz"), (200, "ok\n"))
            self.assertEqual(get(admin, "/readyz"), (200, "ok\n"))
            self.assertEqual(get(admin, "/")[0], 404)
            before = self.check(get(admin, "/metrics")[1])
            paste = await create(server)
            async with websockets.connect(server.ws, ssl=server.ssl, subprotocols=["pasted.v1"]) as device:
                await ask(device, {"type": "subscribe", "paste": paste}, ["snapshot"])
                for ref in range(1, 6):
                    await ask(device, {"type": "append", "ref": ref, "text": "text"}, ["append"])
                await ask(device, {"type": "append", "ref": 6, "text": ""}, ["error"])
                await asyncio.sleep(0.1)
                text = get(admin, "/metrics")[1]
                after = self.check(text)

                def grown(name, label=None, value=None):
                    return after[name, label, value] - before[name, label, value]

                self.assertEqual(grown("pasted_events_total"), 5)
                self.assertEqual(grown("pasted_shown_seconds_count"), 5)
                self.assertGreaterEqual(grown("pasted_store_commit_seconds_count"), 1)
                self.assertGreaterEqual(grown("pasted_store_group_requests_sum"), 6)
                self.assertEqual(grown("pasted_refusals_total", "code", "emptyText"), 1)
                self.assertEqual(after["pasted_connections", "kind", "websocket"], 1)
                self.assertEqual(after["pasted_viewers", None, None], 1)
                self.assertEqual(after["pasted_limit", "name", "text_bytes"], 1 << 20)
                self.assertGreater(after["process_resident_memory_bytes", None, None], 1 << 20)
                self.assertGreater(after["process_open_fds", None, None], 5)
                self.assertLess(abs(after["process_start_time_seconds", None, None] - time.time()), 60)
                self.assertNotIn(paste, text)
            for _ in range(100):
                samples = self.check(get(admin, "/metrics")[1])
                if samples["pasted_connections", "kind", "websocket"] == 0:
                    break
                await asyncio.sleep(0.05)
            self.assertEqual(samples["pasted_viewers", None, None], 0)
            self.assertEqual(samples["pasted_outbox_bytes", None, None], 0)
            if tool := shutil.which("promtool"):
                verdict = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True)
                self.assertEqual((verdict.returncode, verdict.stdout + verdict.stderr), (0, ""))


class Backup(unittest.IsolatedAsyncioTestCase):
    def backup(self, server, file):
        return subprocess.run(
            [BINARY, "backup", file, "--state-dir", server.state], capture_output=True, text=True, timeout=60)

    async def test_a_backup_under_load_holds_what_was_acknowledged_before_and_can_be_restored(self):
        with tempfile.TemporaryDirectory() as directory, Server(*FAST) as server:
            paste = await create(server)
            devices = [Device(server, paste, number, rate=50, window=32) for number in range(10)]
            tasks = [asyncio.create_task(device.run()) for device in devices]
            await asyncio.sleep(1)
            file = os.path.join(directory, "backup.tar")
            before = {item: text for device in devices for item, text in device.acknowledged.values()}
            self.assertGreater(len(before), 100)
            done = await asyncio.to_thread(self.backup, server, file)
            self.assertEqual(done.returncode, 0, done.stderr)
            await asyncio.sleep(0.5)
            for device in devices:
                device.stopped = True
            await asyncio.wait_for(asyncio.gather(*tasks), 30)
            live = await snapshot(server, paste)
            judge(devices, live["items"])
            self.assertEqual(os.listdir(directory), ["backup.tar"])
            self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
            again = await asyncio.to_thread(self.backup, server, file)
            self.assertNotEqual(again.returncode, 0)
            self.assertIn("exists already", again.stderr)

            state = os.path.join(directory, "restored")
            os.mkdir(state, 0o700)
            subprocess.run(["tar", "-xf", file, "-C", state], check=True)
            with Server(*FAST, state=state) as restored:
                found = await snapshot(restored, paste, after=live["seq"], tag=live["tag"])
                items = {item["item"]: item["text"] for item in found["items"]}
                self.assertEqual({item: items.get(item) for item in before}, before)
                self.assertLess(found["seq"], live["seq"])
                self.assertFalse(found["same"], "a device that has seen more does not notice")
            print(f"backup: {len(before)} acknowledged before it, all there; the server went on to {live['seq']}")

    async def test_a_backup_without_a_server_and_of_nothing(self):
        with tempfile.TemporaryDirectory() as directory, Server() as server:
            paste = await create(server)
            server.stop()
            done = self.backup(server, os.path.join(directory, "a.tar"))
            self.assertEqual(done.returncode, 0, done.stderr)
            empty = subprocess.run(
                [BINARY, "backup", os.path.join(directory, "b.tar"), "--state-dir", directory + "/none"],
                capture_output=True, text=True)
            self.assertNotEqual(empty.returncode, 0)
            self.assertEqual(os.listdir(directory), ["a.tar"])
            self.assertTrue(paste)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not here")
class Units(unittest.TestCase):
    def test_the_units_are_valid_and_leave_little_exposed(self):
        with tempfile.TemporaryDirectory() as directory:
            for unit in (ROOT / "packaging").glob("pasted*"):
                text = unit.read_text().replace("/usr/bin/pasted", BINARY)
                pathlib.Path(directory, unit.name).write_text(text)
            units = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
            self.assertEqual(len(units), 4)
            # The man pages are of the installed package, not of this machine.
            done = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            # Ten times the exposure that it allows: "safe" ends at 2.0.
            done = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--threshold=10", directory + "/pasted.service"],
                capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout[-200:])


class CheckConfig(unittest.TestCase):
    def check(self, *options):
        return subprocess.run(
            [BINARY, "check-config", "--site", str(ROOT / "Public"), *options], capture_output=True, text=True, timeout=20)

    def test_good_settings_have_no_problem_and_nothing_is_made(self):
        with tempfile.TemporaryDirectory() as directory:
            state = directory + "/state"
            done = self.check("--state-dir", state, "--listen", "127.0.0.1:0")
            self.assertEqual((done.returncode, done.stdout), (0, "No problem was found.\n"))
            self.assertFalse(os.path.exists(state))

    def test_every_problem_is_told_at_once(self):
        with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as taken:
            os.chmod(directory, 0o755)
            pathlib.Path(directory + "/secret").write_bytes(b"short")
            port = taken.getsockname()[1]
            done = self.check(
                "--state-dir", directory, "--listen", f"127.0.0.1:{port}", "--items", "0", "--log-level", "loud",
                "--certificate", directory + "/none.pem", "--private-key", directory + "/none.key")
            self.assertEqual(done.returncode, 1)
            for problem in [
                "items is '0'", "log-level is 'loud'", "open to other users", "secret is damaged", "none.pem",
                f"can not listen on 127.0.0.1:{port}",
            ]:
                self.assertIn(problem, done.stdout)
            self.assertEqual(len(done.stdout.splitlines()), 6, done.stdout)

    def test_the_state_is_where_the_command_line_looks_for_it(self):
        for environment, directory in (
            ({}, "/home/me/.local/state/pasted"),
            ({"XDG_STATE_HOME": "/state"}, "/state/pasted"),
            ({"XDG_STATE_HOME": "state"}, "/home/me/.local/state/pasted"),  # The specification: it is ignored.
            ({"XDG_STATE_HOME": ""}, "/home/me/.local/state/pasted"),
            ({"XDG_STATE_HOME": "/state", "STATE_DIRECTORY": "/service"}, "/service"),
            ({"XDG_STATE_HOME": "/state", "HOME": None}, "/state/pasted"),
        ):
            environment = {"HOME": "/home/me", "PATH": os.defpath, **environment}
            environment = {name: value for name, value in environment.items() if value is not None}
            with self.subTest(environment):
                done = subprocess.run(
                    [BINARY, "serve", "--print-config"], env=environment, capture_output=True, text=True, timeout=20)
                self.assertRegex(done.stdout, rf"(?m)^state-dir = {directory}  #")

    def test_a_running_server_does_not_count_as_a_taken_port(self):
        with Server() as server:
            done = self.check("--state-dir", server.state, "--listen", f"127.0.0.1:{server.port}")
            self.assertEqual((done.returncode, done.stdout), (0, "No problem was found.\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
