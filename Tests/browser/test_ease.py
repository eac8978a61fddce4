"""What makes the page easy: the hop to the phone, long lists and texts, files, the keyboard, and a calm layout."""

import time

from test_page import PageCase

SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def lines(count, text="line"):
    return "\n".join(f"{text} {n}" for n in range(count)) + "\n"


class Hop(PageCase):
    def test_the_qr_code_is_of_the_address_and_has_words_for_who_can_not_see_it(self):
        laptop = self.device()
        key = laptop.make()
        laptop.page.wait_for_function("() => qr.naturalWidth > 0 && !qr.hidden")
        self.assertTrue(laptop.page.get_attribute("#qr", "src").endswith(f"/{key}/qr.svg"))
        self.assertEqual(laptop.page.get_attribute("#qr", "alt"), f"QR code of {self.server.url}/{key}")

    def test_an_unknown_key_is_not_asked_for_its_picture(self):
        laptop = self.device()
        asked = []
        laptop.page.on("request", lambda request: asked.append(request.url))
        laptop.open("no such thing here")
        laptop.page.wait_for_selector("#unknown:not([hidden])")
        self.assertEqual([url for url in asked if "qr.svg" in url], [])

    def test_sharing_hands_over_the_address_where_the_device_can(self):
        phone = self.device(phone=True)
        phone.context.add_init_script("navigator.share = async (what) => { window.shared = what }")
        key = phone.make()
        phone.page.click("#share")
        self.assertEqual(phone.page.evaluate("shared.url"), f"{self.server.url}/{key}")

    def test_pastes_used_lately_are_listed_on_this_device_until_it_forgets(self):
        laptop, phone, key = self.pair()
        laptop.page.goto(self.server.url + "/")
        laptop.page.wait_for_selector("#recent:not([hidden])")
        self.assertEqual(laptop.page.inner_text("#recent-list a"), key)
        laptop.page.click("#recent-list a")
        laptop.wait_ready()
        laptop.open(laptop.page.inner_text("#code"))
        laptop.wait_ready()
        laptop.page.goto(self.server.url + "/")
        laptop.page.wait_for_selector("#recent:not([hidden])")
        self.assertEqual(laptop.page.locator("#recent-list a").count(), 1, "one paste, by its words and by its code")
        laptop.page.click("#recent-clear")
        self.assertFalse(laptop.page.is_visible("#recent"))
        laptop.page.reload()
        laptop.wait_ready()
        self.assertFalse(laptop.page.is_visible("#recent"))

    def test_a_paste_that_ended_is_no_longer_listed(self):
        laptop = self.device()
        laptop.make(life=2_000)
        laptop.page.wait_for_selector("#ended:not([hidden])")
        laptop.page.goto(self.server.url + "/")
        laptop.wait_ready()
        self.assertFalse(laptop.page.is_visible("#recent"))


class Calm(PageCase):
    def test_nothing_moves_when_the_snapshot_arrives(self):
        laptop, phone, key = self.pair()
        laptop.keep("first\nsecond")
        laptop.drop("long.txt", lines(400).encode())
        laptop.wait_items(2)
        laptop.page.fill("#box", "on the pad")
        for options in ({}, {"phone": True}, {"viewport": {"width": 320, "height": 640}}):
            device = self.device(**options)
            device.context.add_init_script(SHIFTS)
            device.page.goto(f"{self.server.url}/{key}")
            device.wait_items(2)
            device.page.wait_for_function("() => !qr.hidden")
            device.page.wait_for_timeout(300)
            self.assertLess(device.page.evaluate("shift"), 0.01, options)

    def test_the_key_is_shown_before_the_server_answers(self):
        laptop = self.device()
        laptop.page.route_web_socket("**/live", lambda socket: None)
        laptop.page.goto(f"{self.server.url}/maple-otter-cabin")
        laptop.page.wait_for_selector("#words:has-text('otter')")
        self.assertEqual(laptop.page.inner_text("#words").replace("\n", ""), "maple-otter-cabin")
        self.assertEqual(laptop.standing(), "Connecting")
        self.assertTrue(laptop.page.is_visible("#loading"))

    def test_a_state_that_lasts_is_told_to_a_screen_reader_once(self):
        laptop, phone, _ = self.pair()
        laptop.expects_outage = True
        laptop.page.wait_for_function("() => spoken.textContent === 'Live'")
        laptop.context.set_offline(True)
        laptop.page.wait_for_function("() => spoken.textContent.startsWith('Offline')")
        laptop.page.fill("#box", "more and more")
        time.sleep(0.3)
        self.assertNotIn("not sent", laptop.page.inner_text("#spoken"))
        laptop.context.set_offline(False)
        laptop.page.wait_for_function("() => spoken.textContent === 'Live'")


class Reading(PageCase):
    def test_a_text_of_20000_lines_is_shown_in_parts_and_copied_by_hand_exactly(self):
        laptop, phone, _ = self.pair()
        text = lines(20_000)
        laptop.drop("big.log", text.encode())
        phone.wait_items(1)
        took = phone.page.evaluate("""() => new Promise((done) => {
            const start = performance.now();
            document.querySelector("#items .whole").click();
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
        })""")
        print(f"20,000 lines in {took:.0f} ms ... ", end="", flush=True)
        self.assertEqual(phone.texts(), [text])
        self.assertEqual(phone.page.locator("#items .part").count(), 100)
        self.assertLess(took, 1_000)
        selected = phone.page.evaluate("""() => {
            const selection = getSelection();
            selection.setBaseAndExtent(document.querySelectorAll("#items .part")[0].firstChild, 0,
                document.querySelectorAll("#items .part")[1].firstChild, 7);
            const data = new DataTransfer();
            document.querySelector("#items .text").dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
            return data.getData("text/plain");
        }""")
        self.assertEqual(selected, lines(200) + "line 20")

    def test_web_addresses_are_links_and_nothing_else_is(self):
        laptop, phone, _ = self.pair()
        text = ("see https://example.org/a?b=c#d, (http://example.net/x_(y)) and <https://example.com/>. "
                "javascript:alert(1) data:text/html,x ftp://example.org https:// http://[bad https://e.example/\u202egpj.exe")
        laptop.keep(text)
        phone.wait_text(text)
        links = phone.page.eval_on_selector_all("#items .text a", "list => list.map((a) => [a.textContent, a.getAttribute('href'), a.rel])")
        addresses = ["https://example.org/a?b=c#d", "http://example.net/x_(y)", "https://example.com/", "https://e.example/"]
        self.assertEqual([link[:2] for link in links], [[each, each] for each in addresses])
        self.assertEqual({link[2] for link in links}, {"noopener noreferrer"})

    def test_an_address_that_the_beginning_cuts_is_no_link_until_it_is_whole(self):
        laptop, _, _ = self.pair()
        address = "https://example.org/" + "a" * 50
        laptop.drop("note.txt", ("x" * 3_970 + " " + address).encode())
        laptop.wait_items(1)
        self.assertEqual(laptop.page.locator("#items .text a").count(), 0)
        laptop.page.click("#items .whole")
        self.assertEqual(laptop.page.get_attribute("#items .text a", "href"), address)

    def test_lines_wrap_or_not_as_chosen_on_this_device(self):
        laptop, _, _ = self.pair()
        laptop.keep("long " * 200)
        laptop.wait_items(1)
        height = "() => document.querySelector('#items .text').getBoundingClientRect().height"
        wrapped = laptop.page.evaluate(height)
        laptop.page.click("#wrap")
        self.assertLess(laptop.page.evaluate(height), wrapped / 2)
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        self.assertLessEqual(laptop.page.evaluate(overflow), 0, "the line scrolls, not the page")
        laptop.page.reload()
        laptop.wait_ready()
        self.assertEqual(laptop.page.get_attribute("#wrap", "aria-pressed"), "false")

    def test_a_download_and_the_raw_text_are_the_exact_bytes(self):
        laptop, _, key = self.pair()
        content = "a\r\nb\tß \U0001f95a".encode()
        laptop.drop("note.txt", content)
        laptop.wait_items(1)
        with laptop.page.expect_download() as download:
            laptop.page.click("#items [data-do=download]")
        self.assertEqual(download.value.suggested_filename, "pasted-1.txt")
        with open(download.value.path(), "rb") as file:
            self.assertEqual(file.read(), content)
        address = laptop.page.get_attribute("#items [data-do=raw]", "href")
        self.assertEqual(address, f"/{key}/items/1")
        self.assertEqual(laptop.context.request.get(self.server.url + address).body(), content)


class PuttingIn(PageCase):
    def test_several_files_are_items_and_what_is_no_text_is_named_until_closed(self):
        laptop, phone, _ = self.pair()
        laptop.page.set_input_files("#file", [
            {"name": "one.txt", "mimeType": "text/plain", "buffer": b"one"},
            {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0"},
            {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""},
            {"name": "two.txt", "mimeType": "text/plain", "buffer": b"two"},
        ])
        phone.wait_items(2)
        self.assertEqual(phone.texts(), ["two", "one"])
        laptop.page.wait_for_function("() => document.getElementById('intake-text').textContent === '2 files kept, 2 not.'")
        problems = laptop.page.inner_text("#intake-problems")
        self.assertIn("photo.jpg is not UTF-8 text", problems)
        self.assertIn("empty.txt is empty", problems)
        laptop.keep("three")
        laptop.page.wait_for_function("() => document.getElementById('toast').textContent === 'Kept.'")
        laptop.page.focus("#intake-close")
        laptop.page.keyboard.press("Enter")
        self.assertFalse(laptop.page.is_visible("#intake"))
        self.assertEqual(laptop.page.evaluate("document.activeElement.id"), "main")

    def test_files_on_their_way_show_how_far_they_are(self):
        laptop, phone, _ = self.pair()
        laptop.expects_outage = True
        laptop.context.set_offline(True)
        laptop.wait_standing("trouble")
        laptop.page.set_input_files("#file", [
            {"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"%d" % n} for n in range(3)])
        laptop.page.wait_for_function("() => document.getElementById('intake-text').textContent === '0 of 3 files kept…'")
        laptop.page.wait_for_selector("#intake-bar", state="visible")
        laptop.context.set_offline(False)
        phone.wait_items(3)
        laptop.page.wait_for_function("() => document.getElementById('intake-text').textContent === '3 files kept.'")
        laptop.page.wait_for_selector("#intake", state="hidden")

    def test_closing_what_tells_of_files_while_they_are_read_forgets_none_of_them(self):
        laptop, phone, _ = self.pair()
        laptop.page.evaluate(
            """async () => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array([255])], "bad.txt"));
                for (let n = 0; n < 120; n += 1) transfer.items.add(new File([`${n}`], `${n}.txt`));
                const input = document.getElementById("file");
                input.files = transfer.files;
                input.dispatchEvent(new Event("change"));
                while (document.getElementById("intake").hidden) await new Promise(requestAnimationFrame);
                document.getElementById("intake-close").click();
            }""")
        phone.wait_items(120)
        laptop.page.wait_for_function("() => !document.getElementById('outgoing').children.length")
        self.assertFalse(laptop.page.is_visible("#intake"))
        laptop.page.set_input_files("#file", [
            {"name": "good.txt", "mimeType": "text/plain", "buffer": b"good"},
            {"name": "bad.txt", "mimeType": "text/plain", "buffer": b"\xff"}])
        laptop.page.wait_for_function("() => document.getElementById('intake-text').textContent === '1 file kept, 1 not.'")

    def test_a_removal_that_waits_happens_when_the_page_goes_away(self):
        laptop, phone, _ = self.pair()
        laptop.keep("secret")
        phone.wait_items(1)
        phone.page.click("#items [data-do=remove]")
        phone.page.goto("about:blank")
        phone.page.goto(laptop.page.url)
        laptop.wait_items(0)


class Full(PageCase):
    options = ("--items", "1")

    def test_files_that_the_paste_takes_no_more_are_not_told_as_kept(self):
        laptop, phone, _ = self.pair()
        laptop.page.set_input_files("#file", [
            {"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"%d" % n} for n in range(3)])
        phone.wait_items(1)
        laptop.page.wait_for_function("() => document.getElementById('intake-text').textContent === '1 file kept, 2 not.'")
        self.assertEqual(laptop.page.locator("#outgoing li").count(), 2)


class Keys(PageCase):
    def focused(self, device):
        return device.page.evaluate("[document.activeElement.closest('li')?.dataset.item, document.activeElement.dataset.do ?? document.activeElement.id]")

    def test_what_is_typed_into_an_item_that_goes_away_is_no_command_for_another(self):
        laptop, phone, _ = self.pair()
        for text in ("one", "two"):
            laptop.keep(text)
        phone.wait_items(2)
        laptop.page.click("[data-item='1'] [data-do=edit]")
        laptop.page.keyboard.type("typed")
        phone.page.click("[data-item='1'] [data-do=remove]")
        phone.page.goto("about:blank")  # and does not take it back
        laptop.wait_items(1)
        self.assertEqual(self.focused(laptop), [None, "main"])
        laptop.page.keyboard.type("xerd")
        self.assertEqual(laptop.page.locator("#items .gone, #items textarea").count(), 0)
        self.assertEqual(laptop.texts(), ["two"])

    def test_the_focus_of_an_item_that_goes_away_passes_to_its_neighbour_and_at_last_to_the_pad(self):
        laptop, phone, _ = self.pair()
        for text in ("one", "two", "three"):
            laptop.keep(text)
        phone.wait_items(3)
        laptop.page.click("[data-item='2'] [data-do=remove]")
        self.assertEqual(self.focused(laptop), ["2", "stay"])  # and waits for who has the focus there
        laptop.page.focus("[data-item='3'] [data-do=copy]")
        for item, focus in (("3", ["2", "stay"]), ("2", ["1", "copy"]), ("1", [None, "box"])):
            phone.page.click(f"[data-item='{item}'] [data-do=remove]")
            phone.page.reload()  # and does not take it back
            laptop.page.wait_for_selector(f"[data-item='{item}']", state="detached")
            self.assertEqual(self.focused(laptop), focus)
            phone.wait_ready()

    def test_files_are_asked_for_only_where_a_paste_takes_them(self):
        laptop = self.device()
        laptop.page.goto(self.server.url)
        count = "() => { window.asked = 0; file.addEventListener('click', (event) => { asked += 1; event.preventDefault(); }); }"
        for asked in (0, 1):
            laptop.wait_ready()
            laptop.page.evaluate(count)
            laptop.page.evaluate("document.activeElement.blur()")
            laptop.page.keyboard.press("f")
            self.assertEqual(laptop.page.evaluate("asked"), asked)
            laptop.make()

    def test_the_keys_do_what_the_list_tells(self):
        laptop, phone, _ = self.pair()
        for text in ("one", "two", "three"):
            laptop.keep(text)
        laptop.wait_items(3)
        keyboard = laptop.page.keyboard
        keyboard.press("Escape")
        keyboard.press("?")
        laptop.page.wait_for_selector("#keys[open]")
        self.assertIn("Keep the pad", laptop.page.inner_text("#keys-list"))
        laptop.screenshot("keys-desktop-light")
        keyboard.press("Escape")
        keyboard.press("j")
        self.assertEqual(self.focused(laptop), ["3", "copy"])
        keyboard.press("j")
        keyboard.press("c")
        laptop.page.wait_for_function("() => document.getElementById('toast').textContent === 'Copied 1 line.'")
        self.assertEqual(laptop.page.evaluate("navigator.clipboard.readText()"), "two")
        keyboard.press("e")
        self.assertEqual(laptop.page.evaluate("document.activeElement.tagName"), "TEXTAREA")
        keyboard.type("j")
        phone.wait_text("jtwo")
        keyboard.press("Escape")
        self.assertEqual(self.focused(laptop), ["2", "edit"])
        keyboard.press("x")
        self.assertEqual(self.focused(laptop), ["2", "stay"])
        keyboard.press("z")
        self.assertEqual(self.focused(laptop), ["2", "remove"])
        keyboard.press("w")
        self.assertEqual(laptop.page.get_attribute("#wrap", "aria-pressed"), "false")
        keyboard.press("p")
        self.assertEqual(self.focused(laptop), [None, "box"])
        keyboard.type("?x")
        self.assertEqual(laptop.page.input_value("#box"), "?x")
        self.assertEqual(len(phone.texts()), 3)

    def test_single_keys_can_be_switched_off(self):
        laptop = self.device()
        laptop.make()
        laptop.page.click("#keys-button")
        laptop.page.uncheck("#keys-on")
        laptop.page.keyboard.press("Escape")
        laptop.page.reload()
        laptop.wait_ready()
        laptop.page.keyboard.press("?")
        self.assertFalse(laptop.page.is_visible("#keys"))

    def test_tab_reaches_the_end_and_every_target_is_large_enough(self):
        for options in ({}, {"viewport": {"width": 320, "height": 640}}):
            laptop = self.device(**options)
            laptop.make()
            laptop.keep("x" * 2_000 + " https://example.org/")
            laptop.wait_items(1)
            small = laptop.page.evaluate("""() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea")]
                .filter((node) => node.checkVisibility() && !node.matches(".visually-hidden, .skip, pre a"))
                .map((node) => [node.id || node.dataset.do || node.className, node.getBoundingClientRect()])
                .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)""")
            self.assertEqual(small, [])
            over = laptop.page.evaluate("""() => [...document.querySelectorAll("#items .actions > *")]
                .filter((node) => node.getBoundingClientRect().right > node.closest("li").getBoundingClientRect().right).length""")
            self.assertEqual(over, 0, "no button is cut off")
            seen = []
            laptop.page.reload()
            laptop.wait_items(1)
            for _ in range(40):
                laptop.page.keyboard.press("Tab")
                seen.append(self.focused(laptop)[1])
                if seen[-1] == "remove":
                    break
            self.assertIn("box", seen)
            self.assertEqual(seen[-1], "remove", seen)


class Many(PageCase):
    options = ["--appends-per-second", "10000"]

    def test_3000_items_do_not_hold_up_the_page(self):
        laptop = self.device()
        key = laptop.make()
        laptop.page.set_default_timeout(120_000)
        laptop.page.evaluate("""async (count) => {
            const socket = new WebSocket(location.origin.replace("http", "ws") + "/live", "pasted.v1");
            await new Promise((done) => { socket.onopen = done; });
            let [sent, taken] = [0, 0];
            socket.send(JSON.stringify({ type: "hello", client: "0123456789abcdef0123456789abcdef" }));
            await new Promise((done) => {
                const next = () => {
                    while (sent < count && sent - taken < 16) {
                        sent += 1;
                        socket.send(JSON.stringify({ type: "append", ref: sent, paste: location.pathname.slice(1), text: `item ${sent}\\nof many https://example.org/${sent}` }));
                    }
                };
                socket.onmessage = ({ data }) => {
                    const message = JSON.parse(data);
                    if (message.type === "ack" && (taken += 1) === count) done();
                    else if (message.type === "error") throw new Error(data);
                    next();
                };
                next();
            });
        }""", 3_000)
        phone = self.device(phone=True)
        phone.page.set_default_timeout(120_000)
        phone.context.add_init_script("""
            [window.longest, window.most] = [0, 0];
            addEventListener("DOMContentLoaded", () => new MutationObserver((list) => {
                most = Math.max(most, list.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0));
            }).observe(items, { childList: true }));
            new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest = Math.max(longest, duration); })
                .observe({ type: "longtask", buffered: true });""")
        began = time.monotonic()
        phone.page.goto(f"{self.server.url}/{key}")
        phone.page.wait_for_function("() => document.querySelectorAll('#items > li').length > 0")
        first = time.monotonic() - began
        phone.page.wait_for_function("() => document.querySelectorAll('#items > li').length === 3000")
        print(f"3,000 items: the first after {first * 1000:.0f} ms, all after {(time.monotonic() - began) * 1000:.0f} ms, "
              f"longest task {phone.page.evaluate('longest'):.0f} ms ... ", end="", flush=True)
        self.assertLess(phone.page.evaluate("most"), 1_500, "rows made in one go")
        self.assertEqual(phone.texts()[0], "item 3000\nof many https://example.org/3000")
