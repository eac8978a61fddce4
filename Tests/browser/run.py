#!/usr/bin/env python3
"""Runs the browser scenarios: `Tests/browser/run.py [unittest arguments]`, for example
`run.py test_live.Editing`.

Needs Python 3.9, a Chromium (CHROMIUM, else `chromium` in the PATH) and the server (PASTED_BIN, else
.build/debug/pasted). Playwright is installed into a virtual environment under .build at the first run.
"""

import os
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent.parent / ".build" / "browser"
MODULES = ["test_page", "test_live"]
REQUIREMENTS = HERE / "requirements.txt"


def enter_environment():
    """Continues in the virtual environment, made or brought up to date first."""
    python = ENVIRONMENT / "bin" / "python"
    if pathlib.Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    stamp = ENVIRONMENT / "installed.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    os.execv(python, [str(python), str(pathlib.Path(sys.argv[0]).resolve()), *sys.argv[1:]])


if __name__ == "__main__":
    enter_environment()
    import unittest

    sys.path.insert(0, str(HERE))
    is_named = any(not argument.startswith("-") for argument in sys.argv[1:])
    unittest.main(module=None, argv=sys.argv + ([] if is_named else MODULES), verbosity=2)
