"""A browser without JavaScript reads what others keep, and keeps something itself."""

import unittest

from test_page import HOSTILE, PageCase


class Plain(PageCase):
    def follow(self, page, selector):
        """Presses what leads to another page, and waits for that."""
        with page.expect_navigation():
            page.click(selector)

    def test_without_javascript_items_are_readable_and_a_form_appends(self):
        plain = self.device(java_script_enabled=False).page
        plain.goto(self.server.url + "/")
        self.follow(plain, 'a[href="?read"]')
        plain.fill("#text", "typed\nin lines\n")
        self.follow(plain, "text=Make it")
        self.assertRegex(plain.url, r"/[a-z]+-[a-z]+-[a-z]+/read$")
        words = plain.inner_text("h1")
        self.assertEqual(plain.locator("pre").all_text_contents(), ["typed\nin lines\n"])
        # The page with JavaScript shows it, and what it keeps is readable without.
        laptop = self.device().page
        laptop.goto(f"{self.server.url}/{words}")
        laptop.wait_for_selector("text=in lines")
        for number, text in enumerate(HOSTILE):
            laptop.fill("#box", text)
            laptop.click("#keep")
            laptop.wait_for_function("count => document.querySelectorAll('#items > li').length === count", arg=number + 2)
        self.follow(plain, "text=look again")
        self.assertEqual(plain.locator("pre").all_text_contents(), HOSTILE[::-1] + ["typed\nin lines\n"])
        self.assertEqual(plain.title(), f"{words} - Pasted")
        plain.fill("#text", "and more")
        self.follow(plain, "text=Keep")
        self.assertEqual(plain.locator("pre").first.text_content(), "and more")
        laptop.wait_for_selector("text=and more")
        # An item's address is its exact text.
        address = plain.get_attribute("text=Item 1 >> nth=-1", "href")
        self.assertEqual(plain.request.get(self.server.url + address).text(), "typed\nin lines\n")

    def test_a_long_line_does_not_widen_a_phone(self):
        laptop = self.device()
        key = laptop.make()
        laptop.keep("word " * 80 + "x" * 400)
        laptop.wait_items(1)
        phone = self.device(phone=True, java_script_enabled=False).page
        phone.goto(f"{self.server.url}/{key}/read")
        text, screen = phone.locator("pre").bounding_box(), phone.viewport_size
        self.assertLess(text["x"] + text["width"], screen["width"])
        self.assertGreater(text["height"], 10 * 20, "it goes over many lines")

    def test_a_key_opens_by_the_form_in_any_spelling(self):
        laptop = self.device().page
        laptop.goto(self.server.url + "/")
        laptop.click("#make-button")
        laptop.wait_for_selector("#words:not(:empty)")
        words = laptop.inner_text("#words")
        plain = self.device(java_script_enabled=False).page
        plain.goto(self.server.url + "/?read")
        plain.fill("#key", words.replace("-", " ").upper())
        self.follow(plain, "text=Open")
        self.assertEqual(plain.inner_text("h1"), words.replace("\n", ""))
        plain.goto(f"{self.server.url}/{words.replace(' ', '-')}")
        self.follow(plain, 'a[href="?read"]')
        self.assertIn("0 items", plain.inner_text("main"))


if __name__ == "__main__":
    unittest.main()
