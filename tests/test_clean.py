"""Style, types and import rules, as one test among the others: so both cores are at work while they are checked."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.timeout(900)
def test_style_types_and_import_rules_hold(root: Path) -> None:
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "check"], cwd=root, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
