"""A long stream through `pasted send -f` into `pasted watch`, whose reader is slow: is all of it there, and how much
memory do the server, the sender and the watcher take at most?

    stream.py [MEGABYTES [READER_MB_PER_SECOND]]

Twice: into a paste that can hold all of it, and with the default limits, where the watcher removes what it has
written (`--take`) and the sender waits for room (`--when-full wait`). PASTED_BIN names the binary.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/outsider"))
from server import BINARY, Server  # noqa: E402

MEGABYTE = 1_000_000


def produce(pipe, size, digest):
    """Lines of text, as a build writes them; as fast as the pipe takes them."""
    written = number = 0
    while written < size:
        block = b"".join(b"[%8d] compiling module %d of many\n" % (n, n * 7919 % 1000) for n in range(number, number + 2000))
        block = block[: size - written]
        digest.update(block)
        pipe.write(block)
        written, number = written + len(block), number + 2000
    pipe.close()


def consume(pipe, size, rate, digest):
    """Reads at a steady slow pace; returns how many bytes came."""
    start, total = time.monotonic(), 0
    while total < size:
        chunk = pipe.read1(65536)
        if not chunk:
            break
        digest.update(chunk)
        total += len(chunk)
        time.sleep(max(0, start + total / rate - time.monotonic()))
    return total


def peak(pid):
    """The most memory that the process had, in MiB; None when it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


class Peaks:
    """Looks again and again, since a process that has ended tells nothing."""

    def __init__(self, **pids):
        self.pids, self.seen, self.isOver = pids, {}, threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.isOver.wait(0.05):
            self.seen.update({name: value for name, pid in self.pids.items() if (value := peak(pid))})

    def end(self):
        self.isOver.set()
        self.thread.join()
        return self.seen


def run(title, size, rate, server_options, send_options, watch_options):
    with Server(*server_options, tls=True) as server, tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ["PATH"], "HOME": home, "PASTED_SERVER": server.http}
        url = subprocess.check_output([BINARY, "new", "--trust-first"], env=env, stderr=subprocess.DEVNULL).decode().strip()
        watcher = subprocess.Popen([BINARY, "watch", "--all", *watch_options, url], env=env, stdout=subprocess.PIPE)
        sender = subprocess.Popen([BINARY, "send", "-f", *send_options, url], env=env, stdin=subprocess.PIPE)
        peaks = Peaks(server=server.process.pid, sender=sender.pid, watcher=watcher.pid)
        sent, got = hashlib.sha256(), hashlib.sha256()
        producer = threading.Thread(target=produce, args=(sender.stdin, size, sent))
        start = time.monotonic()
        producer.start()
        count = consume(watcher.stdout, size, rate, got)
        seconds = time.monotonic() - start
        producer.join()
        status = sender.wait(60)
        memory = peaks.end()
        watcher.kill()
        watcher.wait()
        isWhole = status == 0 and count == size and sent.digest() == got.digest()
        shown = ", ".join(f"{name} {memory.get(name, 0):.1f} MiB" for name in ("server", "sender", "watcher"))
        print(f"{title}: {count / MEGABYTE:.1f} MB in {seconds:.1f} s, {'whole' if isWhole else 'NOT WHOLE'}; most memory: {shown}")
        return isWhole


def main():
    size = int(float(sys.argv[1]) * MEGABYTE) if len(sys.argv) > 1 else 50 * MEGABYTE
    rate = (float(sys.argv[2]) if len(sys.argv) > 2 else 2.5) * MEGABYTE
    room = ["--paste-bytes", str(size + (1 << 20))]
    isGood = run("A paste that holds all of it", size, rate, room, [], [])
    isGood &= run("The default limits", size, rate, [], ["--when-full", "wait"], ["--take"])
    sys.exit(0 if isGood else 1)


if __name__ == "__main__":
    main()
