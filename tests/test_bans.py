"""What runs code that comes with data is kept out by the linter, and what it cannot see by this test."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

# One line each of what somebody might write, and the rule that stops it.
BANNED = {
    "import pickle": "TID251", "from marshal import loads": "TID251", "import shelve": "TID251", "import dill": "TID251",
    "import torch\ntorch.load('x')": "TID251", "from torch import load": "TID251", "import yaml\nyaml.load('x')": "TID251",
    "import os\nos.system('x')": "TID251", "import os\nos.popen('x')": "TID251", "import csv\ncsv.writer(None)": "TID251",
    "import pandas as pd\npd.read_pickle('x')": "TID251", "import joblib": "TID251", "import gradio as gr\ngr.load('x')": "TID251",
    "import subprocess\nsubprocess.run('x', shell=True)": "S602", "eval('x')": "S307", "exec('x')": "S102",
    "import requests\nrequests.get('x', verify=False)": "S501", "import tempfile\ntempfile.mktemp()": "TID251",
    "import xml.etree.ElementTree as e\ne.parse('x')": "S314", "import hashlib\nhashlib.md5(b'')": "S324",
    "import tarfile\ntarfile.open('x').extractall()": "S202", "n = 1\nq = f'SELECT {n} FROM x'": "S608",
    "import jinja2\njinja2.Environment()": "S701", "import ssl\nssl._create_unverified_context()": "S323",
}  # fmt: skip
# Keywords by which a library is told to run or trust what it reads; a value that may be anything counts as that.
TRUSTING = {"trust_remote_code": False, "allow_pickle": False, "weights_only": True, "shell": False, "verify": True}


def test_the_linter_stops_what_would_run_code(root: Path, tmp_path: Path):
    for number, written in enumerate(BANNED):
        (tmp_path / f"line_{number}.py").write_text(written + "\n")
    told = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "--config",
         root / "pyproject.toml", tmp_path],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    for number, (written, rule) in enumerate(BANNED.items()):
        found = [line for line in told.splitlines() if line.partition(":")[0].endswith(f"line_{number}.py")]
        assert any(f": {rule} " in line for line in found), (written, found)


def test_every_exception_says_its_reason(root: Path):
    """One rule at a time, and why on the same line or the one above."""
    for path in code(root):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            _, mark, reason = line.partition("# noqa: ")
            if mark and reason.startswith(("S", "TID")) and len(reason.split()) < 2:
                assert lines[number - 1].lstrip().startswith("#"), f"{path}:{number + 1}"


def test_no_library_is_told_to_trust_what_it_reads(root: Path):
    for path in code(root):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for keyword in call.keywords if isinstance(call, ast.Call) else ():
                if keyword.arg in TRUSTING:
                    said = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                    assert said is TRUSTING[keyword.arg], f"{path}:{call.lineno}: {keyword.arg}"


def test_nothing_is_installed_by_which_a_model_could_bring_code(root: Path):
    assert find_spec("kernels") is None, "with it transformers fetches code that a configuration names"
    locked = (root / "requirements.lock").read_text()
    assert not [line for line in locked.splitlines() if line.startswith(("kernels==", "deepspeed=="))]


def test_the_rules_are_on_for_all_of_the_studio(root: Path):
    lint = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert {"S", "TID251"} <= set(lint["select"])
    for folder, left_out in lint["per-file-ignores"].items():
        assert folder.startswith("tests") or not {each for each in left_out if each.startswith(("S3", "S6", "TID"))}


def code(root: Path) -> Iterator[Path]:
    yield from (root / "studio").rglob("*.py")
    yield from (root / "scripts").rglob("*.py")
    yield root / "app.py"
