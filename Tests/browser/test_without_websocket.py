"""Networks that let no WebSocket through: the page finds out, goes on over HTTP, says so, and loses nothing."""

import time

from harness import digest, log_file
from relay import Relay, hang_up
from test_live import LiveCase

STANDING = "Live, without WebSocket"
# As some in-app browsers and hardened profiles have it.
REMOVED = "delete window.WebSocket;"
# As a proxy that does not know the upgrade does: it fails, or it is never answered.
FAILING = """window.WebSocket = class extends EventTarget {
    constructor() {
        super();
        this.readyState = 0;
        setTimeout(() => this.dispatchEvent(Object.assign(new Event("close"), { code: 1006 })), 5);
    }
    close() {}
};"""
SILENT = FAILING.replace("setTimeout", "void")


class Gate(Relay):
    """A relay that answers upgrades as a proxy which does not know them: 400, or never."""

    def __init__(self, server, answers=True):
        self.answers = answers
        self.blocks = True
        super().__init__(server)

    def _forward(self, source, sink):
        is_from_page = any(source is near for near, _ in self.pairs)
        try:
            while data := source.recv(65_536):
                if self.is_cut or source in self.lost:
                    continue
                if self.blocks and is_from_page and data.startswith(b"GET /live "):
                    if self.answers:
                        source.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        break
                    continue
                sink.sendall(data)
        except OSError:
            pass
        hang_up(sink)
        source.close()


class WithoutCase(LiveCase):
    def blocked(self, script=REMOVED, server=None):
        """A device whose browser has no WebSocket, or whose network lets none through."""
        device = self.browser.device(server or self.server)
        self.devices.append(device)
        if script:
            device.context.add_init_script(script)
        return device

    def wait_blocked(self, device):
        self.wait_words(device.page, STANDING)

    def wait_words(self, page, words, place="standing"):
        page.wait_for_function("([id, words]) => document.getElementById(id).textContent === words", arg=[place, words])


class Fallback(WithoutCase):
    def test_a_stream_that_failed_to_load_is_loaded_later_from_another_address(self):
        key = self.device().make()
        blocked = self.blocked(FAILING)
        blocked.expects_outage = True
        asked = []
        blocked.page.on("request", lambda request: asked.append(request.url) if "/stream.js" in request.url else None)
        blocked.page.route("**/stream.js*", lambda route: route.abort() if len(asked) < 2 else route.continue_())
        blocked.page.set_default_timeout(30_000)
        blocked.page.goto(f"{self.server.url}/{key}")
        self.wait_blocked(blocked)
        self.assertEqual(len(asked), 2)
        self.assertNotEqual(asked[0], asked[1], "browsers remember for an address that it failed")

    def test_two_people_write_and_keep_when_one_or_both_have_no_websocket(self):
        for script in (REMOVED, FAILING):
            with self.subTest(script=script):
                maker = self.blocked(script)
                key = maker.make()
                self.wait_blocked(maker)
                other = self.device()
                other.page.goto(f"{self.server.url}/{key}")
                other.wait_ready()
                third = self.blocked(script)
                third.page.goto(f"{self.server.url}/{key}")
                self.wait_blocked(third)
                for at, device in enumerate((maker, other, third)):
                    device.page.focus("#box")
                    device.page.keyboard.press("Control+End")
                    device.page.keyboard.type(f"from {at}. ")
                    text = "".join(f"from {each}. " for each in range(at + 1))
                    for each in (maker, other, third):
                        self.wait_pad(each, text)
                for device, text in ((third, "kept without"), (other, "kept with")):
                    device.keep(text)
                    for each in (maker, other, third):
                        each.wait_text(text)
                        self.wait_pad(each, "")
                self.wait_words(maker.page, "3 devices", "devices")
                self.assertEqual(other.standing(), "Live")

    def test_a_websocket_that_is_never_answered_is_not_waited_for_long(self):
        device = self.blocked(SILENT)
        began = time.monotonic()
        device.make()
        self.wait_blocked(device)
        self.assertLess(time.monotonic() - began, 20)

    def test_a_proxy_that_refuses_upgrades_is_noticed_and_one_that_learns_them_too(self):
        for answers in (True, False):
            with self.subTest(answers=answers):
                gate = Gate(self.server, answers)
                self.addCleanup(gate.close)
                device = self.blocked(None, gate)
                device.expects_outage = True
                device.make()
                self.wait_blocked(device)
                device.keep("over HTTP")
                device.wait_text("over HTTP")
                gate.blocks = False
                device.page.reload()
                self.wait_words(device.page, "Live")
                device.wait_text("over HTTP")

    def test_exact_bytes_come_and_go(self):
        maker, reader = self.blocked(), self.device()
        key = maker.make()
        reader.page.goto(f"{self.server.url}/{key}")
        reader.wait_ready()
        content = log_file()
        maker.drop("log.txt", content)
        for device in (maker, reader):
            device.wait_items(1)
            self.assertEqual(digest(device.copy()), digest(content))

    def test_a_reload_in_the_middle_of_writing_loses_nothing(self):
        device = self.blocked()
        key = device.make()
        self.wait_blocked(device)
        device.page.focus("#box")
        for number in range(3):
            device.page.keyboard.type(f"{number} written ")
            device.page.reload()
            self.wait_blocked(device)
            self.wait_pad(device, "".join(f"{each} written " for each in range(number + 1)))
            device.page.focus("#box")
            device.page.keyboard.press("Control+End")
        late = self.device()
        late.page.goto(f"{self.server.url}/{key}")
        late.wait_ready()
        self.wait_pad(late, "0 written 1 written 2 written ")

    def test_the_end_of_a_paste_and_a_key_that_opens_nothing_are_told(self):
        device, other = self.blocked(), self.device()
        key = device.make()
        other.page.goto(f"{self.server.url}/{key}")
        other.wait_ready()
        other.page.click("#change summary")
        other.page.click("#delete")
        other.page.click("#delete")
        device.wait_standing("over")
        self.assertEqual(device.standing(), "Deleted")
        late = self.blocked()
        late.page.goto(f"{self.server.url}/{key}")
        late.wait_standing("over")
        self.assertEqual(late.standing(), "No such paste")
        # The browser itself tells of every 404.
        late.errors = [error for error in late.errors if "status of 404" not in error]

    def test_the_server_is_killed_and_comes_back(self):
        device, other = self.blocked(), self.device()
        key = device.make()
        self.wait_blocked(device)
        other.page.goto(f"{self.server.url}/{key}")
        for each in (device, other):
            each.expects_outage = True
            each.wait_ready()
        device.keep("before")
        other.wait_text("before")
        self.server.kill()
        device.wait_standing("waiting")
        device.page.fill("#box", "written meanwhile")
        self.server.start()
        for each in (device, other):
            self.wait_pad(each, "written meanwhile")
        other.keep("and back")
        device.wait_text("before")


class ManyTabs(WithoutCase):
    tls = True  # Web Locks are for secure contexts

    def test_more_tabs_than_the_browser_has_connections_all_write(self):
        device = self.blocked()
        # Without a screen all tabs are seen.
        device.context.add_init_script(
            "Object.defineProperty(document, 'hidden', { get: () => window.isBehind === true });")
        key = device.make()
        self.wait_blocked(device)
        behind = device.page
        for number in range(7):
            behind.evaluate("() => { window.isBehind = true; }")
            tab = behind = device.tab()
            tab.goto(f"{self.server.url}/{key}")
            self.wait_words(tab, STANDING)
            tab.fill("#box", f"tab {number}")
            tab.keyboard.press("Control+Enter")
            tab.wait_for_function(
                "t => [...document.querySelectorAll('#items .text')].some((n) => n.textContent === t)", arg=f"tab {number}")
        late = self.device()
        late.page.goto(f"{self.server.url}/{key}")
        late.wait_items(7)
        device.page.evaluate(
            "() => { window.isBehind = false; document.dispatchEvent(new Event('visibilitychange')); }")
        device.wait_items(7)
        self.wait_blocked(device)


class Cuts(WithoutCase):
    """Typing without a WebSocket while the network is cut: nothing lost, nothing twice."""

    def test_nothing_is_lost_or_doubled_when_the_network_is_cut_ten_times(self):
        relay = Relay(self.server)
        self.addCleanup(relay.close)
        typist = self.blocked(REMOVED, relay)
        typist.expects_outage = True
        key = typist.make()
        self.wait_blocked(typist)
        other = self.device()
        other.page.goto(f"{self.server.url}/{key}")
        other.wait_ready()
        # Between what the two write: of two who begin the same empty text, neither has to come first.
        typist.page.fill("#box", "|")
        self.wait_pad(other, "|")
        typed = 0
        for at in range(10):
            typist.page.focus("#box")
            typist.page.keyboard.press("Control+End")
            typist.page.keyboard.type(f"<{at}a")
            relay.cut(silently=at % 2 == 1)
            typist.page.keyboard.type("b>")
            other.page.focus("#box")
            other.page.keyboard.press("Control+Home")
            other.page.keyboard.type("x")
            relay.restore()
            typed += 1
        wanted = "x" * 10 + "|" + "".join(f"<{at}ab>" for at in range(typed))
        for device in (typist, other):
            device.page.wait_for_function("t => box.value === t", arg=wanted, timeout=60_000)
        self.wait_blocked(typist)

    def test_a_connection_that_leads_nowhere_any_more_is_noticed_by_its_silence(self):
        relay = Relay(self.server)
        self.addCleanup(relay.close)
        device, other = self.blocked(REMOVED, relay), self.device()
        device.expects_outage = True
        key = device.make()
        self.wait_blocked(device)
        other.page.goto(f"{self.server.url}/{key}")
        other.wait_ready()
        relay.forget()
        other.keep("said to somebody asleep")
        device.page.wait_for_function(
            "t => [...document.querySelectorAll('#items .text')].some((n) => n.textContent === t)",
            arg="said to somebody asleep", timeout=45_000)
        self.wait_blocked(device)


class Strangers(WithoutCase):
    def test_an_event_source_comes_back_by_itself_and_stops_when_the_paste_is_over(self):
        device = self.device()
        key = device.make()
        device.expects_outage = True
        device.page.evaluate("""(key) => {
            window.heard = [];
            window.source = new EventSource(`/${key}/events`);
            source.onmessage = ({ data, lastEventId }) => heard.push([JSON.parse(data), lastEventId]);
        }""", key)
        types = "() => heard.map(([{ type }]) => type).filter((type) => type !== 'devices').join()"

        def wait(wanted, seconds=10):
            device.page.wait_for_function(f"wanted => ({types})() === wanted", arg=wanted, timeout=seconds * 1000)

        wait("snapshot")
        device.keep("one\r\ntwo")
        device.wait_text("one\ntwo")
        device.page.wait_for_function("() => heard.some(([{ type }]) => type === 'keep')")
        before = device.page.evaluate(types)
        self.server.kill()
        self.server.start()
        # It waits for as long as the stream's `retry` said.
        wait(f"{before},resumed", 30)
        ids = device.page.evaluate("heard.filter(([{ seq }]) => seq !== undefined).map(([{ seq, tag }, id]) => [`${seq}-${tag}`, id])")
        self.assertEqual([cursor for cursor, _ in ids], [event for _, event in ids])
        device.wait_ready()
        device.page.click("#change summary")
        device.page.click("#delete")
        device.page.click("#delete")
        wait(f"{before},resumed,expired")
        device.page.wait_for_function("() => source.readyState === EventSource.CLOSED", timeout=30_000)
        device.errors = [error for error in device.errors if "status of 404" not in error]
