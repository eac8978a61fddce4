"""Protocol/openapi.json against a real server: each operation is asked for each of the answers that it lists."""

import http.client
import json
import re
import unittest
import uuid

import jsonschema
import referencing
import referencing.jsonschema
from server import ROOT, Server

PROTOCOL = ROOT / "Protocol"
BASE = "https://pasted.example/protocol/1/"
DOCUMENT = json.loads((PROTOCOL / "openapi.json").read_text(encoding="utf-8"))
METHODS = {"get", "head", "put", "post", "delete"}


def registry():
    """Where the document's references lead: a schema is found by its own name, and by its place beside the document."""
    found = {BASE + "openapi.json": DOCUMENT}
    for name in ("common", "client", "server"):
        schema = json.loads((PROTOCOL / f"schema/{name}.json").read_text(encoding="utf-8"))
        found[schema["$id"]] = found[f"{BASE}schema/{name}.json"] = schema
    return referencing.Registry().with_resources(
        (uri, referencing.Resource(contents, referencing.jsonschema.DRAFT202012)) for uri, contents in found.items())


REGISTRY = registry()


def followed(part):
    """A part of the document, by its reference."""
    while "$ref" in part and part["$ref"].startswith("#/"):
        found = DOCUMENT
        for name in part["$ref"][2:].split("/"):
            found = found[name.replace("~1", "/")]
        part = found
    return part


def check(schema, value):
    """Holds a value against a schema, whose references are those of the document."""
    if schema.get("$ref", "").startswith("#"):
        schema = {"$ref": f"{BASE}openapi.json{schema['$ref']}"}
    jsonschema.Draft202012Validator({"$id": BASE + "part.json", **schema}, registry=REGISTRY).validate(value)


class World:
    """A server, and a fresh paste for each question."""

    def __init__(self, server):
        self.server = server

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            fields = dict(headers or {})
            if body is not None:
                fields.setdefault("Content-Length", str(len(body)))
            for name, value in fields.items():
                connection.putheader(name, value)
            connection.endheaders()
            try:
                connection.send(body or b"")
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was all there
            response = connection.getresponse()
            is_endless = response.headers.get_content_type() == "text/event-stream"
            content = response.readline() if is_endless else b"" if response.status == 101 else response.read()
            return response.status, response.headers, content
        finally:
            connection.close()

    def paste(self):
        """The key of a paste with two items."""
        _, _, url = self.ask("POST", "/", b"one")
        key = url.decode().strip().rpartition("/")[2]
        self.ask("POST", f"/{key}", b"two")
        return key


class Question:
    """How an answer is brought about. `path` fills what the document leaves open, `before` is done first, and with
    `again` it is asked whether what the same question got is still that."""

    def __init__(self, body=None, headers=None, path=None, before=None, again=False):
        self.body, self.headers, self.path, self.before, self.again = body, headers or {}, path or {}, before, again


def after_the_same_key(method, path):
    """The Idempotency-Key of the question was used for other content."""
    return lambda world, key, headers: world.ask(method, path.format(key=key), b"other", headers)


UNKNOWN = {"key": "7k3qwd"}
FOREIGN = {"Origin": "https://elsewhere.example"}
# No content is taken here.
TOO_MUCH = Question(b"text")
FORM = (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--x--\r\n', "multipart/form-data; boundary=x")
HUGE = b"a" * (1 << 20) + b"a"
HUGE_MESSAGE = b" " * (6 << 20) + b" " * (64 << 10) + b" "
WEBSOCKET = {
    "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def keeping(method, path, *, is_new=False, takes_forms=False):
    used = {"Idempotency-Key": str(uuid.uuid4())}
    found = {
        "201": Question(b"text"),
        "403": Question(b"text", FOREIGN),
        "404": Question(b"text", path=UNKNOWN),
        "413": Question(HUGE),
        "415": Question(b"\xff\xfe"),
        "422": Question(b"text", used, before=after_the_same_key(method, path)),
        "default": Question(b"text", {"X-Expires-In": "soon"}),
    }
    if is_new:
        del found["404"]
    if takes_forms:
        found["303"] = Question(FORM[0], {"Content-Type": FORM[1], "Accept": "text/html"})
    return found


def reading(*left_out, **changed):
    found = {
        "200": Question(), "206": Question(headers={"Range": "bytes=1-1"}), "304": Question(again=True),
        "404": Question(path=UNKNOWN), "416": Question(headers={"Range": "bytes=9999-"}), "default": TOO_MUCH,
    }
    return {status: question for status, question in (found | changed).items() if status not in left_out}


def removing():
    return {
        "200": Question(headers={"Accept": "application/json"}), "204": Question(), "403": Question(headers=FOREIGN),
        "404": Question(path=UNKNOWN), "default": Question(headers={"Idempotency-Key": "with space"}),
    }


def message(text, **more):
    return Question(json.dumps(text).encode(), **more)


PART, FOUND = ("206", "416"), ("404",)
PAD = {"206": Question(headers={"Range": "bytes=1-1"}, before=lambda world, key, _: world.ask(
    "POST", f"/{key}/live", b'{"type":"edit","ref":1,"target":"pad","base":0,"ops":["pad"]}'))}
APPEND = {"type": "append", "ref": 1, "text": "text"}
QUESTIONS = {
    "openPage": reading(*PART, *FOUND), "openPageHead": reading(*PART, *FOUND),
    "putPaste": keeping("PUT", "/", is_new=True), "postPaste": keeping("POST", "/", is_new=True, takes_forms=True),
    "getNewest": reading(), "getNewestHead": reading(*PART),
    "putItem": keeping("PUT", "/{key}"), "postItem": keeping("POST", "/{key}", takes_forms=True),
    "putFile": keeping("PUT", "/{key}/notes.txt"), "endPaste": removing(),
    "getItem": reading(), "getItemHead": reading(*PART), "removeItem": removing(),
    "getPad": reading(**PAD), "getPadHead": reading(*PART),
    "getSnapshot": reading(*PART), "getSnapshotHead": reading(*PART),
    "readPage": reading(*PART), "readPageHead": reading(*PART),
    "getCode": reading(*PART, *FOUND), "getCodeHead": reading(*PART, *FOUND),
    "followEvents": reading(*PART, "304"),
    "sendMessage": {
        "200": message(APPEND), "403": message(APPEND, headers=FOREIGN), "404": message(APPEND, path=UNKNOWN),
        # What can be no key is nothing that messages are sent to.
        "404 text/plain": message(APPEND, path={"key": "0"}),
        "413": Question(HUGE_MESSAGE), "default": message({"type": "ping"}),
    },
    "openWebSocket": {
        "101": Question(headers=WEBSOCKET), "426": Question(), "default": Question(headers=WEBSOCKET | FOREIGN),
    },
    "sendFirstMessage": {
        "200": message({"type": "hello", "client": "0" * 32}), "201": message({"type": "create", "ref": 1}),
        "403": message({"type": "create", "ref": 1}, headers=FOREIGN), "413": Question(HUGE_MESSAGE),
        "default": message({"type": "ping"}),
    },
}


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


class OpenAPI(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Nobody who tries unknown keys here is made to wait.
        cls.server = Server("--misses-per-minute", "0", "--misses-per-minute-per-address", "0").start()
        cls.world = World(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.forget()

    def test_every_answer_of_every_operation_is_asked_for(self):
        documented = {o["operationId"]: set(o["responses"]) for _, _, o in operations()}
        self.assertEqual(documented, {
            name: {status.split()[0] for status in questions} for name, questions in QUESTIONS.items()})

    def test_every_answer_is_as_it_is_documented(self):
        asked = 0
        for path, method, operation in operations():
            questions = QUESTIONS[operation["operationId"]]
            for status, answer in operation["responses"].items():
                answer = followed(answer)
                for media in answer.get("content", {None: None}):
                    with self.subTest(operation["operationId"], status=status, media=media):
                        question = questions.get(f"{status} {media}", questions[status])
                        self.hold(path, method, operation, status, question, media)
                        asked += 1
        self.assertGreater(asked, 150)

    def hold(self, path, method, operation, status, question, media):
        answer = followed(operation["responses"][status])
        key = self.world.paste()
        headers = dict(question.headers)
        if media in ("application/json", "text/html"):
            headers["Accept"] = media
        parts = {"key": key, "item": "1", "file": "notes.txt", **question.path}
        place = re.sub(r"\{(\w+)\}", lambda m: parts[m[1]], path)
        if question.before:
            question.before(self.world, key, headers)
        if question.again:
            headers["If-None-Match"] = self.world.ask(method.upper(), place, None, headers)[1]["ETag"]
        real, fields, content = self.world.ask(method.upper(), place, question.body, headers)
        if status == "default":
            self.assertGreaterEqual(real, 400)
            self.assertNotIn(str(real), operation["responses"])
        else:
            self.assertEqual(real, int(status), content[:300])
        for name, header in answer.get("headers", {}).items():
            header = followed(header)
            if header.get("required"):
                self.assertIn(name, fields)
            if name in fields:
                value = int(fields[name]) if header["schema"].get("type") == "integer" else fields[name]
                check(header["schema"], value)
        if media is None or method == "head":
            self.assertEqual(content, b"")
        else:
            self.assertEqual(fields.get_content_type(), media)
            text = content.decode()
            check(answer["content"][media]["schema"], json.loads(text) if media == "application/json" else text)

    def test_parameters_are_taken_as_they_are_documented(self):
        for _, _, operation in operations():
            for parameter in operation.get("parameters", []):
                parameter = followed(parameter)
                if "example" in parameter:
                    check(parameter["schema"], parameter["example"])
        for duration in ("90s", "15m", "1h", "7d"):
            check(DOCUMENT["components"]["parameters"]["expiresIn"]["schema"], duration)
            self.assertEqual(self.world.ask("POST", "/", b"text", {"X-Expires-In": duration})[0], 201)


if __name__ == "__main__":
    unittest.main()
