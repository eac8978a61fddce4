"""What auditors say: testssl.sh and sslyze, on both key types and both profiles. Anything above "info" is a failure."""

import json
import pathlib
import subprocess
import sys
import tempfile

from authority import Authority
from server import Server

# What testssl.sh says of the name's DNS and of its own OpenSSL, neither of which is the server's.
NOT_OURS = {"DNS_CAArecord", "engine_problem"}


def testssl(directory, authority, host, port):
    report = pathlib.Path(directory, f"testssl-{host}-{port}.json")
    subprocess.run(
        ["testssl", "--quiet", "--warnings", "off", "--color", "0", "--openssl", "/usr/bin/openssl", "--add-ca",
         authority.root, "--ip", "127.0.0.1", "--jsonfile", report, f"{host}:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=600)
    findings = json.loads(report.read_text())
    above = [f"{found['severity']} {found['id']}: {found['finding']}" for found in findings
             if found["severity"] not in ("OK", "INFO", "DEBUG") and found["id"] not in NOT_OURS]
    # An audit that broke off would have nothing to complain about.
    complete = {"BREACH", "cipher_negotiated", "cert_chain_of_trust", "clientsimulation-chrome_79_win10"}
    missing = complete - {found["id"] for found in findings}
    return above + [f"testssl.sh did not look at {name}" for name in missing], len(findings)


def sslyze(authority, host, port, profile):
    done = subprocess.run(
        [pathlib.Path(sys.executable).with_name("sslyze"), f"--mozilla_config={profile}", "--certinfo_ca_file",
         authority.root, f"{host}:{port}{{127.0.0.1}}"], capture_output=True, text=True, timeout=300)
    verdict = done.stdout.partition("COMPLIANCE AGAINST")[2]
    return [] if done.returncode == 0 and "OK - Compliant" in verdict else [verdict or done.stdout + done.stderr]


def main():
    faults = 0
    with tempfile.TemporaryDirectory(prefix="pasted-audit-") as directory:
        authority = Authority(directory)
        pairs = [authority.leaf("ec", "DNS:localhost", "IP:127.0.0.1"), authority.leaf("rsa", "DNS:rsa.test", rsa=True)]
        chains, keys = (",".join(map(str, files)) for files in zip(*pairs))
        for profile in ("intermediate", "modern"):
            with Server("--store", "memory", "--certificate", chains, "--private-key", keys, "--tls-profile", profile,
                        "--hsts", "730d", tls=True) as server:
                # Mozilla's "modern" takes ECDSA only.
                for host in ("localhost", "rsa.test") if profile == "intermediate" else ("localhost",):
                    said = sslyze(authority, host, server.port, profile)
                    print(f"sslyze, {profile}, {host}:", *(said or ["compliant"]), sep="\n    ", flush=True)
                    above, count = testssl(directory, authority, host, server.port)
                    print(f"testssl.sh, {profile}, {host}:", *(above or [f"{count} findings, none above info"]),
                          sep="\n    ", flush=True)
                    faults += len(said) + len(above)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
