"""How much the page loads and when, and that nothing is lost to who is faster than it."""

import pathlib
import unittest

import harness
from test_ease import SHIFTS
from test_page import PageCase

SITE = harness.ROOT / harness.SITE
# Bytes as `make site` prints them. What adds to them says why it is worth that to everybody.
LIVE_BYTES = 60 * 1_024
ALL_BYTES = 99_120

ACTS = "**/acts.*"


def held(device, pattern):
    """Files whose answer waits; returns how it is given."""
    is_held = [True]
    waiting = []
    device.page.route(pattern, lambda route: waiting.append(route) if is_held else route.continue_())

    def answer():
        is_held.clear()
        while waiting:
            waiting.pop().continue_()

    return answer


class Weight(PageCase):
    @unittest.skipUnless((SITE / "js" / "chunk.js").exists(), "a budget for the page as it is served: PASTED_SITE=build/site")
    def test_a_first_visit_is_live_within_its_budget(self):
        laptop = self.device()
        key = laptop.make()
        for path in ("", key):
            late = self.device()
            held(late, ACTS)
            late.page.goto(f"{self.server.url}/{path}", wait_until="commit")
            late.wait_standing("live")
            loaded = {path.partition("/js/")[2] or pathlib.Path(path).name for path in late.page.evaluate(harness.LOADED)}
            size = (SITE / "index.html").stat().st_size
            for name in loaded:
                for file in (SITE / "js" / name, SITE / name):
                    if file.suffix in (".js", ".css") and file.exists():
                        size += file.stat().st_size
            print(f"{size} bytes ... ", end="", flush=True)
            self.assertGreater(size, LIVE_BYTES / 2, loaded)
            self.assertLessEqual(size, LIVE_BYTES, loaded)
        files = [*SITE.glob("*.html"), *SITE.glob("*.css"), *SITE.glob("js/*.js")]
        self.assertLessEqual(sum(file.stat().st_size for file in files), ALL_BYTES)


class FirstPaint(PageCase):
    def test_the_frame_and_the_key_are_there_before_the_script_and_nothing_moves_when_it_comes(self):
        laptop = self.device()
        key = laptop.make()
        laptop.keep("first")
        laptop.wait_items(1)
        for options in ({}, {"phone": True}):
            device = self.device(**options)
            device.context.add_init_script(SHIFTS)
            answer = held(device, "**/main.js")
            device.page.goto(f"{self.server.url}/{key}", wait_until="commit")
            device.page.wait_for_selector("#words:has-text('-')")
            self.assertEqual(device.page.inner_text("#words").replace("\n", ""), key)
            self.assertTrue(device.page.is_visible("#box"))
            self.assertFalse(device.page.is_visible("#home"))
            answer()
            device.wait_items(1)
            device.page.wait_for_function("() => !qr.hidden && note.textContent !== ''")
            device.page.wait_for_timeout(300)
            self.assertLess(device.page.evaluate("shift"), 0.02, options)

    def test_the_front_page_is_there_before_the_script_and_a_press_counts(self):
        laptop = self.device()
        answer = held(laptop, "**/main.js")
        laptop.page.goto(self.server.url, wait_until="commit")
        laptop.page.wait_for_selector("#make-button")
        self.assertFalse(laptop.page.is_visible("#paste"))
        laptop.page.click("#make-button")
        answer()
        laptop.page.wait_for_selector("#words:has-text('-')")

    def test_what_is_typed_before_the_script_is_on_the_other_device(self):
        laptop = self.device()
        key = laptop.make()
        laptop.page.fill("#box", " and known")
        phone = self.device(phone=True)
        answer = held(phone, "**/main.js")
        phone.page.goto(f"{self.server.url}/{key}", wait_until="commit")
        phone.page.fill("#box", "early")
        answer()
        for device in (laptop, phone):
            device.page.wait_for_function("() => box.value === 'early and known' || box.value === ' and knownearly'")


class Faster(PageCase):
    """Than the part of the page that acts."""

    def slow(self, key="", **options):
        device = self.device(**options)
        answer = held(device, ACTS)
        device.page.goto(f"{self.server.url}/{key}", wait_until="commit")
        device.wait_standing("live")
        return device, answer

    def test_what_is_typed_is_on_the_other_device_afterwards(self):
        laptop = self.device()
        key = laptop.make()
        laptop.page.fill("#box", "known and ")
        phone, answer = self.slow(key)
        phone.page.wait_for_function("() => box.value === 'known and '")
        phone.page.evaluate("box.focus(); box.setSelectionRange(10, 10)")
        phone.page.keyboard.type("typed early")
        laptop.page.evaluate("box.focus(); box.setSelectionRange(0, 0)")
        laptop.page.keyboard.type("well ")
        self.assertEqual(phone.page.input_value("#box"), "known and typed early")
        answer()
        for device in (laptop, phone):
            device.page.wait_for_function("() => box.value === 'well known and typed early'")

    def test_what_is_typed_into_a_page_that_is_left_at_once_is_sent_by_the_next(self):
        laptop = self.device()
        key = laptop.make()
        laptop.page.fill("#box", "known")
        phone, answer = self.slow(key)
        phone.page.wait_for_function("() => box.value === 'known'")
        phone.page.evaluate("box.focus(); box.setSelectionRange(5, 5)")
        phone.page.keyboard.type(" and typed")
        phone.page.goto("about:blank")
        answer()
        phone.page.goto(f"{self.server.url}/{key}")
        laptop.page.wait_for_function("() => box.value === 'known and typed'")

    def test_what_is_pressed_happens_afterwards_and_once(self):
        laptop = self.device()
        key = laptop.make()
        phone, answer = self.slow(key)
        phone.page.fill("#box", "early")
        phone.page.keyboard.press("Control+Enter")
        self.assertEqual(phone.page.input_value("#box"), "early")
        answer()
        laptop.wait_items(1)
        phone.wait_items(1)
        self.assertEqual(laptop.texts(), ["early"])
        front, answer = self.slow()
        front.page.click("#make-button")
        front.page.wait_for_timeout(100)
        answer()
        front.page.wait_for_url(lambda url: url.rstrip("/") != self.server.url)

    def test_a_form_that_is_sent_with_the_keyboard_waits(self):
        laptop = self.device()
        key = laptop.make()
        phone, answer = self.slow()
        phone.page.fill("#key", key)
        phone.page.keyboard.press("Enter")
        answer()
        phone.page.wait_for_url(f"**/{key}")

    def test_it_comes_behind_the_connection(self):
        laptop = self.device()
        key = laptop.make()
        phone = self.device(phone=True)
        order = []
        phone.page.on("request", lambda request: order.append("acts") if "/acts." in request.url else None)
        phone.page.on("websocket", lambda socket: socket.on("framereceived", lambda _: order.append("frame")))
        phone.page.goto(f"{self.server.url}/{key}")
        phone.wait_standing("live")
        phone.keep("there")
        self.assertEqual(order[0], "frame")
        self.assertIn("acts", order)

    def test_what_failed_to_load_is_loaded_later_by_itself(self):
        laptop = self.device()
        key = laptop.make()
        phone = self.device(phone=True)
        phone.expects_outage = True
        asked = []
        phone.page.on("request", lambda request: asked.append(request.url) if "/acts.js" in request.url else None)
        phone.page.route(ACTS, lambda route: route.abort())
        phone.page.goto(f"{self.server.url}/{key}")
        phone.wait_standing("trouble")
        phone.page.unroute(ACTS)
        phone.page.set_default_timeout(20_000)
        phone.wait_standing("live")
        self.assertEqual(phone.page.locator("link[href*='acts.css']").count(), 1)
        self.assertEqual(len(asked), 2)
        self.assertNotEqual(asked[0], asked[1], "browsers remember for an address that it failed")
        phone.keep("and written")
        laptop.wait_text("and written")

    def test_what_is_typed_is_stored_when_nobody_looks_any_more(self):
        laptop = self.device()
        key = laptop.make()
        phone, answer = self.slow(key)
        phone.page.fill("#box", "on the way")
        stored = phone.page.evaluate(  # in one go: it is let go when the server has it
            """() => {
                Object.defineProperty(document, "hidden", { get: () => true });
                document.dispatchEvent(new Event("visibilitychange"));
                return JSON.stringify(localStorage);
            }""")
        self.assertIn("on the way", stored)
        answer()

    def test_a_page_that_can_not_be_loaded_whole_says_so_and_is_for_reading_until_it_is(self):
        laptop = self.device()
        key = laptop.make()
        laptop.keep("readable")
        laptop.wait_items(1)
        phone = self.device(phone=True)
        phone.expects_outage = True
        phone.page.route(ACTS, lambda route: route.abort())
        phone.page.goto(f"{self.server.url}/{key}")
        phone.wait_items(1)
        phone.wait_standing("trouble")
        self.assertIn("Read only", phone.standing())
        self.assertIn("not sent", phone.page.inner_text("#stopped"))
        self.assertEqual(phone.page.get_attribute("#box", "readonly"), "")
        phone.page.unroute(ACTS)
        phone.page.click("#reload")
        phone.wait_standing("live")
        phone.keep("and written")
        laptop.wait_text("and written")
