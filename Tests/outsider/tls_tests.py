"""TLS as strangers see it: `openssl s_client` and Python's `ssl` against a server with a real chain."""

import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.request

from authority import Authority
from server import BINARY, Server, free_port

# Mozilla's "intermediate", TLS 1.2's part.
CIPHERS = {
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
}
SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


def setUpModule():
    global directory, authority, leaves
    directory = tempfile.TemporaryDirectory(prefix="pasted-tls-")
    authority = Authority(directory.name)
    leaves = {
        "ec": authority.leaf("ec", "DNS:localhost", "DNS:*.ec.test", "IP:127.0.0.1"),
        "rsa": authority.leaf("rsa", "DNS:rsa.test", "IP:127.0.0.1", rsa=True),
    }


def tearDownModule():
    directory.cleanup()


def certificates(*names):
    chains, keys = zip(*(leaves[name] for name in names))
    return ["--certificate", ",".join(map(str, chains)), "--private-key", ",".join(map(str, keys))]


def probe(port, *options, text="", host="localhost"):
    """What `openssl s_client` says, and whether it got through."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", host, "-CAfile", authority.root,
         "-verify_return_error", *options], input=text, capture_output=True, text=True, timeout=20)
    said = done.stdout + done.stderr
    return said, "Cipher is (NONE)" not in said and "New, " in said


def handshake(port, host="localhost", protocols=None, ciphers=None, highest=None, session=None, context=None):
    """A connection by Python's `ssl`; None if it was refused."""
    if context is None:
        context = ssl.create_default_context(cafile=authority.root)
        context.check_hostname = False
        if protocols:
            context.set_alpn_protocols(protocols)
        if highest:
            context.maximum_version = highest
        if ciphers:
            context.set_ciphers(ciphers)
    peer = socket.create_connection(("127.0.0.1", port), 10)
    try:
        return context.wrap_socket(peer, server_hostname=host, session=session)
    except ssl.SSLError:
        peer.close()
        return None


def ask(connection, path="/"):
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, body = answer.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode()


class Parameters(unittest.TestCase):
    """One server for all: nothing here changes it."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server("--store", "memory", *certificates("ec", "rsa"), tls=True).start()
        cls.port = cls.server.port

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.directory.cleanup()

    def test_versions_below_1_2_are_refused_with_their_alert(self):
        for version, works in [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)]:
            said, is_open = probe(self.port, version, "-cipher", "ALL:@SECLEVEL=0")
            self.assertEqual(is_open, works, said)
            if not works:
                self.assertIn("alert protocol version", said)

    def test_of_all_ciphers_of_1_2_only_those_with_forward_secrecy_and_authentication_are_taken(self):
        known = subprocess.run(
            ["openssl", "ciphers", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True, text=True)
        offered = [name for name in known.stdout.strip().split(":") if not name.startswith("TLS_")]
        self.assertGreater(len(offered), 50)
        taken = set()
        for host in ("localhost", "rsa.test"):
            for name in offered:
                connection = handshake(self.port, host, ciphers=f"{name}:@SECLEVEL=0", highest=ssl.TLSVersion.TLSv1_2)
                if connection:
                    taken.add(connection.cipher()[0])
                    connection.close()
        self.assertEqual(taken, CIPHERS)

    def test_of_all_suites_of_1_3_the_three_of_mozilla_are_taken(self):
        taken = {suite for suite in SUITES | {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}
                 if probe(self.port, "-tls1_3", "-ciphersuites", suite)[1]}
        self.assertEqual(taken, SUITES)

    def test_the_server_chooses_but_whoever_puts_chacha_first_gets_it(self):
        a128, a256, chacha = (f"ECDHE-ECDSA-{end}" for end in
                              ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"))
        for wish, given in [([a256, a128], a128), ([a256, chacha, a128], a128), ([chacha, a256, a128], chacha)]:
            with handshake(self.port, ciphers=":".join(wish), highest=ssl.TLSVersion.TLSv1_2) as connection:
                self.assertEqual(connection.cipher()[0], given)

    def test_groups_are_x25519_first_then_two_of_nist(self):
        for group, works in [("X25519", True), ("P-256", True), ("P-384", True), ("P-521", False), ("X448", False),
                             ("ffdhe2048", False)]:
            said, is_open = probe(self.port, "-tls1_3", "-groups", group)
            self.assertEqual(is_open, works, said)
        # In 1.3 a client sends its share along: what it begins with, if it will do, saves a round trip.
        self.assertRegex(probe(self.port, "-tls1_2", "-groups", "P-384:P-256:X25519")[0], "(Server|Peer) Temp Key: X25519")

    def test_no_renegotiation_no_compression_no_early_data(self):
        said, _ = probe(self.port, "-tls1_2", text="R\n")
        self.assertIn("RENEGOTIATING", said)
        self.assertIn("no renegotiation", said)
        self.assertIn("Secure Renegotiation IS supported", said)
        self.assertIn("Compression: NONE", said)
        self.assertIn("Max Early Data: 0", self.after_a_ticket()[0])

    def after_a_ticket(self):
        # TLS 1.3 tickets come behind the handshake: an answer behind them is waited for.
        process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "localhost", "-CAfile",
             authority.root, "-tls1_3", "-ign_eof"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said, _ = process.communicate("GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 20)
        return said, said.count("New Session Ticket arrived")

    def test_one_ticket_a_session_good_for_half_a_day(self):
        said, count = self.after_a_ticket()
        self.assertEqual(count, 1)
        self.assertIn("TLS session ticket lifetime hint: 43200 (seconds)", said)

    def test_sessions_are_resumed_in_both_versions_without_being_remembered(self):
        for highest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            first = handshake(self.port, highest=highest)
            ask(first)
            second = handshake(self.port, session=first.session, context=first.context)
            self.assertTrue(second.session_reused, highest)
            first.close()
            second.close()

    def test_only_http_1_1_is_spoken(self):
        for protocols, chosen in [(None, None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")]:
            with handshake(self.port, protocols=protocols) as connection:
                self.assertEqual(connection.selected_alpn_protocol(), chosen)
        self.assertIn("alert no application protocol", probe(self.port, "-alpn", "h2")[0])

    def test_the_certificate_is_that_of_the_name_else_the_first(self):
        ec, rsa = (ssl.PEM_cert_to_DER_cert(pathlib.Path(directory.name, f"{name}.pem").read_text())
                   for name in ("ec", "rsa"))
        for host, expected in [("localhost", ec), ("a.ec.test", ec), ("rsa.test", rsa), ("RSA.test", rsa),
                               ("a.b.ec.test", ec), ("nobody.test", ec), ("127.0.0.1", ec), (None, ec)]:
            with handshake(self.port, host) as connection:
                self.assertEqual(connection.getpeercert(True), expected, host)

    def test_what_fails_is_counted_by_reason(self):
        operator = free_port()
        with Server("--store", "memory", "--admin-listen", f"127.0.0.1:{operator}", *certificates("ec"),
                    tls=True) as server:
            probe(server.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
            probe(server.port, "-tls1_2", "-cipher", "AES128-SHA")
            probe(server.port, "-alpn", "h2")
            handshake(server.port, context=ssl.create_default_context())
            with socket.create_connection(("127.0.0.1", server.port), 10) as peer:
                peer.sendall(bytes([22, 3, 1, 0, 5]) + b"\xff" * 500)
                while peer.recv(100):
                    pass
            socket.create_connection(("127.0.0.1", server.port), 10).close()
            wanted = {
                'failures_total{reason="version"}': 1, 'failures_total{reason="parameters"}': 1,
                'failures_total{reason="application_protocol"}': 1, 'failures_total{reason="peer_alert"}': 1,
                'failures_total{reason="broken"}': 1, 'failures_total{reason="flood"}': 0}
            self.assertEqual(eventually(lambda: metrics(operator, wanted), wanted), wanted)
            # This one, and the harness's look whether the port is there.
            self.assertGreaterEqual(metrics(operator, ["unfinished_total"])["unfinished_total"], 1)


def metrics(port, names):
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    found = dict(re.findall(r"^pasted_tls_(\S+) (-?\d+)$", text, re.M))
    return {name: int(found[name]) for name in names}


def eventually(look, wanted, seconds=40):
    """What `look` gives once it is what is wanted, or at last."""
    end = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return found


class Profiles(unittest.TestCase):
    def test_modern_is_1_3_alone(self):
        with Server("--store", "memory", "--tls-profile", "modern", *certificates("ec"), tls=True) as server:
            self.assertIn("alert protocol version", probe(server.port, "-tls1_2")[0])
            self.assertTrue(probe(server.port, "-tls1_3")[1])

    def test_hsts_is_said_with_tls_when_asked_for(self):
        for options, field in [([], False), (["--hsts", "180d"], True)]:
            with Server("--store", "memory", *options, *certificates("ec"), tls=True) as server:
                with handshake(server.port) as connection:
                    for path in ("/", "/nothing/here"):
                        head = ask(connection, path)
                        self.assertEqual("Strict-Transport-Security: max-age=15552000" in head, field, head)

    def test_a_response_is_stapled_for_who_asks(self):
        leaves["staple"] = authority.leaf("staple", "DNS:staple.test", must_staple=True)
        response = authority.response("staple")
        with Server("--store", "memory", *certificates("ec", "staple"), "--ocsp-response", f",{response}",
                    tls=True) as server:
            self.assertIn("OCSP Response Status: successful", probe(server.port, "-status", host="staple.test")[0])
            self.assertIn("OCSP response: no response sent", probe(server.port, "-status")[0])


class Refused(unittest.TestCase):
    """What is wrong with the files is said at the start, by name, and never with what is in them."""

    def refused(self, chain, key, *options):
        with tempfile.TemporaryDirectory() as state:
            done = subprocess.run(
                [BINARY, "serve", "--listen", f"127.0.0.1:{free_port()}", "--state-dir", state, "--store", "memory",
                 "--certificate", chain, "--private-key", key, *options],
                capture_output=True, text=True, timeout=20, cwd=pathlib.Path(__file__).parents[2])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(key), done.stderr)
        secret = pathlib.Path(key).read_text().splitlines()[1]
        self.assertNotIn(secret, done.stdout + done.stderr)
        return done.stderr

    def test_by_reason(self):
        chain, key = leaves["ec"]
        locked = pathlib.Path(directory.name, "locked.key")
        subprocess.run(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", locked], check=True)
        backward = pathlib.Path(directory.name, "backward.pem")
        backward.write_bytes(b"".join(
            pathlib.Path(directory.name, name).read_bytes() for name in ("ec.pem", "root.pem", "middle.pem")))
        staple, staple_key = authority.leaf("staple", "DNS:staple.test", must_staple=True)
        response = authority.response("ec")
        self.assertIn("passphrase", self.refused(chain, locked))
        self.assertIn("does not belong", self.refused(chain, leaves["rsa"][1]))
        self.assertIn("out of order", self.refused(backward, key))
        self.assertIn("must-staple", self.refused(staple, staple_key))
        self.assertIn("another certificate", self.refused(staple, staple_key, "--ocsp-response", response))
        self.assertIn("DER", self.refused(staple, staple_key, "--ocsp-response", chain))


class Renewal(unittest.TestCase):
    def setUp(self):
        self.files = tempfile.TemporaryDirectory(prefix="pasted-live-")
        self.chain, self.key = (pathlib.Path(self.files.name, name) for name in ("chain.pem", "key.pem"))
        self.put("ec")
        self.operator = free_port()
        self.server = Server(
            "--store", "memory", "--certificate", str(self.chain), "--private-key", str(self.key), "--admin-listen",
            f"127.0.0.1:{self.operator}", tls=True).start()

    def tearDown(self):
        self.server.stop()
        self.server.directory.cleanup()
        self.files.cleanup()

    def put(self, name):
        for source, target in zip(leaves[name], (self.chain, self.key)):
            fresh = target.with_suffix(".new")
            shutil.copy(source, fresh)
            os.rename(fresh, target)

    def served(self):
        with handshake(self.server.port) as connection:
            der = connection.getpeercert(True)
        return next(name for name in ("ec", "rsa") if der == ssl.PEM_cert_to_DER_cert(
            pathlib.Path(directory.name, f"{name}.pem").read_text()))

    def counted(self):
        return metrics(self.operator, ["renewals_total", "renewal_failures_total"])

    def test_a_hang_up_renews_and_live_connections_do_not_notice(self):
        live = handshake(self.server.port)
        ask(live)
        self.put("rsa")
        self.server.process.send_signal(signal.SIGHUP)
        self.assertEqual(eventually(self.served, "rsa"), "rsa")
        self.assertIn("200 OK", ask(live))
        # A session of the old certificate is resumed all the same.
        again = handshake(self.server.port, session=live.session, context=live.context)
        self.assertTrue(again.session_reused)
        # A bad pair keeps the old one, says so in log and metrics.
        shutil.copy(leaves["ec"][1], self.key)
        self.server.process.send_signal(signal.SIGHUP)
        wanted = {"renewals_total": 1, "renewal_failures_total": 1}
        self.assertEqual(eventually(self.counted, wanted), wanted)
        self.assertIn("does not belong", self.server.log())
        self.assertEqual(self.served(), "rsa")
        self.assertIn("200 OK", ask(live))
        for connection in (live, again):
            connection.close()

    def test_files_that_change_are_noticed_without_a_signal(self):
        live = handshake(self.server.port)
        ask(live)
        self.put("rsa")
        self.assertEqual(eventually(self.served, "rsa"), "rsa")
        self.assertEqual(self.counted(), {"renewals_total": 1, "renewal_failures_total": 0})
        self.assertIn("200 OK", ask(live))
        live.close()

    def test_a_hang_up_without_tls_ends_nothing(self):
        with Server("--store", "memory") as server:
            server.process.send_signal(signal.SIGHUP)
            with self.assertRaises(subprocess.TimeoutExpired):
                server.process.wait(1)


class Redirects(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.root = tempfile.TemporaryDirectory(prefix="pasted-acme-")
        self.challenges = pathlib.Path(self.root.name, ".well-known/acme-challenge")
        self.challenges.mkdir(parents=True)
        self.server = Server(
            "--store", "memory", "--redirect-listen", f"127.0.0.1:{self.port}", "--acme-directory", self.root.name,
            "--hsts", "180d", *certificates("ec"), tls=True).start()

    def tearDown(self):
        self.server.stop()
        self.server.directory.cleanup()
        self.root.cleanup()

    def ask(self, *lines):
        with socket.create_connection(("127.0.0.1", self.port), 10) as peer:
            peer.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
            answer = b""
            while piece := peer.recv(65536):
                answer += piece
        return answer.decode()

    def test_every_method_and_the_upgrade_are_sent_to_the_same_place_with_tls(self):
        to = f"Location: https://example.org:{self.server.port}/maple-otter-cabin?a=%20b\r\n"
        for method in ("GET", "HEAD", "PUT", "DELETE"):
            for host in ("example.org", "EXAMPLE.org:80"):
                answer = self.ask(f"{method} /maple-otter-cabin?a=%20b HTTP/1.1", f"Host: {host}")
                self.assertTrue(answer.startswith("HTTP/1.1 308 "), answer)
                self.assertIn(to, answer)
                self.assertNotIn("Strict-Transport-Security", answer)
        answer = self.ask("GET /live HTTP/1.1", "Host: a", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        self.assertIn(f"Location: https://a:{self.server.port}/live\r\n", answer)

    def test_what_is_no_host_or_no_path_is_not_reflected(self):
        for host in ("a b", "a/b", "user@a", "a:99999", "a\tb", '"a"', "[::1", "a#b", "<a>", ""):
            answer = self.ask("GET / HTTP/1.1", f"Host: {host}")
            self.assertTrue(answer.startswith("HTTP/1.1 400 "), f"{host}: {answer}")
            self.assertNotIn("Location", answer)
        for path in ("/../a", "/a//b", "/%00", "/a%0d%0aX: y"):
            answer = self.ask(f"GET {path} HTTP/1.1", "Host: a")
            self.assertTrue(answer.startswith("HTTP/1.1 400 "), f"{path}: {answer}")
            self.assertNotIn("Location", answer)

    def test_challenges_are_answered_from_the_web_root_and_nothing_else_is(self):
        (self.challenges / "abc_DEF-123").write_text("abc_DEF-123.thumb")
        (self.challenges / "big").write_text("x" * 5000)
        os.mkfifo(self.challenges / "pipe")
        os.symlink("/etc/passwd", self.challenges / "link")
        self.assertTrue(self.ask(
            "GET /.well-known/acme-challenge/abc_DEF-123 HTTP/1.1", "Host: a").endswith("\r\n\r\nabc_DEF-123.thumb"))
        for name in ("nothing", "big", "pipe", "link"):
            answer = self.ask(f"GET /.well-known/acme-challenge/{name} HTTP/1.1", "Host: a")
            self.assertTrue(answer.startswith("HTTP/1.1 404 "), answer)
        for name in ("a.b", "a%2e%2e", "%2e%2e%2fabc_DEF-123", ".."):
            answer = self.ask(f"GET /.well-known/acme-challenge/{name} HTTP/1.1", "Host: a")
            self.assertRegex(answer, "HTTP/1.1 (308|400) ")
        answer = self.ask("PUT /.well-known/acme-challenge/abc_DEF-123 HTTP/1.1", "Host: a")
        self.assertTrue(answer.startswith("HTTP/1.1 405 "), answer)

    def test_the_page_is_not_served_without_tls(self):
        self.assertNotIn("<html", self.ask("GET / HTTP/1.1", "Host: a").lower())


if __name__ == "__main__":
    unittest.main(verbosity=2)
