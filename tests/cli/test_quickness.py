"""The command line stays light: nothing heavy is imported for a verb that needs none of it."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "transformers", "gradio", "pandas", "datasets", "alembic", "fastapi", "scipy.stats", "scipy.special")


def test_listing_runs_imports_nothing_heavy(root: Path, tmp_path: Path):
    code = f"""
import sys
from studio.cli.main import app
for _ in range(2):  # the second time, the database is there
    try:
        app(["runs", "--json"])
    except SystemExit as end:
        assert end.code == 0
    heavy = [name for name in {HEAVY!r} if name in sys.modules and (name != "alembic" or _)]
    sys.modules.pop("alembic", None)
print(heavy)
"""
    environment = {"STUDIO_WORKSPACES": str(tmp_path / "workspaces"), "PATH": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines() == ["[]", "[]", "[]"], done.stderr
