"""A nursery for tests: the real one, which has also loaded what reads files, and bears workers of every kind.

python -m tests.nursery PADDING, as studio/nursery.py
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from studio import nursery
from studio.domain.job import JobKind
from studio.jobs.forking import Nursery
from studio.jobs.launcher import Handle, LocalLauncher

READERS = ("again", "ingest", "leakage", "measure", "topics")


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


if __name__ == "__main__":
    for name in READERS:
        import_module(f"studio.data.{name}")
    os._exit(nursery.main())
