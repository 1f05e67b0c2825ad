"""The gates of a closed study, judged in this process as a worker would."""

from typing import Any

from studio.domain.event import EventKind, Outcome
from studio.domain.job import JobKind, JobState
from studio.flows.studio import Studio
from studio.store import jobs
from studio.worker import carry_out


class Listener:
    """A reporter that keeps what it is told, and wants it to end once it was told so many things."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.told: list[tuple[EventKind, dict[str, Any]]] = []
        self._stop_after = stop_after

    def report(self, kind: EventKind, **data: Any) -> None:
        self.told.append((kind, data))

    def should_stop(self) -> bool:
        return self._stop_after is not None and len(self.told) >= self._stop_after


def judge_waiting(studio: Studio, listener: Listener | None = None) -> Outcome | None:
    """Carry out the first job that waits for gates to be judged; None where there is none."""
    claimed = jobs.claim(studio.store, kinds=[JobKind.GATES])
    if claimed is None:
        return None
    job, spec = claimed
    outcome = carry_out(spec, listener or Listener())
    assert jobs.move(
        studio.store,
        job.id,
        attempt=job.attempt,
        to=JobState(outcome.state),
        message=outcome.message,
        fix=outcome.fix,
    )
    return outcome
