"""Protocol/openapi.json is an OpenAPI document. Whether it is true: Tests/outsider/openapi_tests.py."""

import copy
import json
import pathlib
import re
import unittest

from openapi_spec_validator import OpenAPIV31SpecValidator

FILE = (pathlib.Path(__file__).parents[2] / "Protocol/openapi.json").resolve()
DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))


def faults(document):
    return [str(error) for error in OpenAPIV31SpecValidator(document, base_uri=FILE.as_uri()).iter_errors()]


class OpenAPI(unittest.TestCase):
    def test_it_is_valid(self):
        self.assertEqual(faults(DOCUMENT), [])

    def test_what_is_not_valid_is_noticed(self):
        for change in (
            lambda d: d["components"]["responses"]["notText"].pop("description"),
            lambda d: d["paths"]["/{key}/pad"].pop("parameters"),
            lambda d: d["components"]["parameters"]["key"].update({"in": "body"}),
            lambda d: d["paths"]["/live"]["post"].update({"operationId": "getPad"}),
        ):
            broken = copy.deepcopy(DOCUMENT)
            change(broken)
            self.assertNotEqual(faults(broken), [], change.__code__.co_consts)

    def test_every_reference_leads_somewhere(self):
        references = re.findall(r'"\$ref": "([^"]+)"', FILE.read_text(encoding="utf-8"))
        self.assertGreater(len(references), 50)
        for reference in set(references):
            file, _, pointer = reference.partition("#/")
            part = json.loads((FILE.parent / file).read_text(encoding="utf-8")) if file else DOCUMENT
            for name in pointer.split("/"):
                self.assertIn(name, part, reference)
                part = part[name]

    def test_nothing_stands_in_it_that_nothing_uses(self):
        text = FILE.read_text(encoding="utf-8")
        for kind, parts in DOCUMENT["components"].items():
            for name in parts:
                self.assertIn(f'"#/components/{kind}/{name}"', text)


if __name__ == "__main__":
    unittest.main()
