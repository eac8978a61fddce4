"""Finds or makes what runs the Autobahn test suite.

The suite's newest release (25.10.1) is Python 2.7 code and pins libraries of that line; Debian 12 has no such
interpreter. Looked for, in this order: $PYTHON2, python2.7 on the path, pyenv's 2.7 (`pyenv install 2.7.18` makes one).
"""

import glob
import os
import pathlib
import shutil
import subprocess

SUITE = "autobahntestsuite==25.10.1"


def prepare(work):
    """The command of an interpreter that can import the suite; installs the suite into `work` when it can not yet."""
    python = find()
    if python is None:
        raise SystemExit(
            "The Autobahn test suite needs Python 2.7 with pip: none is in $PYTHON2, on the path, or in pyenv"
            " (`pyenv install 2.7.18` makes one)."
        )
    # Not a virtual environment: that would take a tool of its own for Python 2.
    base = work / "python2"
    command = ["env", "-u", "PYTHONPATH", f"PYTHONUSERBASE={base}", python]
    if not (base / ".made").exists():
        print(f"Installing {SUITE} from PyPI into {base}", flush=True)
        subprocess.run([*command, "-m", "pip", "install", "--quiet", "--user", "--ignore-installed", SUITE], check=True)
        (base / ".made").touch()
    return command


def find():
    named = os.environ.get("PYTHON2")
    root = os.environ.get("PYENV_ROOT", str(pathlib.Path.home() / ".pyenv"))
    candidates = [named, shutil.which("python2.7"), *sorted(glob.glob(f"{root}/versions/2.7*/bin/python"))]
    for candidate in filter(None, candidates):
        # Programs of pyenv's own are on the path whether or not their version is chosen.
        found = subprocess.run([candidate, "-m", "pip", "--version"], capture_output=True, text=True)
        if found.returncode == 0 and "python 2.7" in found.stdout:
            return candidate
    return None
