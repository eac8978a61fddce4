"""Carries out the examples of PROTOCOL.md against a server, from top to bottom.

An example is a fenced block of lines (those of a `console` are in protocol_console.py): `>` is sent, `<` has to be
received next, `=` is one of the happenings below, an indented line goes on with the message above it or is a remark.
`...` stands for anything. What differs each time has a name in the page: wherever a key, a tag or an author stands
again, the same one has to come again, and what the page sends has to have come before. Times are times. All else has
to be as it is written, the order of fields too.

A change that the page only shows the event of is made by whom the event names: the reader, or the other device.
"""

import json
import re
import secrets

from protocol_console import Console
from protocol_reading import EVENTS, Wrong, blocks, commands, parse, steps, told
from websockets.sync.client import connect

# Who the other device is in the page.
PHONE = "5555666677778888"
TIMES = {"at", "now", "expiresAt"}
PATIENCE_SECONDS = 20


class Connection:
    def __init__(self, server):
        self.socket = connect(server.ws, subprotocols=["pasted.v1"], max_size=None, compression=None)

    def send(self, message):
        self.socket.send(json.dumps(message))

    def next(self, *passed_over):
        while (message := json.loads(self.socket.recv(timeout=PATIENCE_SECONDS)))["type"] in passed_over:
            pass
        return message

    def lose(self):
        """Without a goodbye."""
        self.socket.socket.shutdown(2)
        self.socket.close()


class Phone(Connection):
    """The other device. It follows a paste that it has made."""

    def __init__(self, server, history):
        super().__init__(server)
        self.next()
        self.send({"type": "hello", "client": secrets.token_hex(16)})
        self.ref = 100
        self.paste = self.ask({"type": "create"})
        self.send({"type": "subscribe", "paste": self.paste["paste"]})
        self.author = self.next()["you"]
        for message in history:
            self.ask(message)

    def ask(self, message):
        message = {"ref": self.ref, **message}
        self.ref = max(self.ref, message["ref"]) + 1
        self.send(message)
        while (answer := self.next()).get("ref") != message["ref"]:
            pass
        assert answer["type"] != "error", answer
        return answer


# The paste as it is when a section begins.
ELEVEN_EVENTS = [
    *({"type": "append", "text": f"item {number}"} for number in range(1, 7)),
    {"type": "clear", "through": 6},
    {"type": "edit", "target": "pad", "base": 0, "ops": ["x"]},
    {"type": "edit", "target": "pad", "base": 8, "ops": [-1]},
    {"type": "extend", "expiresIn": 3_600_000},
    {"type": "extend", "expiresIn": 86_400_000},
]
BEGINNINGS = {
    "The Pasted protocol, version 1": ELEVEN_EVENTS,
    "Errors": [],
    "Event streams": [*ELEVEN_EVENTS, {"type": "append", "text": "hello"}],
    "A whole session": [{"type": "append", "text": "from the phone"}],
}


class Story:
    """One reading of the page."""

    def __init__(self, server):
        self.server = server
        self.phone = self.laptop = None
        self.names = {}
        self.checked = 0

    def read(self, page):
        for title, language, number, lines in blocks(page):
            if title in BEGINNINGS and title != getattr(self, "title", None):
                self.begin(title)
            self.title = title
            if language == "console":
                self.type(lines, number)
                continue
            self.steps = steps(lines)
            while self.steps:
                kind, text, offset = self.steps.pop(0)
                self.checked += 1
                with told(f"line {number + offset}, `{kind} {text[:100]}`"):
                    self.step(kind, text)
        self.close()

    def type(self, lines, number):
        for command, printed, offset in commands(lines):
            self.checked += 1
            with told(f"line {number + offset}, `$ {command}`"):
                Console(self).run(command, printed)

    def close(self):
        for connection in filter(None, (self.laptop, self.phone)):
            connection.lose()

    def begin(self, title):
        self.close()
        self.phone = Phone(self.server, BEGINNINGS[title])
        self.names = {
            ("key", "maple-otter-cabin"): self.phone.paste["paste"], ("code", "7K3QWD"): self.phone.paste["code"],
            ("author", PHONE): self.phone.author,
        }
        self.pad_seq, self.sent, self.laptop = 0, set(), None
        if title == "Errors":
            self.happen("connect")
            self.laptop.next()
            self.send({"type": "subscribe", "paste": self.phone.paste["paste"]})
            self.laptop.next()

    def step(self, kind, text):
        if kind == "=":
            return self.happen(text)
        message = parse(text)
        if kind == ">":
            if ("=", "the connection is lost, and that with it") != tuple(self.steps[0][:2] if self.steps else ()):
                self.send(self.real(message))
            return
        if message["type"] in EVENTS:
            self.cause(message)
        # How many are here is told when it changes, not at a place in the order.
        self.match(message, self.laptop.next(*{"devices"} - {message["type"]}), message["type"])

    def happen(self, text):
        if text == "connect":
            if self.laptop:
                self.laptop.lose()
            self.laptop = Connection(self.server)
        elif text.startswith("the connection is lost"):
            self.laptop.lose()
            self.laptop = None
            for kind, line, _ in self.steps:
                event = parse(line) if kind == "<" else {}
                if event.get("by") == PHONE:
                    self.cause(event)
        elif text == "the phone ends the paste":
            self.phone.send({"type": "delete", "ref": self.phone.ref})
        else:
            raise Wrong("nobody knows how this happens")

    def send(self, message):
        if message["type"] != "create":  # which has a numbering of its own
            self.sent.add(("laptop", message.get("ref")))
        self.laptop.send(message)

    def cause(self, event):
        """Asks for what the event tells, unless that was done."""
        who = "phone" if event["by"] == PHONE else "laptop"
        if (who, event["ref"]) not in self.sent:
            request = {"type": event["type"], "ref": event["ref"]}
            request |= {name: event[name] for name in ("target", "ops", "through") if name in event}
            match event["type"]:
                case "append": request["text"] = event["text"]
                case "remove": request["item"] = event["item"]
                case "extend": request["expiresIn"] = event["expiresAt"] - event["at"]
                case "edit" | "keep": request["base"] = self.pad_seq
            self.sent.add((who, event["ref"]))
            self.phone.ask(request) if who == "phone" else self.laptop.send(request)
        if event["type"] == "keep" or event.get("target") == "pad":
            self.pad_seq = event["seq"]

    def real(self, value, field=None):
        """What the page sends, with the names of this reading."""
        if isinstance(value, dict):
            return {name: self.real(part, name) for name, part in value.items()}
        if field == "paste":
            known = self.names.get(("key", value.replace(" ", "-")))
            return known.replace("-", " ") if known and " " in value else known or value
        if field == "tag":
            if ("tag", value) not in self.names:
                raise Wrong(f"no message before has the tag {value}")
            return self.names["tag", value]
        if field == "text" and (letters := re.fullmatch(r"<(\d+) letters>", value)):
            return "a" * int(letters[1])
        return value

    def match(self, page, real, where, field=None):
        if page == "...":
            return
        if isinstance(page, dict) and isinstance(real, dict):
            if "..." in page:
                real = {name: part for name, part in real.items() if name in page}
                page = {name: part for name, part in page.items() if name != "..."}
            if real.get("type") == "error" != page.get("type"):
                raise Wrong(f"the server refuses: {real}")
            if list(page) != list(real):
                raise Wrong(f"{where} has the fields {list(page)} here, and really {list(real)}")
            if page.get("type") == "extend":
                lives = [message["expiresAt"] - message["at"] for message in (page, real)]
                if lives[0] != lives[1]:
                    raise Wrong(f"the paste lives {lives[0]} ms more here, and really {lives[1]}")
            for name in page:
                self.match(page[name], real[name], f"{where}.{name}", name)
        elif isinstance(page, list) and isinstance(real, list):
            if page == ["..."]:
                return
            if len(page) != len(real):
                raise Wrong(f"{where} has {len(page)} parts here, and really {len(real)}: {real}")
            for index, (part, other) in enumerate(zip(page, real)):
                self.match(part, other, f"{where}[{index}]", field)
        elif field in TIMES and isinstance(page, int) and isinstance(real, int):
            return
        elif not self.is_same(page, real, field):
            raise Wrong(f"{where} is {page!r} here, and really {real!r}")

    def is_same(self, page, real, field):
        if field == "paste":
            return self.bound("key", page.replace(" ", "-"), real.replace(" ", "-"))
        if field == "url":
            address = re.fullmatch(r"https://HOST/([\w-]+)(.*)", page)
            found = re.fullmatch(re.escape(self.server.http) + r"/([\w-]+)(.*)", real)
            return address and found and address[2] == found[2] and self.bound("key", address[1], found[1])
        if kind := {"tag": "tag", "code": "code", "by": "author", "you": "author"}.get(field):
            # The code of an error is a word of the protocol, that of a key a name.
            return page == real or self.bound(kind, page, real)
        return page == real and type(page) is type(real)

    def bound(self, kind, page, real):
        """One name in the page, one in this reading, and the other way round."""
        if (kind, page) not in self.names:
            if real in (other for (k, _), other in self.names.items() if k == kind):
                return False
            self.names[kind, page] = real
        return self.names[kind, page] == real
