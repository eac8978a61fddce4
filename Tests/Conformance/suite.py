"""Runs cases of the Autobahn test suite, inside the interpreter that it is installed for, without its reports.

suite.py client URL RESULTS CASES...    against the echo server at URL
suite.py server URL RESULTS CASES...    as the server at URL, until the client under test asks for the reports

RESULTS becomes a JSON object: case -> [behavior, behaviorClose]. A run that is cut short leaves what it found, one line a
case, in RESULTS.partial.
"""

import json
import sys

from autobahntestsuite import fuzzing
from twisted.internet import reactor

AGENT = "pasted"


def main(mode, url, results, *cases):
    def write(factory):
        found = {
            case: [result["behavior"], result["behaviorClose"]]
            for case, result in factory.agents.get(AGENT, {}).items()
        }
        with open(results, "w") as file:
            json.dump(found, file)
        if mode == "server":
            # Once the client has been told; as a client the suite stops by itself.
            reactor.callLater(0.5, reactor.stop)

    def note(factory, result, log=fuzzing.FuzzingFactory.logCase):
        log(factory, result)
        with open(results + ".partial", "a") as file:
            file.write(json.dumps([result["id"], result["behavior"], result["behaviorClose"]]) + "\n")

    fuzzing.FuzzingFactory.createReports = write
    fuzzing.FuzzingFactory.logCase = note
    spec = {"cases": list(cases), "exclude-cases": [], "exclude-agent-cases": {}}
    if mode == "client":
        spec["servers"] = [{"agent": AGENT, "url": url}]
        fuzzing.startClient(spec)
    else:
        spec["url"] = url
        fuzzing.startServer(spec, None)
    reactor.run()


main(*sys.argv[1:])
