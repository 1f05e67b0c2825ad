"""The command line stays light: nothing heavy is imported for a verb that needs none of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from studio.cli.comparing import Comparing
from studio.cli.later import Later, Verbs
from studio.cli.main import Journey

HEAVY = ("torch", "transformers", "gradio", "pandas", "datasets", "alembic", "fastapi", "scipy.stats", "scipy.special")
NEEDLESS = (*HEAVY, "sqlalchemy", "numpy", "yaml", "jinja2", "studio.flows", "studio.store", "studio.data")


def told(root: Path, tmp_path: Path, code: str) -> list[str]:
    """What a new process prints that knows the command line and nothing else."""
    environment = {"STUDIO_WORKSPACES": str(tmp_path / "workspaces"), "PATH": ""}
    command = [sys.executable, "-c", f"import sys\nfrom studio.cli.main import app\n{code}"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_listing_runs_imports_nothing_heavy(root: Path, tmp_path: Path):
    code = f"""
for _ in range(2):  # the second time, the database is there
    try:
        app(["runs", "--json"])
    except SystemExit as end:
        assert end.code == 0
    heavy = [name for name in {HEAVY!r} if name in sys.modules and (name != "alembic" or _)]
    sys.modules.pop("alembic", None)
print(heavy)
"""
    assert told(root, tmp_path, code) == ["[]", "[]", "[]"]


def test_saying_what_there_is_imports_nothing_of_what_the_verbs_need(root: Path, tmp_path: Path):
    code = f"""
for asked in (["--help"], ["study", "--help"], ["--version"], ["splot"]):
    try:
        app(asked)
    except SystemExit as end:
        assert end.code == (2 if "splot" in asked else 0)
print([name for name in {NEEDLESS!r} if name in sys.modules])
"""
    said = told(root, tmp_path, code)
    assert said[-1] == "[]" and any("doctor" in line for line in said) and any("try-prompt" in line for line in said)


@pytest.mark.parametrize("group", [Journey, Comparing])
def test_every_verb_is_where_its_group_says_and_does_what_it_says(group: type[Verbs]):
    verbs = group(name="studio").commands
    assert list(verbs) == list(group.table)
    for name, verb in verbs.items():
        assert isinstance(verb, Later)
        first = verb.command().help.partition("\n\n")[0]
        assert " ".join(first.split()) == verb.help, name
