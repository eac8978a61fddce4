"""Turns measurements into RESULTS.md and docs/benchmarks/*.svg."""

import collections
import os
import re
import statistics

import plot

DELAYS = [("delayP50", "p50 µs", 0), ("delayP99", "p99 µs", 0), ("delayP999", "p99.9 µs", 0)]
COLUMNS = [
    ("cpuMicroseconds", "CPU µs each", 2), ("perSecond", "a second", 0), *DELAYS, ("serverBusy", "server's core %", 0),
]
IDLE = [
    ("anonymousBytesPerConnection", "own bytes each", 0), ("residentBytesPerConnection", "resident bytes each", 0),
    ("openingMicroseconds", "CPU µs to open", 0), ("openedPerSecond", "opened a second", 0),
]
STORED = [
    ("startSeconds", "start, s", 2), ("afterwards", "resident bytes", 0), ("requestMicroseconds", "CPU µs an append", 1),
    ("requestsPerSecond", "appends a second", 0),
]
# Of the measured cores' time. Kernel threads and what runs on any machine have 1 % to 4 %.
MOST_FOR_OTHERS = 0.05
# plot, what it shows, x, y, the figure
PLOTS = [
    ("idle", "Memory of an idle connection", "connections", "bytes of its own", "anonymousBytesPerConnection"),
    ("opening", "Opening a connection", "connections", "µs of the server's CPU", "openingMicroseconds"),
    ("delivery", "A delivery of 256 B, one append at a time", "devices on one paste", "µs of the server's CPU", "cpuMicroseconds"),
    ("append", "A durable append, 1,000 a second", "pastes with a device each", "µs of the server's CPU", "requestMicroseconds"),
    ("items-append", "A durable append to 20 devices", "items in the paste", "µs of the server's CPU", "requestMicroseconds"),
    ("items-join", "A join: the whole paste", "items in the paste", "µs of the server's CPU", "cpuMicroseconds"),
    ("stored", "A durable append to one of 100 open pastes", "pastes in the store", "µs of the server's CPU", "requestMicroseconds"),
    ("start", "Start of the server", "pastes in the store", "seconds", "startSeconds"),
]


def spread(values, digits):
    """The median with what it lies between."""
    if not values:
        return ""
    middle = f"{statistics.median(values):,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def table(rows, key, head, columns):
    """Rows that have the same `key` are repetitions of one measurement."""
    groups = collections.OrderedDict()
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    lines = ["| " + " | ".join(list(head) + [name for _, name, _ in columns]) + " | runs |"]
    lines.append("|---" * len(head) + "|---:" * (len(columns) + 1) + "|")
    for name, group in groups.items():
        good = [row for row in group if not row.get("fault")]
        cells = [spread([row[field] for row in good if field in row], digits) for field, _, digits in columns]
        runs = str(len(good)) if len(good) == len(group) else f"{len(good)}, and {len(group) - len(good)} spoilt"
        lines.append("| " + " | ".join([str(part) for part in name] + cells + [runs]) + " |")
    return lines


def disturbance(rows):
    """A warning, when others had more than a little of the cores in half of the measurements."""
    shares = [row["others"] for row in rows if "others" in row]
    if not shares or statistics.median(shares) <= MOST_FOR_OTHERS:
        return []
    middle, most = f"{statistics.median(shares):.0%}", f"{max(shares):.0%}"
    return [f"**The machine did other things, too**: {middle} of the time of the server's and the load's core in the median",
            f"measurement, {most} in the worst. Delays and rates are those of a server that had to wait for its core; CPU",
            "times are higher than on a quiet machine.", ""]


def tls(row):
    return "TLS" if row["tls"] else "plain"


def machine():
    def read(path, pattern, otherwise):
        try:
            with open(path) as file:
                return re.search(pattern, file.read())[1]
        except (OSError, TypeError):
            return otherwise

    cores = os.cpu_count()
    system = read("/etc/os-release", r'PRETTY_NAME="([^"]*)"', "Linux")
    memory = int(read("/proc/meminfo", r"MemTotal: *(\d+)", "0")) / (1 << 20)
    kernel = re.match("[0-9.]*", os.uname().release)[0]
    processor = read("/proc/cpuinfo", r"model name\s*: (.*)", "")
    return f"{cores} cores ({processor}), {memory:.0f} GiB, {system}, kernel {kernel}"


def parts(text):
    """Of each benchmark of the parts: instructions and nanoseconds, medians for one iteration."""
    lines = ["| part | instructions | ns |", "|---|---:|---:|"]
    name, found = None, {}
    for line in text.splitlines():
        if line.startswith("### "):
            name = line[4:]
        if cells := re.match(r"\| (Instructions|Time \(wall clock\)) (?:\((\w|[μµ]?s|ns|ms)\) )?\*? *\|(.*)", line):
            unit = {"K": 1e3, "M": 1e6, "μs": 1e3, "µs": 1e3, "ms": 1e6}.get(cells[2], 1)
            found.setdefault(name, {})[cells[1][0]] = float(cells[3].split("|")[2]) * unit
    for name, value in sorted(found.items()):
        lines.append(f"| {name} | {value.get('I', 0):,.0f} | {value.get('T', 0):,.0f} |")
    return lines if found else []


def write(rows, micro, root):
    (root / "Benchmarks").mkdir(parents=True, exist_ok=True)
    begin = next(row for row in rows if row["part"] == "machine")
    out = ["# Results", "", f"{begin['date']}, {machine()}. The server has one core and one shard, the load another core.",
           "Medians of the runs, with what they lie between in brackets. What the rows are: README.md. Command:",
           f"`make bench`; repetitions: {begin['repetitions']}, of growth at most three.", ""]
    out += disturbance(rows)
    if alone := [row for row in rows if row["part"] == "alone"]:
        out += ["## The machine by itself", "",
                "How long a core that only looks at the clock is away, and what the disk takes to keep a block: every delay below has",
                "these in it.", ""]
        out += table(alone, lambda row: (row["name"],), ("",), DELAYS) + [""]
    macro = [row for row in rows if row["part"] == "macro"]
    if busy := [row for row in macro if row["workload"] != "idle"]:
        out += ["## Load", ""]
        out += table(busy, lambda row: (row["name"], tls(row)), ("load", ""), COLUMNS) + [""]
    if idle := [row for row in macro if row["workload"] == "idle"]:
        out += ["## Connections that say nothing", ""]
        out += table(idle, lambda row: (row["name"], tls(row)), ("", ""), IDLE) + [""]
    if lines := parts(micro):
        out += ["## Parts", "", "Instructions are the same in every run; nanoseconds are not.", ""] + lines + [""]
    grown = [row for row in rows if row["part"] == "growth"]
    if grown:
        out += ["## Growth", ""] + growth(grown, root)
    (root / "Benchmarks/RESULTS.md").write_text("\n".join(out).rstrip() + "\n")


def growth(rows, root):
    out = []
    (root / "docs/benchmarks").mkdir(parents=True, exist_ok=True)
    sources = {"opening": "idle", "start": "stored"}
    for name, title, x, y, figure in PLOTS:
        mine = [row for row in rows if row["plot"] == sources.get(name, name) and not row.get("fault") and figure in row]
        lines = {}
        for row in mine:
            lines.setdefault(tls(row), {}).setdefault(row["x"], []).append(row[figure])
        if not lines:
            continue
        (root / f"docs/benchmarks/{name}.svg").write_text(plot.svg(title, x, y, lines))
        out += [f"![{title}, by {x}](../docs/benchmarks/{name}.svg)", ""]
        if name not in sources:
            columns = STORED if name == "stored" else IDLE if name == "idle" else [(figure, y, 2)]
            whole = [row for row in rows if row["plot"] == name]
            out += table(whole, lambda row: (f"{row['x']:,}", tls(row)), (x, ""), columns) + [""]
    return out
