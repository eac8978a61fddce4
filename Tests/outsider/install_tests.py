"""`make install`: what a self-hoster gets, tried from where it lies."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from server import BINARY, ROOT

COMMANDS = json.loads(subprocess.check_output([BINARY, "--experimental-dump-help"]))["command"]["subcommands"]
COMMANDS = [c for c in COMMANDS if c["commandName"] != "help"]
UNITS = ["pasted.service", "pasted.socket", "pasted-admin.socket", "pasted-redirect.socket"]


def make(target, directory, **variables):
    variables = {"DESTDIR": directory, "BINARY": BINARY, **variables}
    subprocess.run(
        ["make", "--silent", target, *(f"{name}={value}" for name, value in variables.items())],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def files(directory):
    return {str(path.relative_to(directory)) for path in pathlib.Path(directory).rglob("*") if not path.is_dir()}


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="pasted-test-")
        cls.root = pathlib.Path(cls.directory.name)
        make("install", cls.root)
        cls.share = cls.root / "usr/local/share"

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_a_server_found_by_path_serves_the_installed_page(self):
        # The mark is in the installed page only, and the current directory has another.
        page = self.share / "pasted/Public/index.html"
        page.write_text(page.read_text() + "<!-- installed -->")
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as elsewhere:
            os.mkdir(f"{elsewhere}/Public")
            pathlib.Path(elsewhere, "Public/index.html").write_text("another")
            environment = {**os.environ, "PATH": f"{self.root}/usr/local/bin:{os.environ['PATH']}"}
            server = subprocess.Popen(
                ["pasted", "serve", "--tls", "off", "--listen", "127.0.0.1:0", "--state-dir", f"{elsewhere}/state"],
                cwd=elsewhere, env=environment, stdout=subprocess.PIPE, text=True)
            try:
                port = int(re.search(r"http://127\.0\.0\.1:(\d+)", server.stdout.readline())[1])
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("GET", "/")
                self.assertIn(b"<!-- installed -->", connection.getresponse().read())
                connection.close()
            finally:
                server.terminate()
                server.communicate(timeout=30)
        self.assertEqual(server.returncode, 0)

    def test_everything_has_its_place_and_can_be_read_by_everybody(self):
        found = files(self.root)
        share = "usr/local/share"
        for file in (
            "usr/local/bin/pasted", "etc/pasted/settings.json", f"{share}/pasted/Public/index.html",
            f"{share}/pasted/Public/js/main.js", f"{share}/bash-completion/completions/pasted",
            f"{share}/zsh/site-functions/_pasted", f"{share}/fish/vendor_completions.d/pasted.fish",
            f"{share}/doc/pasted/LICENSE", f"{share}/doc/pasted/copyright", f"{share}/doc/pasted/protocol/PROTOCOL.md",
            *(f"usr/local/lib/systemd/system/{unit}" for unit in UNITS),
        ):
            self.assertIn(file, found)
        for file in found:
            mode = (self.root / file).stat().st_mode & 0o777
            self.assertEqual(mode, 0o755 if file == "usr/local/bin/pasted" else 0o644, file)

    def test_what_is_to_be_read_links_to_nothing_that_is_not_there(self):
        pages = list(self.root.rglob("*.md"))
        self.assertIn(self.share / "doc/pasted/protocol/PROTOCOL.md", pages)
        for page in pages:
            for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
                if not re.match(r"\w+:", link):
                    self.assertTrue((page.parent / link).exists(), f"{page}: {link}")

    def test_each_command_has_a_manual_page_with_each_of_its_options(self):
        for command in COMMANDS:
            page = (self.share / f"man/man1/pasted-{command['commandName']}.1").read_text()
            for argument in command["arguments"]:
                for name in argument.get("names", []):
                    if name["name"] not in ("version", "help", "h"):
                        self.assertRegex(page, rf"(?m)^\.It (.* )?Fl {re.escape(name['name'])}( |$)", page[:200])
        front = (self.share / "man/man1/pasted.1").read_text()
        for command in COMMANDS:
            self.assertIn(f".It Xr pasted-{command['commandName']} 1\n", front)

    def test_a_command_tells_what_follows_the_key_in_its_own_words(self):
        seen = set()
        for command in COMMANDS:
            page = (self.share / f"man/man1/pasted-{command['commandName']}.1").read_text()
            usage = re.search(r"^\.Nm pasted \S+\n.*? KEY(.*)$", page, re.MULTILINE)
            if not usage:
                continue
            about = [a["abstract"] for a in command["arguments"] if a["kind"] == "positional"]
            with self.subTest(command["commandName"]):
                self.assertEqual(len(about), 1)
                self.assertIn("The arguments:\nThe KEY", page)
                for named, word in (("ITEM", "item"), ("pad", "pad"), ("FILES", "file"), ("DURATION", "how long")):
                    self.assertEqual(named in usage[1], word in about[0], about[0])
                    seen |= {named} if word in about[0] else set()
        self.assertEqual(len(seen), 4)

    def test_the_manual_has_every_exit_status_and_says_what_shows_in_ps(self):
        front = (self.share / "man/man1/pasted.1").read_text()
        for status in (*range(11), 141):
            self.assertRegex(front, rf"(?m)^\.It {status}$")
        self.assertRegex(front, r"An argument shows in\n\.Xr ps 1\nto every user")

    def test_manual_pages_are_typeset_without_a_warning(self):
        for page in sorted((self.share / "man/man1").iterdir()):
            done = subprocess.run(
                ["man", "--warnings", "--encoding=UTF-8", "--local-file", "--troff-device=utf8", "--ditroff", page],
                env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""), page.name)
            self.assertGreater(len(done.stdout), 1000, page.name)

    def test_completions_are_read_by_their_shells(self):
        for shell, file in (
            ("bash", "bash-completion/completions/pasted"), ("zsh", "zsh/site-functions/_pasted"),
            ("fish", "fish/vendor_completions.d/pasted.fish"),
        ):
            subprocess.run([shell, "-n", self.share / file], check=True)

    def test_bash_completes_a_command(self):
        script = f'''
            source {self.share}/bash-completion/completions/pasted
            COMP_WORDS=(pasted wat) COMP_CWORD=1 COMP_LINE="pasted wat" COMP_POINT=10
            _pasted pasted wat pasted
            printf '%s\\n' "${{COMPREPLY[@]}}"'''
        self.assertEqual(subprocess.check_output(["bash", "-c", script]).split(), [b"watch"])

    def test_units_name_the_installed_program_and_its_settings(self):
        for unit in UNITS:
            text = (self.root / "usr/local/lib/systemd/system" / unit).read_text()
            self.assertNotIn("/usr/bin/pasted", text)
            if unit == "pasted.service":
                self.assertIn("ExecStart=/usr/local/bin/pasted serve --config /etc/pasted/settings.json", text)

    def test_the_installed_settings_are_settings(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as state:
            subprocess.run(
                [self.root / "usr/local/bin/pasted", "check-config", "--config", self.root / "etc/pasted/settings.json",
                 "--state-dir", state], check=True, stdout=subprocess.DEVNULL)


class Again(unittest.TestCase):
    def test_a_newer_version_takes_old_files_of_the_page_away_and_leaves_the_settings(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as directory:
            root = pathlib.Path(directory)
            make("install", root)
            (root / "etc/pasted/settings.json").write_text('{"items": 5}')
            (root / "usr/local/share/pasted/Public/old.js").write_text("old")
            make("install", root)
            self.assertEqual((root / "etc/pasted/settings.json").read_text(), '{"items": 5}')
            self.assertNotIn("usr/local/share/pasted/Public/old.js", files(root))

    def test_uninstall_leaves_only_the_settings_and_what_others_installed(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as directory:
            root = pathlib.Path(directory)
            for prefix in ("/usr/local", "/opt/pasted"):
                make("install", root, PREFIX=prefix)
                other = root / f".{prefix}/share/man/man1/other.1"
                other.write_text("another's")
                make("uninstall", root, PREFIX=prefix)
                self.assertEqual(files(root), {"etc/pasted/settings.json", f"{prefix[1:]}/share/man/man1/other.1"})
                other.unlink()

    def test_without_a_built_program_it_says_what_to_do(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as directory:
            done = subprocess.run(
                ["make", "--silent", "install", f"DESTDIR={directory}", "BINARY=/nonexistent"], cwd=ROOT,
                capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("make release", done.stderr)
            self.assertEqual(files(directory), set())

    def test_without_a_page_it_says_what_to_do_and_touches_nothing(self):
        with tempfile.TemporaryDirectory(prefix="pasted-test-") as directory:
            root = pathlib.Path(directory, "root")
            make("install", root)
            before = {name: (root / name).stat().st_mtime_ns for name in files(root)}
            os.mkdir(f"{directory}/empty")
            for site in (f"{directory}/empty", "/nonexistent"):
                done = subprocess.run(
                    ["packaging/install", "install"], cwd=ROOT, capture_output=True, text=True,
                    env={**os.environ, "DESTDIR": str(root), "BINARY": BINARY, "SITE": site})
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("make site", done.stderr)
                self.assertEqual({name: (root / name).stat().st_mtime_ns for name in files(root)}, before)


class Scripts(unittest.TestCase):
    def test_shellcheck_has_nothing_to_say_of_any(self):
        names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
        scripts = [name for name in names if (ROOT / name).is_file() and self.is_for_a_shell(ROOT / name)]
        self.assertGreater(len(scripts), 5)
        done = subprocess.run(["shellcheck", *scripts], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def is_for_a_shell(self, path):
        with open(path, "rb") as file:
            return re.match(rb"#! *(/usr/bin/env |/bin/|/usr/bin/)(sh|bash|dash)\b", file.readline())


class Versions(unittest.TestCase):
    def test_the_debian_package_has_the_version_of_the_program(self):
        version = subprocess.check_output([BINARY, "--version"], text=True).strip()
        changelog = (ROOT / "packaging/debian/changelog").read_text()
        self.assertEqual(re.match(r"pasted \((\S+)\)", changelog)[1], version)


if __name__ == "__main__":
    unittest.main()
