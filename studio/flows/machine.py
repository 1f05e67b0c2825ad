"""Machine: what this computer can do, for the header row and for the doctor."""

import os
from dataclasses import replace
from pathlib import Path

from studio.domain.job import JobState, Need, need_of
from studio.domain.machine import Check, Machine
from studio.flows import operating, reached
from studio.flows.studio import ASSETS, Studio
from studio.recipes.doctor import checks
from studio.recipes.machine import measure_machine, without
from studio.store import jobs


def machine(studio: Studio) -> Machine:
    return measure_machine(studio.workspace.root)


def for_the_next(studio: Studio, gpu: str | None = None) -> tuple[Machine, bool]:
    """The machine as a run that is started now will find it, and whether something has to end before that begins.

    A run begins only when whatever has its device has ended, so what that holds now counts as free. The first GPU is
    the one that was chosen (by its id), or for any of them the one with the most free memory, idle ones first.
    """
    running = [job for job in jobs.live(studio.store) if job.state is JobState.RUNNING]
    on_devices = [job for job in running if need_of(job.kind) is Need.DEVICE]
    found = machine(studio)
    left = without(found, [job.pid for job in on_devices if job.pid is not None])
    taken = {job.place for job in on_devices}
    gpus = sorted(left.gpus, key=lambda each: (each.uuid != gpu, each.uuid in taken, -each.free))
    has_to_wait = gpu in taken if gpu else len(on_devices) >= max(len(found.gpus), 1)
    return replace(left, gpus=tuple(gpus)), has_to_wait


def busy(studio: Studio) -> tuple[int, int]:
    """How many jobs run and how many wait for their turn."""
    live = jobs.live(studio.store)
    running = sum(job.state is JobState.RUNNING for job in live)
    return running, len(live) - running


def doctor(workspaces: Path, *, port: int = 7860, address: str = "") -> list[Check]:
    """What the machine can do, what is wrong with how the studio is set up, and with the way to its `address`."""
    found = [*checks(workspaces, assets=ASSETS, port=port), *operating.checks(workspaces, os.environ)]
    found.append(reached.check(os.environ, port=port))
    if os.environ.get("STUDIO_OIDC_ISSUER"):
        from studio.flows.discovery import checks as of_the_provider

        found += of_the_provider(os.environ)
    if not address:
        return found
    from studio.flows.through import through  # httpx takes longer to load than most verbs take

    return found + through(address)
