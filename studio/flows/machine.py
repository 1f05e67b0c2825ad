"""Machine: what this computer can do, for the header row and for the doctor."""

from pathlib import Path

from studio.domain.job import JobState
from studio.domain.machine import Check, Machine
from studio.flows.studio import ASSETS, Studio
from studio.recipes.doctor import checks
from studio.recipes.machine import measure_machine
from studio.store import jobs


def machine(studio: Studio) -> Machine:
    return measure_machine(studio.workspace.root)


def busy(studio: Studio) -> tuple[int, int]:
    """How many jobs run and how many wait for their turn."""
    live = jobs.live(studio.store)
    running = sum(job.state is JobState.RUNNING for job in live)
    return running, len(live) - running


def doctor(workspaces: Path, *, port: int = 7860) -> list[Check]:
    """What the machine can do and what to do about what it cannot; needs no open workspace."""
    return checks(workspaces, assets=ASSETS, port=port)
