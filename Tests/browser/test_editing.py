"""What one person finds while others type: the caret, undo, input methods, marks, items in place, and what a key permits."""

import json
import time

from test_live import LiveCase


class Editing(LiveCase):
    def test_the_caret_stays_where_it_stands_in_the_text(self):
        (first, second), _, _ = self.room(2)
        first.page.fill("#box", "one two three")
        self.wait_pad(second, "one two three")
        self.caret(second, 7)
        self.caret(first, 0)
        first.page.keyboard.type("zero ")
        self.wait_pad(second, "zero one two three")
        self.assertEqual(self.caret(second), [12, 12])
        second.page.keyboard.type("!")
        self.wait_pad(first, "zero one two! three")
        self.assertEqual(self.caret(first), [5, 5])
        first.page.evaluate("box.setSelectionRange(5, 13)")
        second.page.evaluate("box.setSelectionRange(0, 0)")
        second.page.keyboard.type("\U0001f95a")
        self.wait_pad(first, "\U0001f95azero one two! three")
        self.assertEqual(self.caret(first), [7, 15])

    def test_a_long_pad_does_not_scroll_away_under_the_reader(self):
        (first, second), _, _ = self.room(2)
        first.page.fill("#box", "\n".join(f"line {n}" for n in range(300)))
        second.page.wait_for_function("() => box.value.length > 2000")
        second.page.evaluate("box.focus(); box.setSelectionRange(1500, 1500); box.scrollTop = 3000")
        shown = second.page.evaluate("box.scrollTop")
        self.caret(first, 0)
        first.page.keyboard.type("above\n\n")
        second.page.wait_for_function("() => box.value.startsWith('above\\n\\n')")
        moved = second.page.evaluate("box.scrollTop") - shown
        line = second.page.evaluate("parseFloat(getComputedStyle(box).lineHeight)")
        self.assertAlmostEqual(moved, 2 * line, delta=2)

    def test_a_reader_elsewhere_than_the_caret_keeps_the_lines_in_sight(self):
        (first, second), _, _ = self.room(2)
        text = "\n".join(f"line {n}" for n in range(300))
        first.page.evaluate("box.focus()")
        first.paste_event(text, "#box")
        self.wait_pad(second, text)
        for focus in ("box.blur()", "box.focus(); box.setSelectionRange(box.value.length, box.value.length)",
                      "box.focus(); box.setSelectionRange(0, 0)"):
            with self.subTest(focus=focus):
                second.page.evaluate(f"{focus}; box.scrollTop = 3000")
                shown = second.page.evaluate("box.scrollTop")
                line = second.page.evaluate("parseFloat(getComputedStyle(box).lineHeight)")
                for at, growth in ((0, 2), (len(self.pad(first)), 0), (0, 2)):
                    before = self.pad(second)
                    self.caret(first, at)
                    first.page.keyboard.insert_text("more\n\n")
                    self.wait_pad(second, before[:at] + "more\n\n" + before[at:])
                    shown += growth * line
                    self.assertAlmostEqual(second.page.evaluate("box.scrollTop"), shown, delta=2)
        # Above and below in one change, as after an absence.
        second.page.evaluate("box.scrollTop = 3000")
        shown = second.page.evaluate("box.scrollTop")
        first.page.evaluate("""() => {
            for (const at of [box.value.length, 0]) {
                box.setSelectionRange(at, at);
                document.execCommand("insertText", false, "and\\n");
            }
        }""")
        second.page.wait_for_function("() => box.value.startsWith('and') && box.value.endsWith('and\\n')")
        self.assertAlmostEqual(second.page.evaluate("box.scrollTop") - shown, line, delta=2)

    def test_undo_takes_back_ones_own_typing_only(self):
        (first, second), _, _ = self.room(2)
        first.page.focus("#box")
        first.page.keyboard.type("mine")
        self.wait_pad(second, "mine")
        self.caret(second, 2)
        second.page.keyboard.type("THEIRS")
        self.wait_pad(first, "miTHEIRSne")
        first.page.keyboard.press("Control+z")
        self.wait_pad(second, "THEIRS")
        first.page.keyboard.press("Control+Shift+Z")
        self.wait_pad(second, "miTHEIRSne")
        first.page.click("#undo")
        self.wait_pad(second, "THEIRS")
        first.page.focus("#box")
        first.page.keyboard.press("Control+y")
        self.wait_pad(second, "miTHEIRSne")
        second.page.keyboard.press("Control+z")
        self.wait_pad(first, "mine")
        # A phone's gesture or a menu asks by `beforeinput` alone.
        ask = """kind => box.dispatchEvent(new InputEvent("beforeinput", { inputType: kind, cancelable: true, bubbles: true }))"""
        self.assertFalse(first.page.evaluate(ask, "historyUndo"), "the browser's own undo is kept from it")
        self.wait_pad(second, "")
        self.assertFalse(first.page.evaluate(ask, "historyRedo"))
        self.wait_pad(second, "mine")
        first.page.click("#keep")
        second.wait_items(1)
        first.page.keyboard.press("Control+z")
        first.page.wait_for_selector("#toast:has-text('Kept.')")
        self.assertEqual((self.pad(first), self.pad(second)), ("", ""), "a text that was kept is not typed any more")

    def test_others_wait_while_an_input_method_composes_and_nothing_is_dropped(self):
        (first, second), _, _ = self.room(2)
        first.page.fill("#box", "start ")
        self.wait_pad(second, "start ")
        ime = self.keyboard(first)
        first.page.focus("#box")
        ime.send("Input.imeSetComposition", {"text": "nihon", "selectionStart": 5, "selectionEnd": 5})
        self.wait_pad(second, "start nihon")
        self.caret(second, 0)
        second.page.keyboard.type("X")
        time.sleep(0.3)
        self.assertEqual(self.pad(first), "start nihon", "what others do waits")
        ime.send("Input.imeSetComposition", {"text": "日本", "selectionStart": 2, "selectionEnd": 2})
        self.wait_pad(second, "Xstart 日本")
        ime.send("Input.insertText", {"text": "日本"})
        self.wait_pad(first, "Xstart 日本")
        # A composition that nobody ends: patience does.
        ime.send("Input.imeSetComposition", {"text": "go", "selectionStart": 2, "selectionEnd": 2})
        second.page.keyboard.type("Y")
        self.wait_pad(first, "XYstart 日本go")
        self.assertEqual(self.wait_level([first, second]), "XYstart 日本go")

    def test_a_composition_that_begins_where_one_ends_is_not_disturbed_either(self):
        (first, second), _, _ = self.room(2)
        tell = "kinds => { for (const kind of kinds) box.dispatchEvent(new CompositionEvent(kind)) }"
        first.page.evaluate(tell, ["compositionstart"])
        second.page.focus("#box")
        second.page.keyboard.type("X")
        second.wait_ready()
        first.page.evaluate(tell, ["compositionend", "compositionstart"])
        second.page.keyboard.type("Y")
        time.sleep(0.3)
        self.assertEqual(self.pad(first), "", "the second composition is still under way")
        first.page.evaluate(tell, ["compositionend"])
        self.wait_pad(first, "XY")

    def test_a_paste_of_500000_characters_works(self):
        (first, second), _, _ = self.room(2)
        text = "".join(f"{n:06} some words on a line \U0001f95a\n" for n in range(15_700))
        started = time.monotonic()
        first.paste_event(text, "#box")
        second.page.wait_for_function("n => box.value.length === n", arg=len(text.encode("utf-16-le")) // 2)
        self.assertLess(time.monotonic() - started, 8)
        self.assertEqual(self.pad(second), text)
        self.caret(second, 3)
        second.page.keyboard.type("typed in it")
        first.page.wait_for_function("() => box.value.startsWith('000typed in it000')")
        self.wait_level([first, second])

    def test_what_selects_all_and_replaces_it_is_not_split_by_a_keep(self):
        (first, second), _, _ = self.room(2)
        first.page.fill("#box", "from the first")
        self.wait_pad(second, "from the first")
        second.page.evaluate("box.select()")
        second.page.keyboard.insert_text("from the second")
        self.wait_pad(first, "from the second")

    def test_over_the_limit_the_text_stays_and_goes_once_it_is_shorter(self):
        (first, second), _, _ = self.room(2)
        first.page.fill("#box", "x" * ((1 << 20) + 5))
        first.page.wait_for_function("() => note.textContent.includes('1 MiB') && note.classList.contains('problem')")
        time.sleep(0.3)
        self.assertEqual(self.pad(second), "")
        self.assertEqual(len(self.pad(first)), (1 << 20) + 5)
        first.page.evaluate("box.focus(); box.setSelectionRange(10, box.value.length)")
        first.page.keyboard.press("Delete")
        self.wait_pad(second, "x" * 10)


class Fresh(LiveCase):
    """What another device types is marked for a moment where it stands."""

    # The mark's text, and by how much it is off the place of the last line, to which a long box is scrolled.
    MARK = """(box) => {
        box.scrollTop = box.scrollHeight;
        const mark = [...box.parentElement.querySelectorAll("mark")].at(-1);
        if (!mark) return null;
        box.dispatchEvent(new Event("scroll"));
        const [padding, line] = ["paddingTop", "lineHeight"].map((name) => parseFloat(getComputedStyle(box)[name]));
        const height = box.scrollHeight > box.clientHeight ? box.clientHeight - padding : padding + line * box.value.split("\\n").length;
        const { top, bottom } = mark.getBoundingClientRect();
        return [mark.textContent, (top + bottom) / 2 - (box.getBoundingClientRect().top + 1 + height - line / 2)];
    }"""

    def watch(self, device, selector):
        """Keeps what is marked while it is."""
        device.page.evaluate(f"""selector => {{
            window.marked = [];
            const box = document.querySelector(selector);
            const look = {self.MARK};
            new MutationObserver(() => marked.push(look(box))).observe(box.parentElement, {{ childList: true, subtree: true }});
        }}""", selector)

    def pasted(self, device, text):
        device.page.evaluate("box.select()")
        device.paste_event(text, "#box")

    def assert_marked(self, device, text):
        device.page.wait_for_function("t => marked.some((each) => each?.[0] === t)", arg=text)
        off = device.page.evaluate("t => marked.find((each) => each?.[0] === t)[1]", text)
        self.assertLess(abs(off), 4, "pixels beside the line")
        device.page.wait_for_function("() => document.querySelector('.fresh') === null")

    def test_in_a_long_pad_as_in_a_short_one(self):
        (first, second), _, _ = self.room(2)
        for text in ("short\n", "".join(f"{n} some words, and more of them so that the line has to wrap " * 3 + "\n" for n in range(1_500))):
            self.pasted(first, text)
            self.wait_pad(second, text)
            second.page.wait_for_function("() => document.querySelector('.fresh') === null")
            self.watch(second, "#box")
            self.caret(first, len(text))
            first.page.keyboard.insert_text("fresh")
            self.wait_pad(second, text + "fresh")
            self.assert_marked(second, "fresh")

    def test_in_an_item_with_crlf(self):
        (first, second), _, _ = self.room(2)
        first.drop("note.txt", b"one\r\ntwo\r\nthree")
        second.wait_items(1)
        for device in (first, second):
            device.page.click("#items [data-do=edit]")
        self.watch(second, "#items textarea")
        first.page.press("#items textarea", "Control+End")
        first.page.keyboard.insert_text("fresh")
        self.assert_marked(second, "fresh")

    def test_where_the_text_moves_and_changes_the_mark_goes_with_it(self):
        (first, second), _, _ = self.room(2)
        text = "".join(f"line {n}\n" for n in range(3_000))
        self.pasted(first, text)
        self.wait_pad(second, text)
        second.page.wait_for_function("() => document.querySelector('.fresh') === null")
        self.watch(second, "#box")
        self.caret(first, len(text))
        first.page.keyboard.insert_text("fresh")
        second.page.wait_for_function("() => document.querySelector('mark')?.textContent === 'fresh'")
        self.caret(second, 20_000)
        second.page.keyboard.insert_text("two\nlines\n")
        layer = second.page.evaluate("[...document.querySelectorAll('.fresh > div > div')].map((n) => n.textContent).join('')")
        self.assertEqual(layer, text[:20_000] + "two\nlines\n" + text[20_000:] + "fresh")
        self.assert_marked(second, "fresh")


class Viewing(LiveCase):
    """A key that permits less than everything: the page offers what may be sent, and no more."""

    SHOWN = "() => [...document.querySelectorAll('#paste button, #file-choice, #change')].filter((n) => n.checkVisibility()).map((n) => n.dataset.do || n.id)"

    def viewer(self, key, verbs):
        device = self.device()

        def rewrite(route):
            server = route.connect_to_server()
            server.on_message(lambda text: route.send(
                json.dumps({**json.loads(text), "can": verbs}) if '"type":"snapshot"' in text else text))

        device.page.route_web_socket("**/live", rewrite)
        device.page.goto(f"{self.server.url}/{key}")
        device.wait_ready()
        device.wait_items(1)
        return device

    def test_without_any_verb_the_pad_is_read_only_and_follows(self):
        (first,), key, _ = self.room(1)
        first.keep("kept")
        first.wait_items(1)
        first.page.fill("#box", "on the pad")
        viewer = self.viewer(key, [])
        self.wait_pad(viewer, "on the pad")
        self.assertEqual(viewer.page.evaluate(self.SHOWN), ["copy-link", "wrap", "copy", "download"])
        viewer.page.focus("#box")
        viewer.page.keyboard.type("not mine to write")
        viewer.page.keyboard.press("Control+Enter")
        viewer.page.keyboard.press("Control+z")
        viewer.paste_event("nor this", "body")
        viewer.drop("nor.txt", b"nor this")
        first.page.evaluate("box.focus(); box.setSelectionRange(0, 0)")
        first.page.keyboard.type("live ")
        self.wait_pad(viewer, "live on the pad")
        self.assertEqual((viewer.texts(), viewer.standing()), (["kept"], "Live"))
        self.assertTrue(viewer.page.is_visible("#reading"))
        viewer.screenshot("reading")

    def test_each_verb_has_its_buttons(self):
        (first,), key, _ = self.room(1)
        first.keep("kept")
        first.wait_items(1)
        for verbs, shown in [
            (["append"], ["copy-link", "file-choice", "wrap", "copy", "download"]),
            (["edit"], ["copy-link", "undo", "redo", "wrap", "copy", "edit", "download"]),
            (["edit", "keep"], ["copy-link", "undo", "redo", "keep", "wrap", "copy", "edit", "download"]),
            (["remove"], ["copy-link", "wrap", "copy", "download", "remove"]),
            (["extend"], ["copy-link", "change", "wrap", "copy", "download"]),
            (["delete"], ["copy-link", "change", "wrap", "copy", "download"]),
        ]:
            with self.subTest(verbs=verbs):
                viewer = self.viewer(key, verbs)
                self.assertEqual(viewer.page.evaluate(self.SHOWN), shown)
                if "change" in shown:
                    viewer.page.click("#change summary")
                    inside = viewer.page.evaluate("[...document.querySelectorAll('.menu button')].filter((n) => n.checkVisibility()).length")
                    self.assertEqual(inside, 4 if verbs == ["extend"] else 1)


class Items(LiveCase):
    def edit(self, device, index=0):
        row = device.page.locator("#items > li").nth(index)
        row.locator("[data-do=edit]").click()
        return row.locator("textarea")

    def test_an_item_is_edited_in_place_by_two_at_once(self):
        (first, second), _, _ = self.room(2)
        first.drop("note.txt", b"one\r\ntwo")
        second.wait_items(1)
        boxes = [self.edit(device) for device in (first, second)]
        boxes[0].press("End")
        first.page.keyboard.type("!")
        second.page.wait_for_function("() => document.querySelector('#items textarea').value === 'one!\\ntwo'")
        boxes[1].press("Control+End")
        second.page.keyboard.type("\nthree")
        for device in (first, second):
            device.page.wait_for_function("() => document.querySelector('#items textarea').value === 'one!\\ntwo\\nthree'")
        for device in (first, second):
            device.page.click("#items [data-do=edit]")
            self.assertEqual(device.page.locator("#items textarea").count(), 0)
        self.assertEqual(first.copy(), "one!\r\ntwo\r\nthree")

    def test_what_was_typed_into_an_item_that_another_removes_is_offered(self):
        (first, second), _, _ = self.room(2)
        first.keep("precious")
        second.wait_items(1)
        self.edit(first)
        first.page.keyboard.press("End")
        first.page.keyboard.type(" words")
        second.wait_text("precious words")
        remove = second.page.locator("#items [data-do=remove]")
        remove.click()
        second.page.evaluate("dispatchEvent(new Event('pagehide'))")  # who leaves wants it gone
        first.wait_items(0)
        first.page.wait_for_selector("#outgoing li.returned")
        self.assertEqual(first.page.inner_text("#outgoing .text"), "precious words")
        first.page.click("#outgoing [data-do=again]")
        second.wait_text("precious words")
