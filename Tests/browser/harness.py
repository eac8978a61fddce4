"""A real server, a real Chromium, and pages that report every error they see."""

import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("PASTED_BIN", str(ROOT / ".build" / "debug" / "pasted"))
SITE = os.environ.get("PASTED_SITE", "Public")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SCREENSHOTS = ROOT / "build" / "screenshots"
START_SECONDS = 15
WAIT_MILLISECONDS = 10_000
# A name that a browser does not trust without TLS: pages under it have no secure context.
INSECURE_NAME = "pasted.test"

# How Chromium ends what it says of a service worker that it can not fetch: without a server, or below a certificate that
# nobody vouches for. The page works without one.
NO_WORKER = "error occurred when fetching the script."

WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
"""

# The paths of what a page has loaded.
LOADED = "() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"


class Server:
    """One `pasted serve` on a free port; `kill` and `start` keep port and state."""

    def __init__(self, tls=False, options=()):
        self.tls = tls
        self.options = options
        self.state = tempfile.mkdtemp(prefix="pasted-browser-")
        self.port = free_port()
        self.process = None
        self.start()

    @property
    def url(self):
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"

    @property
    def insecure_url(self):
        return f"http://{INSECURE_NAME}:{self.port}"

    def start(self):
        listen = f"127.0.0.1:{self.port}"
        self.log = open(os.path.join(self.state, "log"), "ab")
        command = [BINARY, "serve", "--state-dir", self.state, "--listen", listen, "--site", SITE, *self.options]
        self.process = subprocess.Popen(
            command if self.tls else command + ["--no-tls"], cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{BINARY} does not answer:\n" + pathlib.Path(self.log.name).read_text()[-2000:])

    def kill(self):
        """As a power cut does: no goodbye."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.state, ignore_errors=True)


class Browser:
    """Chromium; each device is a context of its own."""

    def __init__(self):
        self.playwright = sync_playwright().start()
        self.chromium = self.playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1"])

    def device(self, server, phone=False, **options):
        if phone:
            options = {**self.playwright.devices["Pixel 7"], **options}
        else:
            options = {"viewport": {"width": 1280, "height": 900}, **options}
        # The certificate for localhost is the server's own; no browser knows it.
        return Device(self.chromium.new_context(ignore_https_errors=server.tls, **options), server)

    def close(self):
        self.chromium.close()
        self.playwright.stop()


class Device:
    """One person's browser with one tab, and everything that went wrong in it."""

    def __init__(self, context, server):
        self.context = context
        self.server = server
        self.errors = []
        self.expects_outage = False
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
        context.add_init_script(WATCH)
        self.page = self.tab()

    def tab(self):
        page = self.context.new_page()
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _console(self, message):
        if message.type not in ("error", "warning"):
            return
        if self.expects_outage and "net::ERR_" in message.text:
            return
        if (self.server.tls or self.expects_outage) and message.text.endswith(NO_WORKER):
            return
        if self.expects_outage and "WebSocket connection to" in message.text:
            return
        self.errors.append(message.text)

    def problems(self):
        violations = [v for page in self.context.pages for v in page.evaluate("window.violations ?? []")]
        return self.errors + violations

    def close(self):
        self.context.close()

    # What a person does and sees

    def make(self, life=None):
        """A new paste; returns its key."""
        self.page.goto(self.server.url + "/")
        if life is not None:
            # A life that the list does not offer, so that a test need not wait for an hour.
            self.page.evaluate("life => { document.getElementById('life').selectedOptions[0].value = life }", str(life))
        self.page.click("#make-button")
        self.page.wait_for_url(lambda url: url.rstrip("/") != self.server.url)
        self.wait_ready()
        return self.page.url.rsplit("/", 1)[1]

    def open(self, typed):
        """Opens by what a person types into the field."""
        self.page.goto(self.server.url + "/")
        self.page.fill("#key", typed)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: url.rstrip("/") != self.server.url)

    def keep(self, text):
        self.page.fill("#box", text)
        self.page.keyboard.press("Control+Enter")

    def wait_standing(self, look):
        self.page.wait_for_selector(f"#standing[data-look={look}]")

    def wait_ready(self):
        """Until it is live and what is pressed is done at once: presses before that are held."""
        self.wait_standing("live")
        self.page.wait_for_selector("#keys-list > *", state="attached")

    def standing(self):
        return self.page.inner_text("#standing")

    def wait_items(self, count):
        self.page.wait_for_function("n => document.querySelectorAll('#items > li').length === n", arg=count)

    def wait_text(self, text):
        self.page.wait_for_function(
            "t => [...document.querySelectorAll('#items .text')].some((n) => n.textContent === t)", arg=text)

    def texts(self):
        """The shown texts, newest first."""
        return self.page.eval_on_selector_all("#items .text", "nodes => nodes.map((node) => node.textContent)")

    def drop(self, name, content, selector="main"):
        """Drops a file of exactly these bytes."""
        self.page.evaluate(
            """([name, bytes, selector]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], name));
                const target = document.querySelector(selector);
                for (const type of ['dragover', 'drop']) {
                    target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
                }
            }""", [name, list(content), selector])

    def paste_event(self, text, selector):
        """Puts a text on the clipboard, exactly, and presses Ctrl+V in an element."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.focus(selector)
        self.page.keyboard.press("Control+V")

    def copy(self, index=0):
        """Presses Copy of the item at that place; returns what is on the clipboard."""
        self.page.locator("#items > li").nth(index).locator("[data-do=copy]").click()
        self.page.wait_for_selector("#toast.shown")
        return self.page.evaluate("navigator.clipboard.readText()")

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(SCREENSHOTS / f"{name}.png"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def digest(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()


def log_file(lines=3_000):
    """A log as real ones are: CRLF, tabs, emoji, a combining accent."""
    rows = []
    for line in range(lines):
        tail = ["served", "caf\u0065\u0301 \u2615", "\U0001f9d1\u200d\U0001f4bb deployed", "\u202ertl", "a\u030a"][line % 5]
        rows.append(f"2026-11-22T10:{line // 60 % 60:02}:{line % 60:02}Z\tworker-{line % 7}\t{tail} #{line}")
    return ("\r\n".join(rows) + "\r\n").encode()
