"""WCAG 2.2 AA as far as a program can judge it: axe-core finds nothing on any state of the page, in either theme."""

import importlib.resources

from test_page import PageCase

AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Accessibility(PageCase):
    """Each test is one state; it is looked at on both devices and in both themes."""

    def each_look(self):
        for phone in (False, True):
            for theme in ("light", "dark"):
                # Half-faded colours are not what a person reads.
                device = self.device(phone=phone, color_scheme=theme, reduced_motion="reduce")
                device.look = f"{'phone' if phone else 'desktop'}, {theme}"
                yield device

    def check(self, device):
        device.page.evaluate(AXE)
        result = device.page.evaluate(
            "(tags) => axe.run({ runOnly: { type: 'tag', values: tags } })", RULES)
        found = [f"{rule['id']}: {node['target']} {node['failureSummary']}"
                 for rule in result["violations"] for node in rule["nodes"]]
        self.assertEqual(found, [], device.look)
        self.assertGreater(len(result["passes"]), 10, "axe looked at something")

    def test_the_front_page(self):
        for device in self.each_look():
            device.make()
            device.page.goto(self.server.url + "/")
            device.page.wait_for_selector("#recent:not([hidden])")
            self.check(device)

    def test_an_empty_paste_and_its_menu(self):
        for device in self.each_look():
            device.make()
            self.check(device)
            device.page.click("#change summary")
            self.check(device)

    def test_items_one_of_them_long_and_one_being_edited(self):
        for device in self.each_look():
            device.make()
            device.keep("https://example.org/ and a word")
            device.keep("\n".join(f"line {n}" for n in range(300)))
            device.wait_items(2)
            device.page.fill("#box", "on the pad")
            self.check(device)
            device.page.locator("#items > li [data-do=edit]").last.click()
            device.page.wait_for_selector("#items textarea")
            self.check(device)

    def test_the_list_of_keys(self):
        for device in self.each_look():
            device.make()
            device.page.evaluate("document.activeElement.blur()")
            device.page.keyboard.press("?")
            device.page.wait_for_selector("dialog[open]")
            self.check(device)

    def test_a_file_that_is_no_text(self):
        for device in self.each_look():
            device.make()
            device.drop("picture.png", b"\x89PNG\xff\xfe")
            device.page.wait_for_selector("#intake:not([hidden])")
            self.check(device)

    def test_a_server_that_is_away_and_a_text_that_waits(self):
        for device in self.each_look():
            device.make()
            device.expects_outage = True
            self.server.kill()
            device.wait_standing("waiting")
            device.keep("later")
            device.page.wait_for_selector("#outgoing li")
            self.check(device)
            self.server.start()
            device.wait_items(1)

    def test_a_key_that_opens_nothing(self):
        for device in self.each_look():
            device.open("maple otter cabin")
            device.page.wait_for_selector("#unknown:not([hidden])")
            self.check(device)

    def test_a_paste_that_is_over(self):
        for device in self.each_look():
            device.make(life=1_500)
            device.keep("still here")
            device.page.wait_for_selector("#ended:not([hidden])")
            self.check(device)

    def test_a_page_without_javascript(self):
        for device in self.each_look():
            key = device.make()
            device.keep("readable")
            device.wait_items(1)
            device.page.goto(f"{self.server.url}/{key}/read")
            self.check(device)


class Focus(PageCase):
    def test_tab_reaches_every_control_and_comes_back_and_each_is_seen(self):
        laptop = self.device()
        laptop.make()
        laptop.keep("one")
        laptop.wait_items(1)
        page = laptop.page
        wanted = page.evaluate(
            "() => [...document.querySelectorAll('a[href], button, input, textarea, summary, select')]"
            ".filter((node) => node.checkVisibility() && !node.disabled && node.tabIndex >= 0).length")
        page.evaluate("document.activeElement.blur()")
        page.evaluate(
            "() => { window.calm = new Map([...document.querySelectorAll('.card')]"
            ".map((card) => [card, getComputedStyle(card).boxShadow])); }")
        seen = set()
        for _ in range(3 * wanted):
            page.keyboard.press("Tab")
            name, outline = page.evaluate(
                "() => { const node = document.activeElement; if (node === document.body) return ['', ''];"
                " let path = ''; for (let n = node; n && n.parentElement; n = n.parentElement)"
                " path = `/${[...n.parentElement.children].indexOf(n)}${path}`;"
                " const style = getComputedStyle(node); const around = node.closest('.card');"
                " const shown = [style.outlineStyle !== 'none' && style.outlineWidth, style.boxShadow,"
                " around && getComputedStyle(around).boxShadow !== calm.get(around) && 'glows'];"
                " const label = node.nextElementSibling; if (node.type === 'file') shown.push(getComputedStyle(label).outlineStyle);"
                " return [path, shown.some((one) => one && one !== 'none' && one !== '0px')]; }")
            if name in seen and name != "" and len(seen) >= wanted:
                break
            if name:
                seen.add(name)
                self.assertTrue(outline, f"focus is not seen at {name}")
        self.assertGreaterEqual(len(seen), wanted)
