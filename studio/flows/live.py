"""Live: a run as whoever looks at it sees it now, all of it from one reading."""

from dataclasses import dataclass

from studio.domain.fault import Fault
from studio.domain.job import JobState, Stretch
from studio.domain.reading import best_check
from studio.domain.run import Best, Checkpoint, Metric, Run
from studio.flows import again, faults, follow, models, queue, train
from studio.flows.follow import Answers
from studio.flows.studio import Studio
from studio.store import runs as stored
from studio.store.told import Moment


@dataclass(frozen=True, slots=True)
class Look:
    """All that a run's screen is drawn from but the time: equal for all who look until something of it is another.

    `measured` and `answered` are when the curves and the answers became what they are.
    """

    run: Run
    measured: Moment
    answered: Moment
    points: list[Metric]
    best: Best | None
    answers: list[Answers]
    kept: list[Checkpoint]
    at_work: list[Stretch]
    survived: list[Fault]
    title: str
    origin: str
    place: str
    log: str


def look(studio: Studio, run_id: str) -> Look:
    """The run as it is now; RunError when there is none."""
    found = stored.look(studio.store, run_id)  # first: once it has ended, all that follows is there
    run, told = found.run, found.reported
    return Look(
        run=run,
        measured=told.measured,
        answered=told.answered,
        points=told.metrics,
        best=studio.latest.of(("best", run_id), told, lambda: best_check(told.metrics)),
        answers=studio.latest.of(("answers", run_id), told, lambda: follow.answers_of(told.answers)),
        kept=train.with_harm(studio.workspace.run(run_id), found.saved, found.ever),
        at_work=list(found.at_work),
        survived=faults.survived_of(studio, run, told.notes),
        title=models.title(studio, run.model_id),
        origin=again.origin_words(studio, run),
        place=queue.where(studio, run) if run.job.state is JobState.QUEUED else "",
        log=follow.log_of(studio, run, told),
    )
