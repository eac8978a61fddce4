"""The documentation's pictures: every state of the page, on desktop and phone, in both themes, one sheet for each state.

`make screenshots` writes docs/screenshots; a real server and real pages, as in the tests."""

import base64
import pathlib
import subprocess
import sys

from harness import ROOT, Browser, Server

TARGET = ROOT / "docs" / "screenshots"
LOG = "\n".join(f"2026-11-22T10:00:0{n}Z  worker-{n % 3}  served GET /maple-otter-cabin in {7 * n % 40} ms" for n in range(9))
SHEET = """<body style="margin:0;padding:24px;display:flex;gap:24px;align-items:flex-start;background:#8b8f8d">%s</body>"""
LOOKS = [(phone, theme) for phone in (False, True) for theme in ("light", "dark")]


def furnished(device):
    device.make(life=86_400_000)
    for text in (LOG, "https://example.org/tickets?id=4711\nGate 12, seat 31A"):
        device.keep(text)
    device.wait_items(2)
    device.page.fill("#box", "Milk, eggs, two lemons\nand the cable for the printer")
    settle(device)


def settle(device):
    device.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    device.page.wait_for_function("() => !document.querySelector('.toast.shown')")
    device.page.wait_for_timeout(300)


def home(device):
    device.page.goto(device.server.url + "/")
    device.wait_standing("live")


def used_lately(device):
    device.make()
    home(device)
    device.page.wait_for_selector("#recent:not([hidden])")


def empty(device):
    device.make()
    device.page.wait_for_function("() => qr.naturalWidth > 0")


def items(device):
    furnished(device)


def editing(device):
    furnished(device)
    device.page.locator("#items > li [data-do=edit]").first.click()
    device.page.locator("#items textarea").scroll_into_view_if_needed()
    device.page.wait_for_timeout(300)


def time(device):
    furnished(device)
    device.page.click("#change summary")


def keys(device):
    furnished(device)
    device.page.keyboard.press("?")
    device.page.wait_for_selector("dialog[open]")


def files(device):
    furnished(device)
    device.drop("photo.png", b"\x89PNG\xff\xfe")
    device.page.wait_for_selector("#intake:not([hidden])")
    settle(device)


def removed(device):
    furnished(device)
    device.page.locator("#items > li [data-do=remove]").first.click()
    device.page.locator("#items").scroll_into_view_if_needed()
    device.page.wait_for_timeout(300)


def away(device):
    furnished(device)
    device.server.kill()
    device.wait_standing("waiting")
    device.keep("Typed in the tunnel: it is sent when the network is back.")
    device.page.wait_for_selector("#outgoing li")
    settle(device)


def offline(device):
    furnished(device)
    device.context.set_offline(True)
    device.keep("Typed without a network.")
    device.page.wait_for_selector("#outgoing li")
    settle(device)


def without_websocket(device):
    device.page.add_init_script("WebSocket = class { constructor() { throw new DOMException('blocked', 'SecurityError'); } }")
    furnished(device)


def unknown(device):
    device.open("maple otter cabin")
    device.page.wait_for_selector("#unknown:not([hidden])")


def expired(device):
    device.make(life=2_500)
    device.keep("Still here, to be copied until the tab is closed.")
    device.page.wait_for_selector("#ended:not([hidden])")
    settle(device)


def deleted(device):
    furnished(device)
    device.page.click("#change summary")
    device.page.click("#delete")
    device.page.click("#delete")
    device.page.wait_for_selector("#ended:not([hidden])")
    settle(device)


def without_javascript(device):
    furnished(device)
    device.page.goto(device.page.url + "/read")


STATES = [home, used_lately, empty, items, editing, time, keys, files, removed, away, offline, without_websocket, unknown,
          expired, deleted, without_javascript]


def picture(browser, state, phone, theme):
    server = Server()
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 844}
    device = browser.device(server, phone=phone, color_scheme=theme, reduced_motion="reduce", viewport=size, device_scale_factor=1)
    try:
        state(device)
        return base64.b64encode(device.page.screenshot()).decode()
    finally:
        device.close()
        server.close()


def sheet(browser, state):
    pictures = [picture(browser, state, *look) for look in LOOKS]
    images = "".join(f'<img src="data:image/png;base64,{data}" style="border-radius:12px">' for data in pictures)
    page = browser.chromium.new_page(viewport={"width": 3500, "height": 892})
    page.set_content(SHEET % images)
    path = TARGET / f"{state.__name__.replace('_', '-')}.png"
    page.locator("body").screenshot(path=path)
    page.close()
    # Few colours, drawn exactly: a third of the size.
    subprocess.run(["pngquant", "--force", "--speed", "1", "--output", path, "32", path], check=True)
    print(f"{path.name}: {path.stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    browser = Browser()
    for state in STATES:
        if not sys.argv[1:] or state.__name__ in sys.argv[1:]:
            sheet(browser, state)
    browser.close()
