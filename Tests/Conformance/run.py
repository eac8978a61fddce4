"""Runs the Autobahn test suite against our WebSocket and holds the result against expected.json.

run.py [--write] [ROLE...] [CASES...]    ROLE: server, server-tls, client; CASES such as 1.* or 12.1.*

Both directions of a change fail: a case that got worse, and one that got better, for then expected.json should say so
(--write says it). Many cases have a time limit, which a busy machine may miss: what differs is run once more, alone,
and that counts. The suite is installed into build/conformance; what it needs an interpreter for is in interpreter.py.
"""

import json
import pathlib
import re
import socket
import subprocess
import sys
import time

import interpreter

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "build" / "conformance"
ECHO = ROOT / ".build" / "release" / "ConformanceEcho"
EXPECTED = HERE / "expected.json"
ROLES = ["server", "server-tls", "client"]
# Each is a run of the suite of its own; the order is that of the report.
FRAMING = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]
COMPRESSION = [f"12.{number}.*" for number in range(1, 6)] + [f"13.{number}.*" for number in range(1, 8)]
# Seconds for one run: section 13.7 takes about one minute on an idle machine.
RUN_SECONDS = 3_600


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    """Until somebody listens there."""
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("the suite's server did not start: see build/conformance")


def suite(python, mode, url, results, cases, log):
    command = [*python, str(HERE / "suite.py"), mode, url, str(results), cases]
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=WORK)


def run(python, role, cases, ports):
    """The results of one section in one role."""
    name = f"{role}-{cases.rstrip('.*')}"
    results = WORK / f"{name}.json"
    for left in (results, pathlib.Path(f"{results}.partial")):
        left.unlink(missing_ok=True)
    with open(WORK / f"{name}.log", "wb") as log:
        if role == "client":
            port = free_port()
            server = suite(python, "server", f"ws://127.0.0.1:{port}", results, cases, log)
            wait_for(port, server)
            subprocess.run([ECHO, "client", str(port), "pasted"], stderr=log, timeout=RUN_SECONDS, check=True)
            server.wait(30)
        else:
            scheme, port = ("wss", ports[1]) if role == "server-tls" else ("ws", ports[0])
            suite(python, "client", f"{scheme}://127.0.0.1:{port}", results, cases, log).wait(RUN_SECONDS)
    if not results.exists():
        raise SystemExit(f"{name}: the suite did not finish, see build/conformance/{name}.log")
    return json.loads(results.read_text())


def in_order(case):
    return [int(part) for part in case.split(".")]


def differing(expected, found, cases):
    """The cases of a section that are not as expected, in the suite's order."""
    pattern = re.compile(cases.replace(".", r"\.").replace("*", ".*") + "$")
    names = [case for case in expected.keys() | found.keys() if pattern.match(case)]
    return [case for case in sorted(names, key=in_order) if expected.get(case) != found.get(case)]


def compact(results):
    """One line for each case, in the suite's order."""
    roles = []
    for role in ROLES:
        cases = results.get(role, {})
        lines = [f'  {json.dumps(case)}: {json.dumps(cases[case])}' for case in sorted(cases, key=in_order)]
        roles.append(f" {json.dumps(role)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(roles) + "\n}\n"


def main(arguments):
    writes = "--write" in arguments
    roles = [role for role in ROLES if role in arguments] or ROLES
    named = [word for word in arguments if re.match(r"\d", word)]
    # Compression, the longest part by far, is not run once more under TLS unless it is named.
    sections = {role: named or (FRAMING if role == "server-tls" else FRAMING + COMPRESSION) for role in roles}
    WORK.mkdir(parents=True, exist_ok=True)
    python = interpreter.prepare(WORK)
    expected = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    echo = subprocess.Popen([ECHO, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        ports = [int(port) for port in echo.stdout.readline().split()]
        found = {}
        for role in roles:
            for cases in sections[role]:
                results = run(python, role, cases, ports)
                for case in differing(expected[role], results, cases) if role in expected else []:
                    results.update(run(python, role, case, ports))
                found.setdefault(role, {}).update(results)
                print(f"{role} {cases}: {len(results)} cases", flush=True)
    finally:
        echo.stdin.close()
        echo.wait(10)

    differences = 0
    for role in roles:
        wanted = expected.setdefault(role, {})
        differ = {case for cases in sections[role] for case in differing(wanted, found[role], cases)}
        for case in sorted(differ, key=in_order):
            differences += 1
            print(f"{role} {case}: expected {wanted.get(case)}, found {found[role].get(case)}")
        perfect = sum(result == ["OK", "OK"] for result in found[role].values())
        print(f"{role}: {perfect} of {len(found[role])} cases strictly OK")
        wanted.update(found[role])
    if writes:
        EXPECTED.write_text(compact(expected))
    elif differences:
        raise SystemExit(f"{differences} cases differ from Tests/Conformance/expected.json")


main(sys.argv[1:])
