"""Machine: what this computer can do, for the header row and for the doctor."""

from pathlib import Path

from studio.domain.machine import Check, Machine
from studio.flows.studio import ASSETS, Studio
from studio.recipes.doctor import checks
from studio.recipes.machine import measure_machine


def machine(studio: Studio) -> Machine:
    return measure_machine(studio.workspace.root)


def doctor(workspaces: Path, *, port: int = 7860) -> list[Check]:
    """What the machine can do and what to do about what it cannot; needs no open workspace."""
    return checks(workspaces, assets=ASSETS, port=port)
