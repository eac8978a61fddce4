"""Seeds for the fuzzers from the vectors in Protocol/: every string becomes an input, hexadecimal ones as bytes."""

import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2] / "Protocol"
SOURCES = {
    "frames": ["vectors/websocket/frames.json"],
    "deflate": ["vectors/websocket/deflate.json"],
    "http": ["vectors/http/requests.json", "vectors/http/paths.json", "vectors/http/answers.json"],
    "messages": ["vectors/messages-client.json", "vectors/messages-server.json", "vectors/messages-json.json"],
    "keys": ["vectors/keys.json"],
    "edits": [],
    "proxies": ["vectors/http/proxy-protocol.json", "vectors/http/forwarded.json"],
    "core": ["vectors/messages-client.json"],
    "scripts": ["vectors/http/api.json", "vectors/http/answers.json"],
}


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from strings(element)
    elif isinstance(value, dict):
        yield json.dumps(value, separators=(",", ":"))
        for element in value.values():
            yield from strings(element)


def main(corpus):
    for target, sources in SOURCES.items():
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            for text in strings(json.loads((ROOT / source).read_text())):
                try:
                    seed = bytes.fromhex(text)
                except ValueError:
                    # The bytes of HTTP's vectors are characters up to 255.
                    coding = ("latin-1", "replace") if target == "scripts" else ("utf-8", "surrogatepass")
                    seed = text.encode(*coding)
                if 0 < len(seed) <= 4096:
                    (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


main(pathlib.Path(sys.argv[1]))
