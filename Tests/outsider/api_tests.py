"""What a script writer types: curl, on both ports and on two shards, against a server that is killed now and then."""

import hashlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

from server import Server, eventually

# More than one write of curl's, with every kind of line end, and characters that a read can cut.
TEXT = ("".join(f"{i} äöü 🦦 é\r\n\tline\n\r" for i in range(4000)) + "no end").encode()


def curl(*arguments, content=None, code=0, timeout=60):
    """What curl prints, by the command line that a person types."""
    command = ["curl", "--silent", "--show-error", "--insecure", "--max-time", str(timeout), *arguments]
    done = subprocess.run(command, input=content, capture_output=True, check=False)
    assert done.returncode == code, (command, done.returncode, done.stderr, done.stdout[:300])
    return done.stdout


def status(*arguments, content=None):
    """The last status, and what came with it."""
    answer = curl("--include", *arguments, content=content)
    while answer.startswith(b"HTTP/1.1 100"):
        answer = answer.split(b"\r\n\r\n", 1)[1]
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), rest


class Scripts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="pasted-api-")))

    def file(self, name, content):
        (self.folder / name).write_bytes(content)
        return str(self.folder / name)

    def servers(self):
        for options in ({"tls": False}, {"tls": True}):
            for shards in ("1", "2"):
                with self.subTest(shards=shards, **options), Server("--shards", shards, **options) as server:
                    yield server

    def make(self, server, content=b"first"):
        return curl("-T-", server.http + "/", content=content).decode().strip()

    def test_a_file_goes_in_and_comes_back_byte_for_byte(self):
        for server in self.servers():
            for arguments, content in (
                (("-T", self.file("notes.txt", TEXT)), None),
                (("-T", self.file("text", TEXT)), None),
                (("-T-",), TEXT),
                (("-T.",), TEXT),
                (("--data-binary", "@" + self.file("README", TEXT)), None),
                (("-F", f"a=<{self.file('part', TEXT)}"), None),
                (("-F", f"a=@{self.file('part', TEXT)}"), None),
                (("-X", "POST", "-H", "Transfer-Encoding: chunked", "--data-binary", "@-"), TEXT),
                (("-H", "Expect: 100-continue", "--data-binary", "@-"), TEXT),
            ):
                url = curl(*arguments, server.http + "/", content=content).decode()
                self.assertRegex(url, rf"\A{re.escape(server.http)}/[a-z]+-[a-z]+-[a-z]+\n\Z", arguments)
                self.assertEqual(curl(url.strip()), TEXT, arguments)
                self.assertEqual(curl(url.strip() + "/items/1"), TEXT, arguments)

    def test_a_session(self):
        for server in self.servers():
            paste = self.make(server)
            self.assertEqual(curl("-T-", paste, content=b"second\n").decode(), paste + "/items/2\n")
            self.assertEqual(curl("-d", "a=b&c d", paste).decode(), paste + "/items/3\n")
            self.assertEqual(curl("-T", self.file("x.txt", b"fourth"), paste + "/").decode(), paste + "/items/4\n")
            self.assertEqual([curl(f"{paste}/items/{n}") for n in (1, 2, 3, 4)], [b"first", b"second\n", b"a=b&c d", b"fourth"])
            self.assertEqual(
                curl("-F", "a=5", "-F", f"b=@{self.file('six', b'6')}", paste).decode(),
                f"{paste}/items/5\n{paste}/items/6\n")
            self.assertEqual(curl(paste), b"6")
            self.assertEqual(curl(paste + "/pad"), b"")
            snapshot = json.loads(curl(paste + ".json"))
            self.assertEqual(snapshot["type"], "snapshot")
            self.assertEqual([item["text"] for item in snapshot["items"]], ["first", "second\n", "a=b&c d", "fourth", "5", "6"])
            self.assertEqual(json.loads(curl("-H", "Accept: application/json", paste + "/items/5"))["text"], "5")
            self.assertEqual(status("-X", "DELETE", paste + "/items/1")[0], 204)
            self.assertEqual(status(paste + "/items/1")[0], 404)
            self.assertEqual(status("-I", paste)[0], 200)
            self.assertEqual(curl("-r", "1-2", paste + "/items/2"), b"ec")
            self.assertEqual(status("-r", "7-", paste + "/items/2")[0], 416)
            code, head, page = status("-H", "Accept: text/html,*/*;q=0.8", paste)
            self.assertTrue(code == 200 and b"<html" in page and "Content-Security-Policy" in head)
            code, head, page = status(paste + "/read")
            self.assertTrue(code == 200 and b"fourth" in page and b"<script" not in page, page)
            self.assertEqual(status("-X", "DELETE", paste)[0], 204)
            self.assertEqual(status(paste)[0], 404)

    def test_one_connection_serves_pastes_of_every_shard(self):
        with Server("--shards", "2") as server:
            pastes = [self.make(server, f"paste {n}".encode()) for n in range(12)]
            # curl keeps one connection for all of them, and says so.
            done = subprocess.run(
                ["curl", "--silent", "--verbose", *(pastes + [paste + "/items/1" for paste in pastes])],
                capture_output=True, check=True)
            self.assertEqual(done.stdout, b"".join(f"paste {n}".encode() for n in range(12)) * 2)
            self.assertEqual(done.stderr.count(b"Connected to"), 1)
            # The same with requests that are all there at once.
            with socket.create_connection(("127.0.0.1", server.port), 10) as peer:
                paths = [paste[len(server.http):] for paste in pastes]
                peer.sendall(b"".join(
                    f"PUT {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nmore\n"
                    f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode() for path in paths)
                    + b"GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                answer = b""
                while more := peer.recv(65536):
                    answer += more
            self.assertEqual(answer.count(b"HTTP/1.1 201 "), 12)
            self.assertEqual(answer.count(b"\r\n\r\nmore\n"), 12)
            found = re.findall(rb"http://h(/[a-z-]+)/items/2\n", answer)
            self.assertEqual([path.decode() for path in found], paths)

    def test_a_request_that_is_sent_again_takes_effect_once_even_when_the_server_was_killed(self):
        for round in range(5):
            key = str(uuid.uuid4())
            server = Server()
            with server:
                request = ("-H", f"Idempotency-Key: {key}", "-T-", server.http + "/")
                # It is killed at some moment of the request.
                asking = subprocess.Popen(
                    ["curl", "--silent", *request], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                with asking:
                    asking.stdin.write(TEXT)
                    asking.stdin.close()
                    time.sleep(round * 0.01)
                    server.process.send_signal(signal.SIGKILL)
                    server.process.wait()
                server.start()
                urls = {curl(*request, content=TEXT) for _ in range(2)}
                self.assertEqual(len(urls), 1)
                paste = urls.pop().decode().strip()
                snapshot = json.loads(curl(paste + ".json"))
                self.assertEqual([item["text"].encode() for item in snapshot["items"]], [TEXT])
                append = ("-H", "Idempotency-Key: a", "-T-", paste)
                items = {curl(*append, content=b"x") for _ in range(3)}
                self.assertEqual(items, {f"{paste}/items/2\n".encode()})
                self.assertEqual(status(*append, content=b"y")[0], 422)

    def test_what_was_answered_survives_a_kill(self):
        with Server() as server:
            paste = self.make(server)
            for number in range(2, 12):
                self.assertEqual(curl("-T-", paste, content=b"%d" % number).decode(), f"{paste}/items/{number}\n")
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                server.start()
            self.assertEqual(len(json.loads(curl(paste + ".json"))["items"]), 11)

    def test_limits_are_named_and_nothing_is_left(self):
        for server in self.servers():
            limit = 1 << 20
            for size, code in ((limit - 1, 201), (limit, 201), (limit + 1, 413)):
                big = self.file("big.txt", b"x" * size)
                for arguments, content in (
                    (("-T", big), None), (("-T-",), b"x" * size), (("--data-binary", "@" + big), None),
                    (("-F", f"a=@{big}"), None),
                ):
                    got, head, rest = status(*arguments, server.http + "/", content=content)
                    self.assertEqual(got, code, arguments)
                    if code == 413:
                        self.assertIn(b"larger than 1 MiB", rest)
            got, _, rest = status("--data-binary", "@-", server.http + "/", content=b"\xff\xfe")
            self.assertTrue(got == 415 and b"base64" in rest)
            self.assertEqual(status("-T-", server.http + "/", content=b"")[0], 400)
            got, _, rest = status("-H", "Accept: application/json", "-H", "X-Expires-In: 90d", "-d", "x", server.http + "/")
            self.assertTrue(got == 400 and json.loads(rest)["code"] == "badExpiry", rest)

    def test_an_unknown_key_is_said_before_the_content(self):
        with Server() as server:
            big = self.file("big", b"x" * (1 << 20))
            got, _, rest = status("-T", big, server.http + "/zebra-zebra-zebra")
            self.assertTrue(got == 404 and b"There is no paste with this key" in rest)
            done = subprocess.run(
                ["curl", "--silent", "--verbose", "-H", "Expect: 100-continue", "-T", big, server.http + "/README"],
                capture_output=True, check=True)
            self.assertIn(b"404", done.stderr)
            self.assertNotIn(b"100 Continue", done.stderr)

    def test_a_pipe_is_kept_when_it_ends(self):
        with Server() as server:
            command = f"(echo one; sleep 1; echo two; sleep 1; echo three) | curl --silent -T- {server.http}/"
            paste = subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout.decode().strip()
            self.assertEqual(curl(paste), b"one\ntwo\nthree\n")

    def test_a_paste_ends_when_it_was_asked_to(self):
        with Server() as server:
            paste = curl("-H", "X-Expires-In: 2s", "-d", "short", server.http + "/").decode().strip()
            self.assertEqual(curl(paste), b"short")
            self.assertEqual(eventually(lambda: status(paste)[0], 404, 10), 404)

    def test_a_foreign_page_changes_nothing(self):
        with Server() as server:
            paste = self.make(server)
            for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
                for arguments in (("-d", "x", paste), ("-X", "DELETE", paste), ("-d", "x", server.http + "/")):
                    got, head, _ = status("-H", f"Origin: {origin}", *arguments)
                    self.assertEqual(got, 403)
                    self.assertNotIn("Access-Control", head)
            self.assertEqual(status("-H", f"Origin: {server.http}", "-d", "x", paste)[0], 201)
            self.assertEqual(len(json.loads(curl(paste + ".json"))["items"]), 2)

    def test_the_code_leads_to_the_paste(self):
        with Server() as server:
            paste = self.make(server)
            code, head, svg = status(paste + "/qr.svg")
            self.assertTrue(code == 200 and "image/svg+xml" in head and svg.startswith(b"<svg "))
            self.assertNotIn(paste.encode(), svg)
            tag = re.search(r"(?i)etag: (\S+)", head)[1]
            self.assertEqual(status("-H", f"If-None-Match: {tag}", paste + "/qr.svg")[0], 304)
            self.assertNotEqual(svg, curl("-H", "Host: elsewhere.example", paste + "/qr.svg"))

    def test_messages_by_post(self):
        with Server("--shards", "2") as server:
            paste = self.make(server)
            client = ("-H", "Pasted-Client: " + hashlib.md5(b"me").hexdigest())
            message = ("-d", '{"type":"edit","ref":1,"target":"pad","base":0,"ops":["shared"]}')
            acks = {curl(*client, *message, paste + "/live") for _ in range(3)}
            self.assertEqual([json.loads(ack) for ack in acks], [{"type": "ack", "ref": 1, "seq": 2}])
            self.assertEqual(curl(paste + "/pad"), b"shared")
            created = json.loads(curl(*client, "-d", '{"type":"create","ref":7}', server.http + "/live"))
            self.assertEqual(created["type"], "created")
            self.assertEqual(created, json.loads(curl(*client, "-d", '{"type":"create","ref":7}', server.http + "/live")))
            self.assertEqual(status("-d", "{}", paste + "/live")[0], 400)

    def test_many_scripts_at_once_lose_nothing(self):
        with Server("--shards", "2") as server:
            paste = self.make(server)
            command = f"for i in $(seq 25); do echo \"$0 $i\" | curl --silent --show-error -T- {paste}; done"
            running = [
                subprocess.Popen(["bash", "-c", command, str(n)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                for n in range(6)
            ]
            answers = b"".join(process.communicate()[0] for process in running).decode().split()
            self.assertEqual(len(set(answers)), 150, answers[:5])
            texts = [item["text"] for item in json.loads(curl(paste + ".json"))["items"]][1:]
            self.assertEqual(sorted(texts), sorted(f"{n} {i}\n" for n in range(6) for i in range(1, 26)))
            for n in range(6):
                self.assertEqual([t for t in texts if t.startswith(f"{n} ")], [f"{n} {i}\n" for i in range(1, 26)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
