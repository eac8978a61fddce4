#!/usr/bin/env python3
"""Measures the release build with `pasted-bench`, several times each, and writes RESULTS.md and the plots in ../docs.

    suite.py [--repetitions N] [--quick] [--only macro|growth] [--json FILE]
    suite.py --draw FILE                      only writes the tables and plots of an earlier run's --json FILE

`make bench` builds everything and runs it. Each measurement has a server of its own, on one core; the load comes from
another core where there are two. Repetitions are interleaved: first everything once, then everything again, so that a
noisy minute spoils one repetition and not one row. `--quick` looks whether it works; its figures mean little.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests/outsider"))
os.environ.setdefault("PASTED_BIN", str(HERE.parent / ".build/release/pasted"))

from server import Server  # noqa: E402
from others import Others  # noqa: E402
import alone  # noqa: E402
import tables  # noqa: E402

BENCH = os.environ.get("PASTED_BENCH", str(HERE / ".build/release/pasted-bench"))
LIFTED = (
    "handshakes-per-second handshakes-per-second-per-address requests-per-second requests-per-second-per-address "
    "bytes-per-second bytes-per-second-per-address connections-per-address input-bytes-per-address misses-per-minute "
    "misses-per-minute-per-address pastes-per-hour-per-address stored-bytes-per-day-per-address pastes stored-bytes"
).split()


def server_options(store):
    """All the load comes from one address: its limits are off, and those of a connection are far away."""
    options = ["--store", store, "--shards", "1", "--log-level", "error", "--appends-per-second", "1000000",
               "--edits-per-second", "1000000", "--items", "1000000", "--paste-bytes", str(1 << 30),
               "--open-paste-bytes", str(1 << 40), "--buffer-bytes", str(1 << 32)]
    return options + [word for name in LIFTED for word in ("--" + name, "0")]


class Cores:
    """The server's core and the load's. A process inherits its parent's."""

    all = sorted(os.sched_getaffinity(0))

    @classmethod
    def take(cls, number):
        os.sched_setaffinity(0, {cls.all[number]} if len(cls.all) > 1 else cls.all)

    @classmethod
    def measured(cls):
        return {cls.all[0], cls.all[-1]}


@contextlib.contextmanager
def running(store, tls=False, state=None):
    """A server, gone behind it whatever happens; `start_seconds` is how long it took to listen."""
    server = Server(*server_options(store), tls=tls, state=state)
    Cores.take(0)
    try:
        began = time.monotonic()
        server.start()
        server.start_seconds = time.monotonic() - began
        Cores.take(-1)
        yield server
    finally:
        Cores.take(-1)
        try:
            server.stop()
        finally:
            server.forget()


def load(server, *words):
    command = [BENCH, words[0], "--port", str(server.port), "--pid", str(server.process.pid), "--json", *words[1:]]
    if server.tls:
        command += ["--certificate", os.path.join(server.state, "own-certificate.pem")]
    others = Others(server.process.pid, Cores.measured())
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
    try:
        return {"others": others.share(), **json.loads(done.stdout)}
    except (ValueError, OSError):  # Nothing was printed, or there is no server any more.
        return {"fault": done.stderr.strip() or f"exit status {done.returncode}"}


def measure(store, tls, words):
    with running(store, tls) as server:
        return {"workload": words[0], **load(server, *words)}


def lasting(quick, words):
    if quick:
        return ["--seconds", "0.3", "--warm", "0.1"]
    # Who looks at delays waits until the crowd that came in at once has been told of each other, a second later.
    return ["--seconds", "2", "--warm", "1.5"] if "--rate" in words else ["--seconds", "1.2", "--warm", "0.3"]


def macro(quick, tls):
    """(name, store, arguments) of each measurement."""
    viewers, pastes, idle = ("100", "100", "300") if quick else ("1000", "1000", "3000")
    loads = [
        ("echo, 100 devices, 64 B", "memory", ["echo", "-n", "100"]),
        ("1,000 viewers, one append at a time", "memory", ["fanout", "-n", viewers]),
        ("1,000 viewers, 16 in flight", "memory", ["fanout", "-n", viewers, "--window", "16"]),
        ("1,000 viewers, 20 appends a second", "memory", ["fanout", "-n", viewers, "--rate", "20"]),
        ("1,000 pastes x 3", "memory", ["pastes", "--pastes", pastes]),
        ("1,000 pastes x 3, 20,000 appends a second", "memory",
         ["pastes", "--pastes", pastes, "--rate", "1000" if quick else "20000"]),
        ("1,000 pastes x 3, durable", "sqlite", ["pastes", "--pastes", pastes]),
        ("300 pastes x 3, durable, 2,000 appends a second", "sqlite", ["pastes", "--rate", "2000"]),
        ("20 typists, 10 edits a second each, durable", "sqlite", ["edits", "--rate", "10"]),
        ("20 typists, as fast as it goes, durable", "sqlite", ["edits"]),
        ("mixed, 300 pastes x 3, durable, 1,000 a second", "sqlite", ["mixed"]),
        ("connect and hang up", "memory", ["storm"]),
        *([("the same, TLS resumed", "memory", ["storm", "--resume"])] if tls else []),
        ("connections that say nothing", "memory", ["idle", "-n", idle]),
    ]
    return [(name, store, words + lasting(quick, words)) for name, store, words in loads]


def growth(quick):
    """(plot, x, store, arguments) of each measurement; each is made with TLS and without."""
    runs = []
    for count in (100, 300) if quick else (100, 1_000, 10_000):
        runs.append(("idle", count, "memory", ["idle", "-n", str(count)]))
        runs.append(("delivery", count, "memory", ["fanout", "-n", str(count)]))
        runs.append(("append", count, "sqlite", ["pastes", "--pastes", str(count), "--devices", "1", "--rate", "1000"]))
    for items in (1, 100) if quick else (1, 10, 100, 1_000):
        runs.append(("items-append", items, "sqlite", ["fanout", "-n", "20", "--items", str(items)]))
        runs.append(("items-join", items, "sqlite", ["join", "--items", str(items)]))
    return [(plot, x, store, words + lasting(quick, words)) for plot, x, store, words in runs]


def stored(quick, note):
    """A store that grows: at each size the server is started anew and works."""
    total, spoilt = 0, None
    with tempfile.TemporaryDirectory(prefix="pasted-bench-") as state:
        for size in (100, 300) if quick else (1_000, 10_000, 100_000):
            with running("sqlite", state=state) as server:
                filled = load(server, "fill", "--pastes", str(size - total))
            # What was not filled in is missing at every size from here on.
            spoilt = spoilt or filled.get("fault")
            with running("sqlite", state=state) as server:
                appended = load(server, "pastes", "--pastes", "100", "--seconds", "0.3" if quick else "1.2")
                memory = resident(server)
            total = size + 100
            note({"part": "growth", "plot": "stored", "x": size, "tls": False, "workload": "pastes",
                  "fill": filled, **appended, "startSeconds": server.start_seconds, "afterwards": memory,
                  "fault": spoilt or appended.get("fault")})


def resident(server):
    with open(f"/proc/{server.process.pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Rss:"))


def by_itself(quick):
    for name, number in (("the server's core", Cores.all[0]), ("the load's core", Cores.all[-1])):
        yield {"name": name, **alone.core(number, 0.2 if quick else 2)}
    yield {"name": "the disk, 4 KiB durable", **alone.disk(100 if quick else 2_000)}


def run(options, note):
    for repetition in range(options.repetitions):
        # Three of them show whether a line is flat.
        grows = options.only != "macro" and repetition < 3
        for row in by_itself(options.quick):
            note({"part": "alone", "tls": False, **row})
        for tls in (False, True):
            if options.only != "growth":
                for name, store, words in macro(options.quick, tls):
                    note({"part": "macro", "name": name, "tls": tls, **measure(store, tls, words)})
            if grows:
                for plot, x, store, words in growth(options.quick):
                    note({"part": "growth", "plot": plot, "x": x, "tls": tls, **measure(store, tls, words)})
        if grows:
            stored(options.quick, note)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=["macro", "growth"])
    parser.add_argument("--json", default=str(HERE.parent / "build/bench.jsonl"))
    parser.add_argument("--micro", help="what `swift package benchmark --format markdown` printed")
    parser.add_argument("--draw")
    parser.add_argument("--into", default=str(HERE.parent), help="where Benchmarks/RESULTS.md and docs/ are")
    options = parser.parse_args()
    rows = []

    def note(row):
        rows.append(row)
        with open(options.json, "a") as file:
            file.write(json.dumps(row) + "\n")
        where = row.get("name") or f"{row['plot']} {row['x']}"
        print(f"{where}, {'TLS' if row['tls'] else 'plain'}: {row.get('fault') or 'ok'}", file=sys.stderr)

    began = time.monotonic()
    if options.draw:
        rows = [json.loads(line) for line in open(options.draw)]
    else:
        pathlib.Path(options.json).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(options.json).unlink(missing_ok=True)
        with open(options.json, "a") as file:
            rows.append({"part": "machine", "date": str(datetime.date.today()), "repetitions": options.repetitions})
            file.write(json.dumps(rows[0]) + "\n")
        run(options, note)
        print(f"{len(rows) - 1} measurements in {time.monotonic() - began:.0f} s", file=sys.stderr)
    micro = pathlib.Path(options.micro).read_text() if options.micro else ""
    tables.write(rows, micro, pathlib.Path(options.into))
    sys.exit(any(row.get("fault") for row in rows))


if __name__ == "__main__":
    main()
