"""Several people on one pad at the same time, through networks that fail: nothing lost, nothing twice.

LIVE_SECONDS sets how long the typists of the long scenarios type (10)."""

import os
import random
import shutil
import time

from relay import Relay
from test_page import PageCase

SECONDS = float(os.environ.get("LIVE_SECONDS", "10"))
CUTS = 10
ALPHABETS = ["abcdefgh", "ABCDEFGH", "\U0001f600\U0001f601\U0001f680\U0001f95a", "\u4e00\u4e8c\u4e09\u00e4\u00f6"]
WORDS = ["日本", "한국", "中文", "ไทย"]

# Types a letter of the page's alphabet every few milliseconds, mostly where it typed last, now and then elsewhere.
TYPIST = """([alphabet, seed]) => {
    const letters = [...alphabet];
    let state = seed;
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    window.count = 0;
    box.focus();
    window.typist = setInterval(() => {
        if (document.activeElement !== box) box.focus();
        if (random() < 0.1) {
            let at = Math.floor(random() * (box.value.length + 1));
            if (/[\\udc00-\\udfff]/.test(box.value[at] ?? "")) at += 1;
            box.setSelectionRange(at, at);
        }
        if (document.execCommand("insertText", false, letters[Math.floor(random() * letters.length)])) window.count += 1;
    }, 25);
}"""
STOP = "() => { clearInterval(window.typist); return window.count; }"


class LiveCase(PageCase):
    def room(self, count, relayed=False):
        """So many devices on one paste; the first one's network can be cut when asked."""
        relay = None
        if relayed:
            relay = Relay(self.server)
            self.addCleanup(relay.close)
        maker = self.device()
        key = maker.make()
        devices = [maker]
        for at in range(1, count):
            device = self.browser.device(relay if relay and at == 1 else self.server)
            self.devices.append(device)
            device.page.goto(f"{device.server.url}/{key}")
            device.wait_ready()
            devices.append(device)
        return devices, key, relay

    def pad(self, device):
        return device.page.input_value("#box")

    def wait_pad(self, device, text):
        device.page.wait_for_function("t => box.value === t", arg=text)

    def wait_level(self, devices, seconds=30):
        """All pads are equal, and nothing waits to be sent."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pads = {self.pad(device) for device in devices}
            if len(pads) == 1 and all(device.standing() == "Live" for device in devices):
                stored = [device.page.evaluate(
                    "Object.keys(localStorage).filter((name) => name.startsWith('pasted/live/')).length") for device in devices]
                if not any(stored):
                    return pads.pop()
            time.sleep(0.1)
        self.fail(f"not level after {seconds} s: {[(device.standing(), len(self.pad(device))) for device in devices]}")

    def count(self, text, alphabet):
        return sum(text.count(letter) for letter in alphabet)

    def caret(self, device, at=None):
        if at is not None:
            device.page.evaluate("at => { box.focus(); box.setSelectionRange(at, at) }", at)
        return device.page.evaluate("[box.selectionStart, box.selectionEnd]")

    def keyboard(self, device):
        """What an input method talks to."""
        return device.context.new_cdp_session(device.page)


class AtOnce(LiveCase):
    """All type at once, each its own alphabet, while the network of one is cut and restored ten times."""

    def at_once(self, count, begin, act, end):
        """`act(at)` is called in turns for each device; `end(at)` tells how many letters of its alphabet it typed."""
        devices, key, relay = self.room(count, relayed=True)
        cut = devices[1]
        cut.expects_outage = True
        for at, device in enumerate(devices):
            begin(at, device)
        chance = random.Random(count)
        began = time.monotonic()
        for at in range(CUTS):
            self.take_turns(act, devices, began + SECONDS / CUTS * (at + 0.6))
            cut.context.set_offline(True)
            relay.cut(silently=chance.random() < 0.5)
            self.take_turns(act, devices, began + SECONDS / CUTS * (at + 1))
            relay.restore()
            cut.context.set_offline(False)
        typed = [end(at, device) for at, device in enumerate(devices)]
        text = self.wait_level(devices)
        late = self.device()
        late.page.goto(f"{self.server.url}/{key}")
        late.wait_ready()
        self.wait_pad(late, text)
        return typed, text

    def take_turns(self, act, devices, until):
        while time.monotonic() < until:
            for at, device in enumerate(devices):
                act(at, device)

    def assert_exact(self, typed, text, alphabets):
        found = [self.count(text, alphabet) for alphabet in alphabets[:len(typed)]]
        pairs = list(zip(typed, found))
        print(f"{len(typed)} devices, {SECONDS:.0f} s: {sum(typed)} typed, {sum(max(t - f, 0) for t, f in pairs)} lost, "
              f"{sum(max(f - t, 0) for t, f in pairs)} doubled, {len(typed) + 1} equal pads ... ", end="", flush=True)
        self.assertEqual(found, typed, "letters of each device")
        self.assertGreater(min(typed), 10)

    def letters(self, count):
        typed, text = self.at_once(
            count, lambda at, device: device.page.evaluate(TYPIST, [ALPHABETS[at], at + 7]),
            lambda at, device: time.sleep(0.05), lambda at, device: device.page.evaluate(STOP))
        self.assert_exact(typed, text, ALPHABETS)

    def test_letters_of_two(self):
        self.letters(2)

    def test_letters_of_four(self):
        self.letters(4)

    def composed(self, count):
        """Words as input methods make them: two stages that are replaced, then the word; now and then never ended."""
        methods, typed, chance = {}, [0] * count, random.Random(count)

        def begin(at, device):
            device.page.focus("#box")
            methods[at] = self.keyboard(device)

        def act(at, device):
            word = WORDS[at]
            if chance.random() < 0.2:
                device.page.evaluate("share => { const at = Math.floor(share * box.value.length); box.setSelectionRange(at, at) }", chance.random())
            for stage in ("n", "ni"):
                methods[at].send("Input.imeSetComposition", {"text": stage, "selectionStart": len(stage), "selectionEnd": len(stage)})
            if chance.random() < 0.1:
                methods[at].send("Input.imeSetComposition", {"text": word, "selectionStart": len(word), "selectionEnd": len(word)})
                device.page.evaluate("box.blur(), box.focus()")
            else:
                methods[at].send("Input.insertText", {"text": word})
            typed[at] += len(word)

        _, text = self.at_once(count, begin, act, lambda at, device: 0)
        self.assertEqual(self.count(text, "ni"), 0, "stages that were replaced")
        self.assert_exact(typed, text, WORDS)

    def test_input_methods_of_two(self):
        self.composed(2)

    def test_input_methods_of_four(self):
        self.composed(4)

    def pasted(self, count):
        """Lines of several emoji, one of them joined of five code points, that end in CRLF."""
        typed = [0] * count

        def act(at, device):
            letters = ALPHABETS[at][:4]
            device.paste_event(f"{letters}\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f388\r\n", "#box")
            typed[at] += len(letters)

        _, text = self.at_once(count, lambda at, device: None, act, lambda at, device: 0)
        lines = sum(typed) // 4
        self.assertEqual([text.count(part) for part in ("\U0001f468", "\u200d", "\U0001f388", "\n", "\r")],
                         [lines, 2 * lines, lines, lines, 0])
        self.assert_exact(typed, text, ALPHABETS)

    def test_pastes_of_two(self):
        self.pasted(2)

    def test_pastes_of_four(self):
        self.pasted(4)

    def test_a_server_that_is_killed_while_two_type_loses_nothing(self):
        devices, _, _ = self.room(2)
        for at, device in enumerate(devices):
            device.expects_outage = True
            device.page.evaluate(TYPIST, [ALPHABETS[at], at + 3])
        for _ in range(3):
            time.sleep(0.8)
            self.server.kill()
            time.sleep(0.4)
            self.server.start()
        counts = [device.page.evaluate(STOP) for device in devices]
        text = self.wait_level(devices)
        self.assertEqual([self.count(text, ALPHABETS[at]) for at in range(2)], counts)


class Keeping(LiveCase):
    def test_two_who_press_keep_together_keep_the_text_once(self):
        (first, second), _, _ = self.room(2)
        for round in range(1, 6):
            first.page.fill("#box", f"shared {round}")
            self.wait_pad(second, f"shared {round}")
            for device in (first, second):
                device.page.evaluate("setTimeout(() => keep.click(), 150)")
            for device in (first, second):
                device.wait_items(round)
                self.wait_pad(device, "")
        time.sleep(0.3)
        self.assertEqual(first.texts(), [f"shared {n}" for n in (5, 4, 3, 2, 1)])
        self.assertEqual(second.texts(), first.texts())


class Returning(LiveCase):
    def test_a_reload_with_unsent_typing_sends_it_once(self):
        (first, second), key, relay = self.room(2, relayed=True)
        second.expects_outage = True
        first.page.fill("#box", "before ")
        self.wait_pad(second, "before ")
        second.page.evaluate("box.focus(); box.setSelectionRange(7, 7)")
        relay.cut()
        second.page.keyboard.type("typed offline")
        second.page.wait_for_function("() => document.getElementById('standing').textContent.includes('not sent')")
        first.page.evaluate("box.focus(); box.setSelectionRange(0, 0)")
        first.page.keyboard.type("and ")
        relay.restore()
        # A page that had its text stored, and nobody told it to send.
        second.page.reload()
        second.wait_ready()
        self.assertEqual(self.wait_level([first, second]), "and before typed offline")
        second.page.reload()
        second.wait_ready()
        self.assertEqual(self.wait_level([first, second]), "and before typed offline")

    def test_a_tab_that_is_closed_with_unsent_typing_leaves_it_to_the_next(self):
        (first, second), key, _ = self.room(2)
        for device in (first, second):
            device.expects_outage = True
        first.page.fill("#box", "known")
        self.wait_pad(second, "known")
        self.server.kill()
        second.wait_standing("waiting")
        self.caret(second, 5)
        second.page.keyboard.type(" and typed")
        second.page.close()
        self.server.start()
        second.page = second.tab()
        second.page.goto(f"{second.server.url}/{key}")
        self.wait_pad(first, "known and typed")
        second.wait_ready()
        self.assertEqual(self.wait_level([first, second]), "known and typed")

    def test_a_page_that_wakes_notices_within_seconds_that_its_connection_is_dead(self):
        (first, second), _, relay = self.room(2, relayed=True)
        second.expects_outage = True
        for at, sign in enumerate(("document.dispatchEvent(new Event('visibilitychange'))",
                                   "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
                                   "dispatchEvent(new Event('online'))")):
            with self.subTest(sign=sign):
                relay.forget()
                before = self.pad(second)
                first.page.fill("#box", f"while it slept {at}")
                time.sleep(0.5)
                self.assertEqual(self.pad(second), before)
                second.page.evaluate(sign)
                second.page.wait_for_function("t => box.value === t", arg=f"while it slept {at}", timeout=5_000)
                second.wait_ready()

    def test_of_another_history_nothing_is_merged_and_what_was_typed_is_offered(self):
        (first, second), _, _ = self.room(2)
        for device in (first, second):
            device.expects_outage = True
        first.page.fill("#box", "before the backup")
        self.wait_pad(second, "before the backup")
        self.server.kill()
        backup = f"{self.server.state}-backup"
        shutil.copytree(self.server.state, backup)
        self.addCleanup(shutil.rmtree, backup)
        self.server.start()
        self.caret(first, 0)
        first.page.keyboard.type("behind and ")
        self.wait_pad(second, "behind and before the backup")
        self.server.kill()
        second.wait_standing("waiting")
        self.caret(second, 11)
        second.page.keyboard.type("not sent and ")
        shutil.rmtree(self.server.state)
        shutil.copytree(backup, self.server.state)
        self.server.start()
        for device in (first, second):
            self.wait_pad(device, "before the backup")
        second.page.wait_for_selector("#outgoing li.returned")
        offered = second.page.inner_text("#outgoing .text")
        self.assertEqual(offered, "behind and not sent and before the backup")
        self.assertEqual(self.pad(first), "before the backup")
        second.screenshot("other-history")
        second.page.click("#outgoing [data-do=copy]")
        self.assertEqual(second.page.evaluate("navigator.clipboard.readText()"), offered)
        second.page.click("#outgoing [data-do=again]")
        first.wait_text(offered)
        self.assertEqual(self.wait_level([first, second]), "before the backup")

    def test_back_on_the_network_the_page_is_level_at_once(self):
        (first, second), _, relay = self.room(2, relayed=True)
        second.expects_outage = True
        relay.cut(silently=True)
        first.page.fill("#box", "while it slept")
        time.sleep(0.5)
        relay.restore()
        second.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        second.page.wait_for_function("() => box.value === 'while it slept'", timeout=3_000)
