"""Starts and stops the server for tests that look at it from outside."""

import os
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PASTED_BIN", str(ROOT / ".build/debug/pasted"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(look, wanted, seconds=40):
    """What `look` gives once it is what is wanted, or at last."""
    end = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return found


class Server:
    """`pasted serve` on a loopback port with a state directory of its own."""

    def __init__(self, *options, tls=False, state=None, port=None, passed=None, environment=None):
        self.tls = tls
        # A listening socket that the server is given, as systemd does.
        self.passed = passed
        self.environment = environment or {}
        self.port = passed.getsockname()[1] if passed else port or free_port()
        self.directory = None if state else tempfile.TemporaryDirectory(prefix="pasted-test-")
        self.state = state or self.directory.name
        self.options = options
        self.process = None

    @property
    def ws(self):
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/live"

    @property
    def http(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def ssl(self):
        if not self.tls:
            return None
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def start(self, wait=True):
        command = [BINARY, "serve", "--state-dir", self.state]
        if not self.passed:
            command += ["--listen", f"127.0.0.1:{self.port}"]
        command += ["--site", str(ROOT / "Public"), "--tls", "on" if self.tls else "off", *self.options]
        log = open(os.path.join(self.state, "test.log"), "ab")
        environment, inherited = {**os.environ, **self.environment}, ()
        if self.passed:
            # The number is the process's own, which only the process knows before it starts.
            move = f"exec 3<&{self.passed.fileno()}; export LISTEN_PID=$$; exec \"$@\""
            command = ["bash", "-c", move, "bash", *command]
            environment["LISTEN_FDS"] = "1"
            inherited = (self.passed.fileno(),)
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, pass_fds=inherited)
        log.close()
        for _ in range(400 if wait else 0):
            if self.process.poll() is not None:
                raise RuntimeError(self.log())
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return self
            except OSError:
                time.sleep(0.025)
        if wait:
            raise RuntimeError("the server did not start\n" + self.log())
        return self

    def log(self):
        with open(os.path.join(self.state, "test.log"), errors="replace") as log:
            return log.read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self.process.returncode if self.process else None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            self.forget()

    def forget(self):
        if self.directory:
            self.directory.cleanup()
