"""Faults: what went wrong with a run, as the screens and the command line tell it."""

from collections.abc import Sequence
from typing import Any

from studio.domain.event import EventKind
from studio.domain.fault import Fault, FaultCode
from studio.domain.job import JobState
from studio.domain.run import Run
from studio.flows.studio import Studio
from studio.jobs.vital import is_without_room
from studio.store import jobs

WAITS = "What cannot be written waits until there is room, and then goes on by itself."
ENDED_BY_A_FAULT = (JobState.FAILED, JobState.INTERRUPTED)


def fault_of(run: Run) -> Fault | None:
    """What ended a run that did not end by itself or by a wish; a run of an earlier version has only its sentence."""
    if run.job.state not in ENDED_BY_A_FAULT:
        return None
    if told := run.job.result.get("fault"):
        return Fault.model_validate(told)
    return Fault(code=FaultCode.CRASH, happened=run.job.message or "It ended without a word.", fix=run.job.fix)


def survived(studio: Studio, run: Run) -> list[Fault]:
    """What a run went on after, in order."""
    told = jobs.events(studio.store, run.job.id, kinds=[EventKind.NOTE])
    return survived_of(studio, run, [note.event.data for note in told])


def survived_of(studio: Studio, run: Run, notes: Sequence[dict[str, Any]]) -> list[Fault]:
    """The same of a run of which it is known what it has noted."""
    told = [Fault.model_validate(note["fault"]) for note in notes if note.get("fault")]
    if run.is_live and is_without_room(studio.workspace.root):  # nobody may be able to write it down
        told.append(Fault(code=FaultCode.DISK_FULL, happened="The disk of the workspace is full.", done=WAITS))
    return told
