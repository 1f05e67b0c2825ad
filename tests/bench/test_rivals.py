"""The table of speed says which rivals it does not compare, and how it would."""

import json
import subprocess
import sys
from pathlib import Path

from bench.rivals import BESIDE, RIVALS, rivals_in, rivals_told, title_of_rival


def test_every_rival_that_was_not_compared_is_named_in_one_line_with_how_to_add_one():
    (line,) = rivals_told([])
    assert all(f"{title} (wants {wants})" in line for title, wants in RIVALS.values())
    assert line.endswith("and name its Python: --rival ENVIRONMENT/bin/python.")
    (line,) = rivals_told(["llamafactory"])
    assert "LLaMA-Factory" not in line and "Unsloth" in line and "Axolotl" in line
    assert rivals_told(RIVALS) == []


def test_an_environment_is_asked_which_rivals_it_has(tmp_path: Path):
    assert rivals_in([Path(sys.executable)]) == {}
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncd {tmp_path} && PYTHONPATH=. exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (tmp_path / "axolotl.py").touch()
    assert rivals_in([Path(sys.executable), python]) == {"axolotl": python}


def test_each_arm_of_a_rival_says_how_it_was_set():
    assert title_of_rival("llamafactory") == "LLaMA-Factory, at its defaults"
    assert title_of_rival("unsloth, kept") == "Unsloth, nothing computed twice"


def test_what_runs_in_an_environment_of_its_own_needs_nothing_of_the_studio(tmp_path: Path):
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"rival": "nobody"}))
    done = subprocess.run(
        [sys.executable, "-S", str(BESIDE), str(job)], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1 and "KeyError: 'nobody'" in done.stderr
