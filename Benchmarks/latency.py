#!/usr/bin/env python3
"""Prints how long a key press on one page takes to the other page's text, on loopback: `latency.py [keys]`.

Needs what `make test-browser` needs.
"""

import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/browser"))
from harness import Browser, Server  # noqa: E402

KEYS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
# Both pages run on one machine, so that their clocks are one.
WATCH = """() => {
    window.seen = [];
    const value = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "setRangeText").value;
    HTMLTextAreaElement.prototype.setRangeText = function (...all) {
        value.apply(this, all);
        seen.push([this.value.length, performance.timeOrigin + performance.now()]);
    };
}"""
TELL = """() => {
    window.pressed = [];
    box.addEventListener("keydown", () => pressed.push(performance.timeOrigin + performance.now()), true);
    box.focus();
}"""


def measure():
    server = Server()
    browser = Browser()
    try:
        near, far = browser.device(server), browser.device(server)
        key = near.make()
        far.page.goto(f"{server.url}/{key}")
        far.wait_standing("live")
        near.page.evaluate(TELL)
        far.page.evaluate(WATCH)
        for _ in range(KEYS):
            near.page.keyboard.press("x")
            near.page.wait_for_timeout(5)
        far.page.wait_for_function("n => box.value.length === n", arg=KEYS)
        pressed = near.page.evaluate("pressed")
        seen = far.page.evaluate("seen")
    finally:
        browser.close()
        server.close()
    waits, at = [], 0
    for length, when in seen:
        while at < length:
            waits.append(when - pressed[at])
            at += 1
    waits.sort()
    print(f"{len(waits)} keys: median {statistics.median(waits):.1f} ms, p99 {waits[len(waits) * 99 // 100]:.1f} ms, "
          f"most {waits[-1]:.1f} ms")


if __name__ == "__main__":
    measure()
