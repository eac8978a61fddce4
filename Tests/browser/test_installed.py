"""The page as an installed app: it opens without a network, in one version, and takes what other apps share."""

import base64
import json
import pathlib
import shutil
import tempfile
import urllib.request

import harness
from test_page import PageCase

CACHED = """
async () => {
    const names = await caches.keys();
    const files = [];
    for (const name of names) for (const request of await (await caches.open(name)).keys()) {
        files.push([new URL(request.url).pathname, await (await caches.match(request)).text()]);
    }
    return [names, files];
}
"""


class InstalledCase(PageCase):
    def kept(self, device):
        """Waits until the device has the whole page."""
        device.page.evaluate("() => navigator.serviceWorker.ready.then(() => {})")

    def share(self, device, text="", files=()):
        """What a phone does when a person shares into the app: a form of many parts to `/share`."""
        device.page.evaluate(
            """([text, files]) => {
                const form = Object.assign(document.createElement("form"),
                    { method: "post", action: "/share", enctype: "multipart/form-data" });
                const field = Object.assign(document.createElement("input"), { name: "text", value: text });
                const input = Object.assign(document.createElement("input"), { name: "files", type: "file", multiple: true });
                const transfer = new DataTransfer();
                for (const [name, content] of files) transfer.items.add(new File([content], name, { type: "text/plain" }));
                input.files = transfer.files;
                form.append(field, input);
                document.body.append(form);
                form.submit();
            }""", [text, list(files)])


class Offline(InstalledCase):
    def test_the_page_opens_without_a_server_and_sends_later_and_once_what_was_put_in(self):
        phone = self.device(phone=True)
        key = phone.make()
        self.kept(phone)
        phone.expects_outage = True
        self.server.kill()
        phone.page.reload()
        phone.wait_standing("waiting")
        self.assertEqual(phone.page.inner_text("#words").replace("\n", ""), key)
        phone.keep("from the train\r\n")
        phone.page.wait_for_selector("#outgoing li")
        phone.page.reload()  # and the tab was closed meanwhile
        phone.page.wait_for_selector("#outgoing li")
        self.server.start()
        phone.wait_items(1)
        self.assertEqual(phone.texts(), ["from the train\n"])  # the box has lines as browsers have them
        phone.page.reload()
        phone.wait_ready()
        phone.keep("a later one")
        phone.wait_items(2)
        self.assertEqual(phone.texts(), ["a later one", "from the train\n"])

    def test_the_page_that_needs_no_script_is_the_servers_all_the_same(self):
        laptop = self.device()
        key = laptop.make()
        self.kept(laptop)
        laptop.page.goto(f"{self.server.url}/{key}?read")
        self.assertEqual(laptop.page.locator("#box").count(), 0)
        self.assertIn(key, laptop.page.inner_text("body"))

    def test_nothing_of_a_paste_is_kept_with_the_page(self):
        laptop = self.device()
        key = laptop.make()
        laptop.keep("a secret word")
        laptop.wait_items(1)
        self.kept(laptop)
        laptop.page.reload()
        laptop.wait_items(1)
        names, files = laptop.page.evaluate(CACHED)
        self.assertEqual(len(names), 1)
        self.assertIn("/", [path for path, _ in files])
        for path, text in files:
            self.assertNotIn("secret word", text, path)
            self.assertNotIn(key, path + text)


    def test_a_reload_waits_for_a_newer_version_only_for_a_while(self):
        laptop = self.device()
        laptop.make()
        self.kept(laptop)
        laptop.page.evaluate("() => { ServiceWorkerRegistration.prototype.update = () => new Promise(() => {}); }")
        with laptop.page.expect_navigation():
            laptop.page.evaluate("document.getElementById('reload').click()")
        laptop.wait_ready()


class Versions(InstalledCase):
    def setUp(self):
        super().setUp()
        self.site = tempfile.mkdtemp(prefix="pasted-site-")
        self.addCleanup(shutil.rmtree, self.site)
        shutil.copytree(harness.ROOT / harness.SITE, self.site, dirs_exist_ok=True)
        self.server.close()
        self.server = harness.Server(options=("--site", self.site))
        self.addCleanup(self.server.close)

    def change(self):
        """Another version of each file that the page loads."""
        for name in ("js/main.js", "style.css"):
            path = pathlib.Path(self.site) / name
            path.write_text(path.read_text() + "\n/* another */\n")

    def restart_changed(self, device):
        """Another version on the server; returns what becomes of the worker that comes with it."""
        device.page.evaluate(
            """async () => {
                const registration = await navigator.serviceWorker.getRegistration();
                window.fate = new Promise((decided) => registration.addEventListener("updatefound", () => {
                    const worker = registration.installing;
                    const tell = () => ["activated", "redundant"].includes(worker.state) && decided(worker.state);
                    worker.addEventListener("statechange", tell);
                    tell();
                }));
            }""")
        device.expects_outage = True
        self.server.kill()
        self.change()
        self.server.start()
        device.wait_ready()
        return device.page.evaluate(
            """() => {
                navigator.serviceWorker.getRegistration().then((one) => one.update()).catch(() => {});
                return Promise.race([fate, new Promise((late) => setTimeout(late, 10_000, "nothing came"))]);
            }""")

    def versions(self, device):
        return {path.split("/")[1] for path in device.page.evaluate(harness.LOADED) if path.startswith("/~")}

    def test_a_new_version_replaces_all_of_the_old_one_and_never_a_part_of_it(self):
        laptop = self.device()
        laptop.make()
        self.kept(laptop)
        first = self.versions(laptop)
        self.assertEqual(len(first), 1)
        self.assertEqual(self.restart_changed(laptop), "activated")
        self.assertEqual(self.versions(laptop), first, "of the page that is open")
        for _ in range(2):
            laptop.page.reload()
            laptop.wait_ready()
            versions = self.versions(laptop)
            self.assertEqual(len(versions), 1, versions)
            self.assertNotEqual(versions, first)

    def test_a_version_that_can_not_be_had_whole_is_not_taken(self):
        laptop = self.device()
        laptop.make()
        self.kept(laptop)
        before, _ = laptop.page.evaluate(CACHED)
        laptop.context.route("**/~*/style.css", lambda route: route.fulfill(body="p { color: red }", content_type="text/css"))
        self.assertEqual(self.restart_changed(laptop), "redundant")
        names, _ = laptop.page.evaluate(CACHED)
        self.assertEqual(names, before)


class Shared(InstalledCase):
    def test_a_text_that_is_shared_is_an_item_of_the_last_paste_once(self):
        phone = self.device(phone=True)
        key = phone.make()
        self.kept(phone)
        phone.page.goto(self.server.url + "/")
        self.share(phone, "https://example.org/shared")
        phone.page.wait_for_url(f"**/{key}")
        phone.wait_items(1)
        self.assertEqual(phone.texts(), ["https://example.org/shared"])
        phone.page.reload()
        phone.wait_ready()
        phone.keep("a later one")
        phone.wait_items(2)
        self.assertEqual(phone.texts(), ["a later one", "https://example.org/shared"])

    def test_a_text_that_is_shared_when_the_last_paste_is_gone_waits_for_another(self):
        laptop = self.device()
        key = laptop.make()
        phone = self.device(phone=True)
        phone.open(key)
        phone.wait_ready()
        self.kept(phone)
        phone.page.goto(self.server.url + "/")
        phone.wait_ready()
        for _ in range(2):
            laptop.page.click("#change summary") if _ == 0 else None
            laptop.page.click("#delete")
        laptop.wait_standing("over")
        self.share(phone, "not to be lost")
        phone.page.wait_for_url(f"**/{key}")
        phone.wait_standing("over")
        phone.page.wait_for_selector("#toast.shown")
        phone.page.goto(self.server.url + "/")
        phone.page.click("#make-button")
        phone.wait_items(1)
        self.assertEqual(phone.texts(), ["not to be lost"])

    def test_files_that_are_shared_are_items_each(self):
        phone = self.device(phone=True)
        phone.make()
        self.kept(phone)
        phone.page.goto(self.server.url + "/")
        self.share(phone, files=[("a.txt", "one\n"), ("b.txt", "two\n")])
        phone.wait_items(2)
        self.assertEqual(sorted(phone.texts()), ["one\n", "two\n"])

    def test_what_is_shared_before_there_is_a_paste_waits_for_one(self):
        phone = self.device(phone=True)
        phone.page.goto(self.server.url + "/")
        self.kept(phone)
        self.share(phone, "early")
        phone.page.wait_for_selector("#toast.shown")
        phone.page.click("#make-button")
        phone.wait_items(1)
        self.assertEqual(phone.texts(), ["early"])


class SharedTooLarge(InstalledCase):
    options = ("--text-bytes", "2000")

    def test_a_text_that_is_too_large_for_an_item_waits_until_the_pad_is_free_for_it(self):
        phone = self.device(phone=True)
        key = phone.make()
        self.kept(phone)
        phone.page.fill("#box", "busy")
        phone.page.goto(self.server.url + "/")
        shared = "x" * 2_001
        self.share(phone, shared)
        phone.page.wait_for_url(f"**/{key}")
        phone.page.wait_for_selector("#toast.shown")
        self.assertEqual(phone.page.input_value("#box"), "busy")
        phone.page.fill("#box", "")
        phone.page.reload()
        phone.page.wait_for_function("text => box.value === text", arg=shared)


class Manifest(InstalledCase):
    def fetch(self, path):
        with urllib.request.urlopen(self.server.url + path) as response:
            return response.headers.get_content_type(), response.read()

    def test_the_manifest_names_icons_that_are_what_it_says(self):
        laptop = self.device()
        laptop.page.goto(self.server.url + "/")
        kind, text = self.fetch(laptop.page.get_attribute("link[rel=manifest]", "href"))
        self.assertEqual(kind, "application/manifest+json")
        manifest = json.loads(text)
        self.assertEqual(manifest["share_target"]["action"], "/share")
        for icon in manifest["icons"]:
            kind, data = self.fetch(icon["src"])
            self.assertEqual(kind, icon["type"])
            size = laptop.page.evaluate(
                "async (url) => { const image = new Image(); image.src = url; await image.decode();"
                " return `${image.naturalWidth}x${image.naturalHeight}`; }",
                f"data:{kind};base64,{base64.b64encode(data).decode()}")
            if icon["sizes"] != "any":
                self.assertEqual(size, icon["sizes"])
