"""What people do with the page, on two devices, against the real server."""

import time
import unittest

from harness import Browser, Server, digest, log_file

HOSTILE = [
    "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">",
    "javascript:alert(1) data:text/html,<b>x</b> </pre></li></ol><h1>out</h1>",
    "\u202eright to left\u2066 never closed \u200b\u200b\ufeff zero width",
    "\x1b[31mred\x1b[0m \x07 \x08 \x7f form\ffeed",
    "Z" + "\u0301\u0489\u0336" * 400,
]


class PageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    tls = False
    options = []

    def setUp(self):
        self.server = Server(tls=self.tls, options=self.options)
        self.addCleanup(self.server.close)
        self.devices = []

    def device(self, **options):
        device = self.browser.device(self.server, **options)
        self.devices.append(device)
        return device

    def tearDown(self):
        problems = [problem for device in self.devices for problem in device.problems()]
        for device in self.devices:
            device.close()
        self.assertEqual(problems, [], "errors on the console and violations of the content security policy")

    def pair(self, life=None):
        """A laptop that made a paste and a phone that opened it by its words."""
        laptop, phone = self.device(), self.device(phone=True)
        key = laptop.make(life)
        phone.open(key.replace("-", " "))
        phone.wait_ready()
        return laptop, phone, key


class TwoDevices(PageCase):
    def test_texts_appear_on_the_other_device_both_ways(self):
        laptop, phone, _ = self.pair()
        laptop.page.wait_for_function("() => document.getElementById('devices').textContent === '2 devices'")
        laptop.keep("from the laptop")
        phone.wait_text("from the laptop")
        phone.keep("from the phone 🥚")
        for device in (laptop, phone):
            device.wait_text("from the phone 🥚")
        self.assertEqual(laptop.texts(), ["from the phone 🥚", "from the laptop"])
        self.assertEqual(phone.texts(), laptop.texts())
        self.assertEqual(laptop.page.input_value("#box"), "")

    def test_the_code_opens_the_same_paste_as_the_words(self):
        laptop, phone = self.device(), self.device(phone=True)
        laptop.make()
        laptop.keep("hello")
        laptop.wait_items(1)
        code = laptop.page.inner_text("#code")
        phone.open(code.lower())
        phone.wait_text("hello")
        self.assertEqual(phone.page.inner_text("#words"), code)

    def test_what_can_be_no_key_is_said_at_the_field(self):
        laptop = self.device()
        laptop.page.goto(self.server.url + "/")
        laptop.wait_ready()
        laptop.page.fill("#key", "käse?")
        laptop.page.keyboard.press("Enter")
        message = laptop.page.eval_on_selector("#key", "field => field.validationMessage")
        self.assertIn("three words", message)
        laptop.page.fill("#key", "maple otter cabin")
        self.assertEqual(laptop.page.eval_on_selector("#key", "field => field.validationMessage"), "")

    def test_a_log_with_crlf_tabs_emoji_and_combining_marks_keeps_its_bytes(self):
        laptop, phone, _ = self.pair()
        content = log_file()
        laptop.drop("server.log", content)
        phone.wait_items(1)
        phone.page.wait_for_function("() => toast.textContent.startsWith('New item')")  # which is told a moment later
        copied = phone.copy()
        self.assertEqual(digest(copied), digest(content))
        self.assertEqual(phone.page.inner_text("#toast"), "Copied 3,000 lines.")

    def test_a_browser_gets_long_texts_compressed_and_exact(self):
        laptop, phone, _ = self.pair()
        agreed = laptop.page.evaluate(
            "() => new Promise((resolve) => { const socket = new WebSocket(location.origin.replace('http', 'ws')"
            " + '/live', 'pasted.v1'); socket.onopen = () => { resolve(socket.extensions); socket.close(); }; })"
        )
        self.assertIn("permessage-deflate", agreed)
        text = "\n".join(f"line {number} of a text, ß and 🥚" for number in range(60))
        laptop.drop("notes.txt", text.encode())
        for device in (laptop, phone):
            device.wait_items(1)
            self.assertEqual(digest(device.copy()), digest(text.encode()))

    def test_on_the_pad_lines_end_in_lf_and_the_exact_paste_is_offered(self):
        laptop, phone, _ = self.pair()
        laptop.paste_event("one\r\ntwo\r\n\tthree", "#box")
        laptop.page.wait_for_function("() => document.getElementById('note').textContent.includes('CRLF')")
        phone.page.wait_for_function("() => box.value === 'one\\ntwo\\n\\tthree'")
        laptop.page.click("#keep-exact")
        phone.wait_items(1)
        self.assertEqual(phone.copy(), "one\r\ntwo\r\n\tthree")
        phone.page.wait_for_function("() => box.value === ''")
        laptop.paste_event("four\r\nfive", "#box")
        laptop.page.keyboard.type("!")
        laptop.page.keyboard.press("Control+Enter")
        phone.wait_items(2)
        self.assertEqual(phone.copy(), "four\nfive!")

    def test_crlf_pasted_into_other_text_can_be_kept_as_it_was(self):
        laptop, phone, _ = self.pair()
        laptop.page.fill("#box", "draft ")
        laptop.paste_event("a\r\nb", "#box")
        laptop.page.click("#keep-exact")
        phone.wait_items(1)
        self.assertEqual(phone.copy(), "a\r\nb")
        self.assertEqual(laptop.page.input_value("#box"), "draft ")

    def test_a_paste_beside_the_box_is_kept_at_once(self):
        laptop, phone, _ = self.pair()
        laptop.paste_event("beside\r\nthe box", "#copy-link")
        phone.wait_items(1)
        self.assertEqual(phone.copy(), "beside\r\nthe box")

    def test_removing_can_be_taken_back_and_is_then_seen_on_both(self):
        laptop, phone, _ = self.pair()
        for text in ("stays", "goes"):
            laptop.keep(text)
        phone.wait_items(2)
        remove = phone.page.locator("#items > li").first.locator("[data-do=remove]")
        remove.click()
        self.assertEqual(phone.page.evaluate("document.activeElement.dataset.do"), "stay")
        phone.page.click("#items .gone [data-do=stay]")
        self.assertEqual(phone.page.locator("#items .gone").count(), 0)
        time.sleep(6.5)
        self.assertEqual(len(laptop.texts()), 2)
        remove.click()
        self.assertTrue(phone.page.is_visible("#items .gone .going"))
        self.assertEqual(len(laptop.texts()), 2)
        laptop.wait_items(1)
        phone.wait_items(1)
        self.assertEqual(laptop.texts(), ["stays"])

    def test_extending_moves_the_countdown_on_both(self):
        laptop, phone, _ = self.pair()
        laptop.page.click("#change summary")
        laptop.page.click("#change [data-life='604800000']")
        for device in (laptop, phone):
            device.page.wait_for_function("() => /^[67] days/.test(document.getElementById('countdown').textContent)")

    def test_the_link_opens_the_paste(self):
        laptop = self.device()
        laptop.make()
        self.assertEqual(laptop.page.evaluate("() => document.activeElement.id"), "box", "ready to type")
        laptop.keep("by the link")
        laptop.page.click("#copy-link")
        laptop.page.wait_for_selector("#toast.shown")
        link = laptop.page.evaluate("navigator.clipboard.readText()")
        phone = self.device(phone=True)
        phone.page.goto(link)
        phone.wait_text("by the link")

    def test_a_reload_shows_the_same(self):
        laptop, phone, _ = self.pair()
        laptop.keep("kept")
        phone.wait_text("kept")
        laptop.page.fill("#box", "half a tho")
        laptop.page.reload()
        laptop.wait_text("kept")
        self.assertEqual(laptop.page.input_value("#box"), "half a tho")

    def test_a_duplicated_tab_is_a_device_of_its_own(self):
        laptop, phone, key = self.pair()
        copy = laptop.tab()
        copy.goto(self.server.url + "/")
        client = laptop.page.evaluate("sessionStorage.getItem('pasted/client')")
        copy.evaluate("id => sessionStorage.setItem('pasted/client', id)", client)
        copy.goto(f"{self.server.url}/{key}")
        copy.wait_for_selector("#standing[data-look=live]")
        self.assertNotEqual(copy.evaluate("sessionStorage.getItem('pasted/client')"), client)
        copy.fill("#box", "from the copy")
        copy.click("#keep")
        laptop.keep("from the first")
        phone.wait_items(2)
        self.assertEqual(laptop.standing(), "Live")


class OverTLS(PageCase):
    tls = True

    def test_two_devices_share_a_log_and_survive_a_restart(self):
        laptop, phone, _ = self.pair()
        for device in (laptop, phone):
            device.expects_outage = True
        content = log_file()
        laptop.drop("server.log", content)
        phone.wait_items(1)
        self.assertEqual(digest(phone.copy()), digest(content))
        self.server.kill()
        phone.wait_standing("waiting")
        phone.keep("typed in between")
        self.server.start()
        laptop.wait_text("typed in between")


class Outages(PageCase):
    def outage(self, *devices):
        for device in devices:
            device.expects_outage = True

    def test_a_killed_server_comes_back_and_both_pages_carry_on(self):
        laptop, phone, _ = self.pair()
        self.outage(laptop, phone)
        laptop.keep("before")
        phone.wait_text("before")
        self.server.kill()
        laptop.wait_standing("waiting")
        laptop.keep("while it was away")
        laptop.page.wait_for_function("() => document.getElementById('standing').textContent.includes('changes not sent')")
        self.assertTrue(laptop.page.is_visible("#outgoing li"))
        laptop.screenshot("away-desktop-light")
        laptop.page.click("#outgoing [data-do=copy]")
        laptop.page.wait_for_function("() => document.getElementById('toast').textContent === 'Copied 1 line.'")
        self.server.start()
        phone.wait_text("while it was away")
        laptop.wait_ready()
        laptop.wait_items(2)
        phone.keep("and back")
        for device in (laptop, phone):
            device.wait_text("and back")
            self.assertEqual(device.texts(), ["and back", "while it was away", "before"])
        self.assertFalse(laptop.page.is_visible("#outgoing li"))

    def test_what_was_typed_before_a_crash_of_server_and_tab_is_sent_exactly_once(self):
        laptop, phone, key = self.pair()
        self.outage(laptop, phone)
        self.server.kill()
        laptop.wait_standing("waiting")
        laptop.keep("survives everything")
        laptop.page.close()
        self.server.start()
        laptop.page = laptop.tab()
        laptop.page.goto(f"{self.server.url}/{key}")
        phone.wait_text("survives everything")
        laptop.wait_text("survives everything")
        laptop.page.reload()
        laptop.wait_ready()
        time.sleep(0.5)
        self.assertEqual(phone.texts(), ["survives everything"])
        self.assertEqual(laptop.texts(), ["survives everything"])

    def test_offline_is_said_and_what_is_typed_offline_arrives_once(self):
        laptop, phone, _ = self.pair()
        self.outage(laptop, phone)
        laptop.context.set_offline(True)
        laptop.wait_standing("trouble")
        self.assertIn("Offline", laptop.standing())
        for text in ("one", "two"):
            laptop.keep(text)
        laptop.context.set_offline(False)
        phone.wait_items(2)
        laptop.wait_ready()
        laptop.wait_items(2)
        self.assertEqual(phone.texts(), ["two", "one"])

    def test_without_room_to_store_it_says_so_and_no_ref_is_used_twice(self):
        laptop, phone, _ = self.pair()
        self.outage(laptop, phone)
        laptop.keep("first")
        phone.wait_text("first")
        laptop.page.evaluate(
            "() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') } }")
        laptop.keep("second")
        laptop.page.wait_for_selector("#unkept:not([hidden])")
        phone.wait_text("second")
        laptop.page.reload()
        laptop.wait_items(2)
        laptop.keep("third")
        phone.wait_text("third")
        self.assertEqual(phone.texts(), ["third", "second", "first"])

    def test_a_double_click_keeps_once(self):
        laptop, phone, _ = self.pair()
        laptop.page.fill("#box", "once")
        laptop.page.dblclick("#keep")
        phone.wait_text("once")
        time.sleep(0.3)
        self.assertEqual(phone.texts(), ["once"])


class EndsAndRefusals(PageCase):
    def test_expiry_shows_on_both_and_the_text_stays_copyable(self):
        laptop, phone, key = self.pair(life=4_000)
        laptop.keep("last words\r\n")
        phone.wait_items(1)
        laptop.page.fill("#box", "half a thought")
        for device in (laptop, phone):
            device.page.wait_for_selector("#ended:not([hidden])")
            device.wait_standing("over")
            self.assertFalse(device.page.is_visible("#keep"))
            self.assertFalse(device.page.is_visible("#items [data-do=remove]"))
        self.assertEqual(phone.copy(), "last words\n")
        self.assertTrue(laptop.page.is_visible("#held"), "what stood in the box can still be copied")
        self.assertEqual(laptop.page.input_value("#box"), "half a thought")
        self.assertEqual(phone.page.input_value("#box"), "half a thought", "the pad was live")
        self.assertEqual(phone.page.get_attribute("#box", "readonly"), "")
        laptop.screenshot("expired-desktop-light")
        phone.page.emulate_media(color_scheme="dark")
        phone.screenshot("expired-phone-dark")
        late = self.device()
        late.page.goto(f"{self.server.url}/{key}")
        late.page.wait_for_selector("#unknown:not([hidden])")

    def test_deleting_leaves_the_focus_on_the_page(self):
        laptop = self.device()
        laptop.make()
        laptop.page.click("#change summary")
        laptop.page.focus("#delete")
        for _ in range(2):
            laptop.page.keyboard.press("Enter")
        laptop.wait_standing("over")
        self.assertEqual(laptop.page.evaluate("document.activeElement.id"), "main")

    def test_deleting_is_seen_on_both(self):
        laptop, phone, _ = self.pair()
        laptop.page.click("#change summary")
        laptop.page.click("#delete")
        self.assertEqual(phone.standing(), "Live")
        laptop.page.click("#delete")
        for device in (laptop, phone):
            device.page.wait_for_selector("#ended:not([hidden])")
            self.assertEqual(device.standing(), "Deleted")

    def test_an_unknown_key_gets_a_clear_answer_and_makes_nothing(self):
        laptop = self.device()
        laptop.open("no such thing here")
        laptop.page.wait_for_selector("#unknown:not([hidden])")
        self.assertIn("No paste opens with this key", laptop.page.inner_text("#unknown"))
        self.assertEqual(laptop.standing(), "No such paste")
        laptop.page.reload()
        laptop.page.wait_for_selector("#unknown:not([hidden])")
        laptop.screenshot("unknown-desktop-light")

    def test_a_text_typed_for_a_key_that_opens_nothing_is_given_back(self):
        laptop = self.device()
        laptop.page.route_web_socket("**/live", lambda socket: None)  # the answer takes its time
        laptop.page.goto(f"{self.server.url}/no-such-thing-here")
        laptop.keep("written too early")
        laptop.page.unroute_all()
        laptop.page.close()
        laptop.page = laptop.tab()
        laptop.page.goto(f"{self.server.url}/no-such-thing-here")
        laptop.page.wait_for_selector("#unknown:not([hidden])")
        laptop.page.wait_for_selector("#outgoing li.returned")
        self.assertEqual(laptop.page.inner_text("#outgoing .text"), "written too early")
        laptop.page.click("#outgoing [data-do=copy]")
        laptop.page.wait_for_selector("#toast.shown")
        self.assertEqual(laptop.page.evaluate("navigator.clipboard.readText()"), "written too early")

    def test_a_text_over_the_limit_stays_in_the_box_with_the_limit_stated(self):
        laptop, phone, _ = self.pair()
        self.assertIn("up to 1 MiB", laptop.page.inner_text("#note"))
        text = "x" * ((1 << 20) + 1)
        laptop.page.evaluate(
            "t => { box.value = t; box.dispatchEvent(new Event('input')); }", text)
        laptop.page.click("#keep")
        self.assertIn("1 MiB", laptop.page.inner_text("#note"))
        self.assertEqual(len(laptop.page.input_value("#box")), len(text))
        laptop.drop("large.log", b"y" * ((1 << 20) + 1))
        laptop.page.wait_for_function("() => document.getElementById('intake-problems').textContent.includes('large.log')")
        laptop.drop("photo.jpg", b"\xff\xd8\xff\xe0")
        laptop.page.wait_for_function("() => document.getElementById('intake-problems').textContent.includes('not UTF-8')")
        self.assertEqual(phone.texts(), [])
        laptop.page.fill("#box", "z" * (1 << 20))
        laptop.page.click("#keep")
        phone.wait_items(1)

    def test_hostile_texts_are_only_text(self):
        laptop, phone, key = self.pair()
        for text in HOSTILE:
            laptop.drop("hostile.txt", text.encode())
        phone.wait_items(len(HOSTILE))
        self.assertEqual(phone.texts(), HOSTILE[::-1])
        self.assertEqual(phone.page.title(), f"{key} · Pasted")
        self.assertEqual(phone.page.locator("#items script, #items img, #items h1").count(), 0)
        width = phone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.assertLessEqual(width, 0, "nothing reaches beyond the screen")
        phone.screenshot("hostile-phone-light")

    def test_without_a_secure_context_copying_is_still_exact(self):
        laptop = self.device()
        key = laptop.make()
        laptop.drop("note.txt", b"a\r\nb\tc")
        laptop.wait_items(1)
        plain = self.device()
        plain.page.goto(f"{self.server.insecure_url}/{key}")
        plain.wait_items(1)
        self.assertFalse(plain.page.evaluate("isSecureContext"))
        plain.page.locator("#items [data-do=copy]").click()
        plain.page.wait_for_function("() => document.getElementById('toast').textContent === 'Copied 2 lines.'")
        laptop.page.bring_to_front()
        self.assertEqual(laptop.page.evaluate("navigator.clipboard.readText()"), "a\r\nb\tc")


class Size(PageCase):
    def test_hundreds_of_items_dropped_at_once_arrive_in_order(self):
        laptop, phone, key = self.pair()
        count = 200
        # As fast as the server lets this device go: refusals for later are part of the scenario.
        laptop.page.evaluate(
            """count => {
                const transfer = new DataTransfer();
                for (let n = 1; n <= count; n += 1) transfer.items.add(new File([`item ${n}\\nof many`], `${n}.txt`));
                dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
            }""", count)
        laptop.page.set_default_timeout(60_000)
        laptop.wait_items(count)
        phone.wait_items(count)
        self.assertEqual(phone.texts(), [f"item {n}\nof many" for n in range(count, 0, -1)])
        started = time.monotonic()
        phone.page.reload()
        phone.wait_items(count)
        self.assertLess(time.monotonic() - started, 5)
        laptop.keep("one more")
        phone.wait_text("one more")

    def test_a_text_of_3000_lines_is_shown_in_part_until_asked(self):
        laptop, phone, _ = self.pair()
        content = log_file().decode()
        laptop.drop("server.log", content.encode())
        phone.wait_items(1)
        self.assertLess(len(phone.texts()[0]), 4_001)
        phone.page.click("#items .whole")
        self.assertEqual(phone.texts(), [content])


class Looks(PageCase):
    def test_every_state_for_the_eye(self):
        for scheme in ("light", "dark"):
            with self.subTest(scheme):
                laptop = self.device(color_scheme=scheme)
                phone = self.device(phone=True, color_scheme=scheme)
                for device, size in ((laptop, "desktop"), (phone, "phone")):
                    device.page.goto(self.server.url + "/")
                    device.wait_ready()
                    device.screenshot(f"home-{size}-{scheme}")
                key = laptop.make()
                phone.open(key)
                phone.wait_ready()
                laptop.screenshot(f"empty-desktop-{scheme}")
                phone.screenshot(f"empty-phone-{scheme}")
                for text in ("https://example.org/a/link?to=read", "ssh-keygen -t ed25519\nssh-copy-id me@host"):
                    laptop.keep(text)
                laptop.drop("server.log", log_file())
                phone.wait_items(3)
                phone.keep("Milk, eggs 🥚, café")
                laptop.wait_items(4)
                time.sleep(2)
                laptop.screenshot(f"items-desktop-{scheme}")
                phone.screenshot(f"items-phone-{scheme}")
                narrow = self.device(viewport={"width": 320, "height": 700}, color_scheme=scheme)
                narrow.page.goto(f"{self.server.url}/{key}")
                narrow.wait_items(4)
                overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                self.assertLessEqual(narrow.page.evaluate(overflow), 0)
                narrow.screenshot(f"items-320-{scheme}")
