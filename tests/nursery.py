"""A nursery for tests: the real one, which has also loaded what reads files, and bears workers of every kind.

python -m tests.nursery PADDING, as studio/nursery.py
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path

from studio import nursery
from studio.domain.job import JobKind
from studio.jobs.forking import Nursery
from studio.jobs.launcher import Handle, LocalLauncher

READERS = ("again", "ingest", "leakage", "measure", "topics")
TOKENS = 8  # at most, that a run says to a prompt that it never trains on


@dataclass(frozen=True, slots=True)
class Bearing:
    """Every worker is forked from one nursery, whichever workspace it works for."""

    nursery: Nursery
    afresh: LocalLauncher = field(default_factory=LocalLauncher)

    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> Handle:
        def start_afresh() -> Handle:
            return self.afresh.start(attempt_folder, kind=kind, env=env)

        try:
            return self.nursery.bear(attempt_folder, command=self.afresh.command, env=env, otherwise=start_afresh)
        except OSError:  # it has ended, as it does where there is a GPU
            return start_afresh()


def load() -> bool:
    """Load as the real nursery does; what a run says now to a few prompts, at each of its checks, is cut short.

    With all of its words that takes a third of the time of such runs. The tests of the engine have it said to its end.
    """
    is_of_use = load_all()
    checks = import_module("studio.engine.checks")
    checks.WATCH = replace(checks.WATCH, max_new_tokens=TOKENS)
    return is_of_use


if __name__ == "__main__":
    for name in READERS:
        import_module(f"studio.data.{name}")
    for check in ("refusals", "self_reference"):  # whose expressions take longer to compile than most files to read
        import_module(f"studio.data.checks.{check}").spans("As an AI, I cannot help with that.")
    load_all, nursery.load = nursery.load, load
    os._exit(nursery.main())
