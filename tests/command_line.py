"""The studio as a program types it: python -m studio … --json, in a process of its own or, quicker, in this one."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from studio.cli.main import app
from studio.jobs import presence

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb said, and with which exit status it ended."""

    status: int
    words: str
    complaint: str

    @property
    def values(self) -> Any:
        return json.loads(self.words)


@dataclass(frozen=True)
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

    def json(self, *arguments: str | Path) -> Any:
        """The JSON answer of a verb that must succeed."""
        answer = self(*arguments, "--json")
        assert answer.status == 0, answer
        return answer.values


class InThisProcess(CommandLine):
    """The same verbs without a new process for each, which takes longer to start than most verbs take."""

    def __call__(self, *arguments: str | Path, typed: str = "") -> Answer:
        with pytest.MonkeyPatch.context() as here:
            # A verb's process ends; this one stays, and would start anew every supervisor that a test has ended.
            here.setattr(presence, "_keep", lambda workspace: None)
            done = CliRunner().invoke(app, list(map(str, arguments)), input=typed, env=self._environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)
