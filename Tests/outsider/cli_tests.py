"""The command line against a running server, as a person or a script uses it."""

import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from server import BINARY, Server


class Home:
    """A person: a home directory of their own, and one server."""

    def __init__(self, server):
        self.server = server
        self.path = tempfile.mkdtemp(prefix="pasted-home-")
        self.env = {
            "PATH": os.environ["PATH"], "HOME": self.path, "XDG_RUNTIME_DIR": self.path + "/run",
            "PASTED_SERVER": server.http,
        }
        os.mkdir(self.path + "/run", 0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def run(self, *words, stdin=b"", env=None, timeout=60):
        return subprocess.run(
            [BINARY, *words], input=stdin, capture_output=True, env={**self.env, **(env or {})}, timeout=timeout)

    def start(self, *words, env=None, **streams):
        return subprocess.Popen([BINARY, *words], env={**self.env, **(env or {})}, **streams)

    def get(self, *words, **more):
        done = self.run(*words, **more)
        assert done.returncode == 0, (words, done)
        return done.stdout

    def new(self, *words, **more):
        return self.get("new", *words, **more).decode().strip()


def eventually(condition, seconds=20):
    """Waits for a condition; its last value."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


class Commands(unittest.TestCase):
    def test_bytes_come_back_exact(self):
        texts = [
            b"a\r\nb\r\n", b"no final newline", "\U0001f9a6 e\u0301 \ufeff\u202e".encode(), b"\n", b"\0nul\0\x01\x1b[31m",
            ("\u20ac" * 349525).encode(), b"\x01" * (1 << 20),
        ]
        for tls in (False, True):
            with self.subTest(tls=tls), Server(tls=tls) as server, Home(server) as home:
                url = home.new(*(["--trust-first"] if tls else []))
                for number, text in enumerate(texts, 1):
                    self.assertEqual(home.get("send", url, stdin=text), b"%d\n" % number)
                    self.assertTrue(home.get("get", url) == text, text[:40])
                self.assertTrue(home.get("get", "--all", url) == b"".join(texts))
                snapshot = json.loads(home.get("get", "--json", url))
                self.assertTrue([item["text"].encode() for item in snapshot["items"]] == texts)

    def test_files_become_items_and_new_prints_an_address(self):
        with Server() as server, Home(server) as home:
            one, two = pathlib.Path(home.path, "one"), pathlib.Path(home.path, "two")
            one.write_bytes(b"1")
            two.write_bytes(b"2\n")
            made = json.loads(home.get("new", "--json", "--expires", "1h", str(one), "-", stdin=b"in"))
            self.assertEqual(made["items"], [1, 2])
            self.assertEqual(home.get("send", made["url"], str(two), str(one)), b"3\n4\n")
            self.assertEqual(home.get("get", made["code"], "3"), b"2\n")
            self.assertAlmostEqual(made["expiresAt"] / 1000, time.time() + 3600, delta=60)
            self.assertEqual(home.get("rm", made["paste"], "1", "4"), b"")
            self.assertEqual(home.get("get", "--all", made["paste"]), b"in2\n")
            home.get("rm", made["paste"], "--all")
            self.assertEqual(home.get("get", "--all", made["paste"]), b"")
            self.assertIn(b"until", home.get("ls"))
            home.get("rm", made["paste"], "--paste")
            self.assertEqual(home.get("ls"), b"")

    def test_each_failure_has_its_exit_status(self):
        with Server("--text-bytes", "100", "--paste-bytes", "150") as server, Home(server) as home:
            url = home.new("--expires", "1h")
            cases = [
                (2, ["get"], b""), (2, ["nonsense"], b""), (2, ["get", url, "x"], b""), (2, ["extend", url, "1y"], b""),
                (3, ["get", "7K3QWD"], b""), (3, ["send", "7K3QWD"], b"text"), (9, ["get", url], b""),
                (9, ["rm", url, "9"], b""), (7, ["send", url], b"x" * 101), (8, ["send", url], b"\xff"),
                (1, ["send", url, "/no/such/file"], b""), (1, ["send", url], b""),
                (5, ["get", "--patience", "1s", "--server", "http://127.0.0.1:9", "abcdef"], b""),
                (5, ["get", "--patience", "1s", "--server", "http://no-such-host.invalid", "abcdef"], b""),
            ]
            for status, words, stdin in cases:
                done = home.run(*words, stdin=stdin)
                self.assertEqual((done.returncode, done.stdout), (status, b""), (words, done.stderr))
                self.assertTrue(done.stderr)
                if status > 2 and words != ["get", url]:  # a paste without items has a snapshot all the same
                    failure = json.loads(home.run(*words, "--json", stdin=stdin).stderr)
                    self.assertEqual(set(failure), {"error", "message"})
            home.get("send", url, stdin=b"x" * 100)
            self.assertEqual(home.run("send", url, stdin=b"x" * 51).returncode, 7)
            # Nobody is told that the server is away by a success.
            server.stop()
            self.assertEqual(home.run("send", url, "--patience", "1s", stdin=b"x").returncode, 5)

    def test_the_key_can_come_from_where_ps_does_not_look(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            home.get("send", url, stdin=b"text")
            file = pathlib.Path(home.path, "key")
            file.write_text(url.rsplit("/", 1)[1] + "\nnot this\n")
            self.assertEqual(home.get("get", "--key-file", str(file)), b"text")
            self.assertEqual(home.get("get", env={"PASTED_KEY": url}), b"text")
            self.assertEqual(home.get("get", "-", stdin=url.encode() + b"\n"), b"text")
            home.get("send", "-", stdin=url.encode() + b"\nwhat follows the key\n")
            self.assertEqual(home.get("get", "--key-file", str(file), "2"), b"what follows the key\n")

    def test_what_is_remembered_is_the_owners_only(self):
        with Server() as server, Home(server) as home:
            home.new()
            found = [path for path in pathlib.Path(home.path).rglob("*") if path.is_file()]
            self.assertGreaterEqual({path.name for path in found}, {"client.json", "recent.json"})
            for path in found:
                self.assertEqual(path.stat().st_mode & 0o077, 0, path)
            # The server that was used first is the usual one.
            env = {"PASTED_SERVER": ""}
            self.assertTrue(home.new(env=env).startswith(server.http))
            home.get("ls", "--clear")
            home.new("--no-remember")
            self.assertEqual(json.loads(home.get("ls", "--json")), [])
            # A script that runs often is one device to the paste, not many.
            url = home.new()
            for _ in range(3):
                home.get("send", url, stdin=b"x")
            items = json.loads(home.get("get", "--json", url))["items"]
            self.assertEqual(len({item["by"] for item in items}), 1)

    def test_an_unknown_certificate_is_pinned_and_a_changed_one_refused(self):
        with Server(tls=True) as server, Home(server) as home:
            done = home.run("new")
            self.assertEqual((done.returncode, done.stdout), (6, b""))
            fingerprint = server.log().split("fingerprint is ")[1].split()[0]
            self.assertIn(fingerprint, done.stderr.decode())
            wrong = home.run("new", "--fingerprint", "SHA256:" + fingerprint[:-2] + ("00" if fingerprint[-2:] != "00" else "11"))
            self.assertEqual(wrong.returncode, 6)
            url = home.new("--fingerprint", "SHA256:" + fingerprint)
            home.get("send", url, stdin=b"text")
            # The person's own server on this machine needs no question.
            with Home(server) as other:
                self.assertTrue(other.new(env={"PASTED_STATE_DIR": server.state}))
                self.assertTrue(other.new("--trust-first"))
            server.stop()
            for file in ("own-certificate.pem", "own-key.pem"):
                os.remove(os.path.join(server.state, file))
            server.start()
            for more in ([], ["--trust-first"]):
                changed = home.run("get", url, *more)
                self.assertEqual((changed.returncode, changed.stdout), (6, b""))
                self.assertIn(b"IS NOT THE ONE THAT IS KNOWN", changed.stderr)

    def test_a_qr_code_is_the_address(self):
        with Server() as server, Home(server) as home:
            code = json.loads(home.get("qr", "--json", "--server", "https://paste.example", "7k3qwd"))
            self.assertRegex(code["url"], r"^https://paste\.example/[a-z]+-[a-z]+-[a-z]+$")
            self.assertTrue(all(len(row) == len(code["rows"]) for row in code["rows"]))
            drawn = home.get("qr", "--server", "https://paste.example", "7k3qwd").decode().splitlines()
            # Half blocks: light is drawn, two rows a line, four modules of margin.
            for y, row in enumerate(code["rows"]):
                line = drawn[(y + 4) // 2]
                for x, module in enumerate(row):
                    block = line[x + 4]
                    is_light = block == "\u2588" or block == ("\u2580" if (y + 4) % 2 == 0 else "\u2584")
                    self.assertEqual(is_light, module == "0", (x, y))


class Terminal(unittest.TestCase):
    """With a pseudo-terminal for standard output."""

    def on_terminal(self, home, *words, env=None, stdin=None):
        main, other = pty.openpty()
        process = home.start(*words, env=env, stdin=stdin or other, stdout=other, stderr=other)
        os.close(other)
        return process, main

    def read_all(self, process, main, seconds=20):
        out = b""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([main], [], [], 0.1)[0]:
                try:
                    more = os.read(main, 65536)
                except OSError:
                    break
                if not more:
                    break
                out += more
            elif process.poll() is not None:
                break
        process.wait(10)
        os.close(main)
        return out

    def test_a_terminal_obeys_nothing_in_other_peoples_text(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            text = "\u001b]0;owned\u0007\u009b31m\rover\u202e".encode()
            home.get("send", url, stdin=text)
            for words in (["get", url], ["get", "--json", url]):
                out = self.read_all(*self.on_terminal(home, *words))
                for byte in (b"\x1b", b"\x07", b"\xc2\x9b"):
                    self.assertNotIn(byte, out.replace(b"\r\n", b"\n"), words)
            self.assertEqual(home.get("get", url), text)

    def test_yes_on_a_terminal_pins_and_no_does_not(self):
        with Server(tls=True) as server, Home(server) as home:
            for answer, status in ((b"n\n", 6), (b"y\n", 0)):
                # A session of its own, so that the pseudo-terminal is its controlling one.
                pid, main = pty.fork()
                if pid == 0:
                    os.execve(BINARY, [BINARY, "new"], home.env)
                out = b""
                while b"[y/N]" not in out:
                    out += os.read(main, 4096)
                os.write(main, answer)
                try:
                    while os.read(main, 4096):
                        pass
                except OSError:
                    pass
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), status)
                os.close(main)
            self.assertTrue(home.new())

    def editor(self, home, script):
        path = pathlib.Path(home.path, "editor")
        path.write_text("#!/bin/sh\nset -eu\n" + script)
        path.chmod(0o700)
        return {"EDITOR": str(path), "VISUAL": ""}

    def test_the_pad_is_edited_live_and_merged(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            gate = pathlib.Path(home.path, "gate")
            home.get("edit", url, env=self.editor(home, "printf 'one\\ntwo\\nthree\\n' > \"$1\"\n"))
            self.assertEqual(home.get("get", url, "pad"), b"one\ntwo\nthree\n")
            # While this editor is open, with "one" changed and saved ...
            slow = self.editor(
                home, f"sed -i s/one/ONE/ \"$1\"\nstat -c %a \"$1\" > {gate}.mode\n"
                f"while [ ! -e {gate} ]; do sleep 0.05; done\nsed -i s/three/THREE/ \"$1\"\n")
            process, main = self.on_terminal(home, "edit", url, env=slow)
            self.assertTrue(eventually(lambda: b"ONE" in home.get("get", url, "pad")), "a save goes out at once")
            # ... another one changes "two", and the server dies and comes back.
            other = self.editor(home, "sed -i 's/two/two and more/' \"$1\"\n")
            pathlib.Path(home.path, "editor").rename(pathlib.Path(home.path, "other"))
            home.get("edit", url, env={"EDITOR": home.path + "/other", "VISUAL": ""})
            self.assertEqual(other["VISUAL"], "")
            server.kill()
            server.start()
            gate.touch()
            self.read_all(process, main)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(home.get("get", url, "pad"), b"ONE\ntwo and more\nTHREE\n")
            self.assertEqual(pathlib.Path(f"{gate}.mode").read_text().strip(), "600")
            self.assertEqual(os.listdir(home.path + "/run"), [], "nothing of the text stays behind")

    def test_an_item_is_edited_to_the_byte(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            home.get("send", url, stdin=b"a\r\nb")
            # As editors do: a line feed at the end that was not there.
            home.get("edit", url, "1", env=self.editor(home, "printf 'x\\r\\nb\\n' > \"$1\"\n"))
            self.assertEqual(home.get("get", url, "1"), b"x\r\nb")

    def test_what_can_not_be_sent_stays_in_a_file(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            home.get("send", url, stdin=b"first")
            script = f"{BINARY} rm {url} 1\nprintf 'much work' > \"$1\"\n"
            done = home.run("edit", url, "1", env=self.editor(home, script))
            self.assertEqual(done.returncode, 9, done.stderr)
            path = done.stderr.decode().split("is in ")[1].strip().rstrip(".")
            self.assertEqual(pathlib.Path(path).read_bytes(), b"much work")
            failed = home.run("edit", url, env=self.editor(home, "exit 3\n"))
            self.assertEqual(failed.returncode, 1)


class Streams(unittest.TestCase):
    def watch(self, home, *words, **more):
        return home.start("watch", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def collect(self, process):
        """All of a process's output, in a thread; the list grows."""
        parts = []

        def read():
            while chunk := process.stdout.read1(65536):
                parts.append(chunk)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return parts, thread

    def test_a_followed_command_arrives_whole_through_kills(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            watcher = self.watch(home, "--all", url)
            parts, thread = self.collect(watcher)
            sender = home.start("send", "-f", url, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
            lines = [b"line %d \xf0\x9f\xa6\xa6%s\n" % (number, b"x" * (number % 97)) for number in range(3000)]
            for number, line in enumerate(lines):
                sender.stdin.write(line)
                sender.stdin.flush()
                if number % 10 == 0:
                    time.sleep(0.01)
                if number in (500, 1500, 2500):
                    server.kill()
                    server.start()
            sender.stdin.write(b"no end")
            sender.stdin.close()
            self.assertEqual(sender.wait(60), 0, sender.stderr.read())
            whole = b"".join(lines) + b"no end"
            self.assertTrue(eventually(lambda: len(b"".join(parts)) >= len(whole), 40))
            self.assertTrue(b"".join(parts) == whole, "nothing lost, nothing twice, in order")
            home.get("rm", url, "--paste")
            self.assertEqual(watcher.wait(30), 4)
            thread.join(10)
            self.assertTrue(b"".join(parts) == whole)
            for process in (watcher, sender):
                process.stderr.close()
            watcher.stdout.close()

    def test_a_line_arrives_while_its_command_still_runs(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            sender = home.start("send", "-f", url, stdin=subprocess.PIPE)
            sender.stdin.write(b"first\nhalf")
            sender.stdin.flush()
            self.assertTrue(eventually(lambda: home.run("get", url).stdout == b"first\n"))
            sender.stdin.close()
            self.assertEqual(sender.wait(20), 0)
            self.assertEqual(home.get("get", url), b"half")

    def test_a_full_paste_ends_waits_or_is_cleared_as_asked(self):
        lines = b"".join(b"%07d\n" % number for number in range(1000))
        for policy in ("fail", "wait", "clear"):
            with self.subTest(policy), Server("--text-bytes", "1000", "--paste-bytes", "3000") as server:
                with Home(server) as home:
                    url = home.new()
                    home.get("send", url, stdin=b"another's")
                    sender = home.start(
                        "send", "-f", "--when-full", policy, url, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
                    sender.stdin.write(lines)
                    sender.stdin.close()
                    if policy == "wait":
                        self.assertTrue(eventually(lambda: len(home.get("get", "--all", url)) > 2000))
                        taker = self.watch(home, "--all", "--take", url)
                        parts, _ = self.collect(taker)
                        self.assertEqual(sender.wait(60), 0, sender.stderr.read())
                        eventually(lambda: len(b"".join(parts)) >= 8009)
                        self.assertTrue(b"".join(parts) == b"another's" + lines)
                        taker.kill()
                        taker.wait()
                        taker.stdout.close()
                        taker.stderr.close()
                    elif policy == "clear":
                        self.assertEqual(sender.wait(60), 0, sender.stderr.read())
                        kept = home.get("get", "--all", url)
                        self.assertTrue(kept.startswith(b"another's") and lines.endswith(kept[9:]), kept)
                        self.assertGreater(len(kept), 1000)
                    else:
                        self.assertEqual(sender.wait(60), 7)
                        kept = home.get("get", "--all", url)[9:]
                        self.assertIn(b"%d bytes in 2 items are kept" % len(kept), sender.stderr.read())
                        self.assertTrue(lines.startswith(kept))
                    sender.stderr.close()

    def test_watch_prints_what_comes_from_now_on_and_json_the_protocol(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            home.get("send", url, stdin=b"before\n")
            plain, protocol = self.watch(home, url), self.watch(home, "--json", url)
            pad = self.watch(home, "--pad", url)
            (seen, _), (told, _), (pads, _) = self.collect(plain), self.collect(protocol), self.collect(pad)
            # The one whose first line has come is level; the others answer for themselves below.
            self.assertTrue(eventually(lambda: b"".join(told).count(b"\n") >= 1))
            snapshot = json.loads(b"".join(told).splitlines()[0])
            self.assertTrue(eventually(lambda: self.devices(home, url) >= 4))
            home.get("send", url, stdin=b"after")
            self.assertTrue(eventually(lambda: b"".join(seen) == b"after"), seen)
            self.assertTrue(eventually(lambda: b"".join(told).count(b"\n") >= 2))
            event = json.loads(b"".join(told).splitlines()[1])
            self.assertEqual((snapshot["type"], event["type"], event["text"]), ("snapshot", "append", "after"))
            self.assertEqual(event["seq"], snapshot["seq"] + 1)
            home.get("edit", url, env={"EDITOR": "sh -c 'printf typed > \"$1\"' sh", "VISUAL": ""})
            self.assertTrue(eventually(lambda: b"".join(pads) == b"typed\0"), pads)
            for process in (plain, protocol, pad):
                process.kill()
                process.wait()
                process.stdout.close()
                process.stderr.close()

    def devices(self, home, url):
        return json.loads(home.get("get", "--json", url))["devices"]

    def test_a_reader_that_leaves_ends_the_command(self):
        with Server() as server, Home(server) as home:
            url = home.new()
            home.get("send", url, stdin=b"x" * 1000000)
            done = subprocess.run(
                f"{BINARY} get {url} | head -c 10; echo ${{PIPESTATUS[0]}}", shell=True, executable="/bin/bash",
                capture_output=True, env=home.env, timeout=30)
            self.assertEqual(done.stdout, b"xxxxxxxxxx141\n")
            self.assertEqual(done.stderr, b"")


if __name__ == "__main__":
    unittest.main(verbosity=2)
