"""The studio as a program types it: python -m studio … --json, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ONE_AFTER_THE_OTHER = """
import json, sys
from typer.testing import CliRunner
from studio.cli.main import app
told = [CliRunner().invoke(app, arguments) for arguments in json.loads(sys.argv[1])]
print(json.dumps([(result.exit_code, result.stdout, result.stderr) for result in told]))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb said, and with which exit status it ended."""

    status: int
    words: str
    complaint: str

    @property
    def values(self) -> Any:
        return json.loads(self.words)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The command line on one folder of workspaces."""

    workspaces: Path

    def __call__(self, *arguments: str | Path, typed: str = "") -> Answer:
        command = [sys.executable, "-m", "studio", *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"STUDIO_WORKSPACES": str(self.workspaces), "TERM": "dumb", "COLUMNS": "200"}

    def all(self, *calls: Sequence[str | Path]) -> list[Answer]:
        """The answers to several calls, one after the other in one process: a second less for each."""
        listed = json.dumps([list(map(str, arguments)) for arguments in calls])
        done = subprocess.run(
            [sys.executable, "-c", ONE_AFTER_THE_OTHER, listed], cwd=ROOT, env=self._environment,
            capture_output=True, text=True, timeout=280, check=True,
        )  # fmt: skip
        return [Answer(*told) for told in json.loads(done.stdout.splitlines()[-1])]

    def json(self, *arguments: str | Path) -> Any:
        """The JSON answer of a verb that must succeed."""
        answer = self(*arguments, "--json")
        assert answer.status == 0, answer
        return answer.values
