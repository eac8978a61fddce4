#!/usr/bin/env python3
"""Runs the browser scenarios: `build/venv/bin/python Tests/browser/run.py [unittest arguments]`, for example
`run.py test_editing.Editing`.

Needs Playwright (`make test-browser` installs it under build/), a Chromium (CHROMIUM, else `chromium` in the PATH)
and the server (PASTED_BIN, else .build/debug/pasted), which serves PASTED_SITE, else Public.
"""

import pathlib
import sys
import unittest

MODULES = [
    "test_page", "test_ease", "test_weight", "test_installed", "test_axe", "test_hostile", "test_surroundings", "test_live",
    "test_editing", "test_plain", "test_without_websocket"]

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    is_named = any(not argument.startswith("-") for argument in sys.argv[1:])
    unittest.main(module=None, argv=sys.argv + ([] if is_named else MODULES), verbosity=2)
