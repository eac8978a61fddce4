"""The JSON Schemas against the vectors, the transcripts and the examples of PROTOCOL.md.

    python3 -m unittest discover -s Tests/protocol

Needs `jsonschema` (4.18 or newer).
"""

import json
import pathlib
import re
import unittest

import jsonschema
import referencing

PROTOCOL = pathlib.Path(__file__).parents[2] / "Protocol"

# Faults of a text that are gone once it is parsed, or that JSON Schema has no word for.
INVISIBLE = re.compile(r"twice|fraction of zero|exponent|surrogate|wrong way round")


def read(path):
    return json.loads((PROTOCOL / path).read_text(encoding="utf-8"))


def load_schemas():
    schemas = {name: read(f"schema/{name}.json") for name in ("common", "client", "server")}
    resources = ((s["$id"], referencing.Resource.from_contents(s)) for s in schemas.values())
    registry = referencing.Registry().with_resources(resources)
    # What an event stream has beside the messages of a WebSocket.
    stream = {"$ref": schemas["server"]["$id"] + "#/$defs/close"}
    return schemas, {
        name: jsonschema.Draft202012Validator(schema, registry=registry)
        for name, schema in {**schemas, "stream": stream}.items()
    }


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schemas, cls.validators = load_schemas()

    def check(self, side, message, what):
        error = next(self.validators[side].iter_errors(message), None)
        self.assertIsNone(error, f"{what}: {error and error.message}")

    def test_schemas_are_schemas(self):
        for name, schema in self.schemas.items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_accepted_messages_fit(self):
        for side in ("client", "server"):
            for vector in read(f"vectors/messages-{side}.json")["accept"]:
                with self.subTest(vector["name"]):
                    self.check(side, json.loads(vector.get("canonical", vector["json"])), vector["name"])

    def test_refused_messages_do_not_fit(self):
        checked = 0
        for side in ("client", "server"):
            for vector in read(f"vectors/messages-{side}.json")["reject"]:
                if INVISIBLE.search(vector["name"]):
                    continue
                try:
                    message = json.loads(vector["json"])
                except ValueError:
                    continue
                with self.subTest(vector["name"]):
                    self.assertFalse(self.validators[side].is_valid(message), vector["name"])
                checked += 1
        self.assertGreater(checked, 50)

    def test_transcripts_fit(self):
        files = sorted((PROTOCOL / "transcripts").glob("*.json"))
        self.assertGreater(len(files), 6)
        for file in files:
            for step in read(file)["steps"]:
                with self.subTest(file.name):
                    self.check(step["from"], step["message"], file.name)

    def test_examples_of_the_page_fit(self):
        checked = set()
        for line in (PROTOCOL / "PROTOCOL.md").read_text(encoding="utf-8").splitlines():
            for example in re.findall(r'`(\{"type".*?\})`', line) + re.findall(r'^[<>] (\{"type".*\})$', line):
                if "..." in example:
                    example = example.replace('"tag":"..."', '"tag":"0123456789abcdef"')
                    example = example.replace('"tag":"07c1..."', '"tag":"07c1000000000000"')
                    example = example.replace('"by":"..."', '"by":"0123456789abcdef"')
                    example = example.replace('"ops":[...]', '"ops":[1]')
                try:
                    message = json.loads(example)
                except ValueError:
                    continue  # abbreviated, or spread over lines
                with self.subTest(example):
                    valid = [side for side in ("client", "server", "stream") if self.validators[side].is_valid(message)]
                    self.assertTrue(valid, example)
                    checked.add((message["type"], *valid))
        self.assertGreater(len(checked), 20, checked)

    def test_each_type_has_a_vector(self):
        for side in ("client", "server"):
            vectors = {json.loads(v["json"]).get("type") for v in read(f"vectors/messages-{side}.json")["accept"]}
            types = {s["$ref"].rsplit("/", 1)[1] for s in self.schemas[side]["oneOf"]}
            self.assertEqual(vectors, types)

    def test_asyncapi_lists_every_message(self):
        document = read("asyncapi.json")
        listed = {"client": set(), "server": set()}
        for name, message in document["components"]["messages"].items():
            file, _, path = message["payload"]["schema"]["$ref"].partition("#/$defs/")
            side = pathlib.Path(file).stem
            self.assertIn(path, self.schemas[side]["$defs"])
            listed[side].add(path)
            self.assertIn(name, document["channels"]["live"]["messages"])
        for side, action in (("client", "receive"), ("server", "send")):
            types = {s["$ref"].rsplit("/", 1)[1] for s in self.schemas[side]["oneOf"]}
            self.assertEqual(listed[side], types)
            sent = [o for o in document["operations"].values() if o["action"] == action]
            refs = {m["$ref"].rsplit(".", 1)[1] for operation in sent for m in operation["messages"]}
            self.assertEqual(refs, types)


if __name__ == "__main__":
    unittest.main()
