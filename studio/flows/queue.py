"""Queue: the line of runs that wait for a device: who is next, when each should begin, and how to change that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from studio.domain.errors import RunError
from studio.domain.job import GIVES_WAY, Job, JobKind, JobState, Need, need_of
from studio.domain.line import NOW, Span, Turn, Wait, span, turns
from studio.domain.machine import Gpu
from studio.domain.run import Run
from studio.flows import models, train
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.recipes.machine import usable_gpus
from studio.recipes.words import duration
from studio.store import datasets, jobs
from studio.store import runs as stored

# What waits in the line that people see; what gives way has no place in it.
KINDS = frozenset(kind for kind in JobKind if need_of(kind) is Need.DEVICE) - GIVES_WAY
PROCESSOR = "processor"
ANY = "any"
SOON = 5.0  # seconds
OTHERS = {
    JobKind.GENERATE: "answers to compare",
    JobKind.PROBE: "two steps that are tried",
    JobKind.LOCAL_OPINION: "a model that judges answers",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One that runs or waits. `run` is None for answers that are written; `begins` None while that cannot be known.

    `before` is who has its device until then: the one that runs there, or the last that waits for it ahead of this one.
    """

    job: Job
    run: Run | None
    name: str
    dataset: str = ""
    model: str = ""
    position: int = 0
    before: str = ""
    begins: Span | None = None

    @property
    def subject(self) -> str:
        return self.run.id if self.run else self.job.id


@dataclass(frozen=True, slots=True)
class Line:
    """What runs, what waits behind it in its order, and the GPUs of the machine."""

    running: tuple[Place, ...]
    waiting: tuple[Place, ...]
    gpus: tuple[Gpu, ...] = ()

    @property
    def has_choice(self) -> bool:
        """Whether there is more than one GPU to choose from."""
        return len(self.gpus) > 1

    def of(self, run_id: str) -> Place | None:
        """The place of a run that waits."""
        return next((place for place in self.waiting if place.subject == run_id), None)

    def device(self, uuid: str | None) -> str:
        """What people call a device: its number and name; one that is not there says so."""
        if uuid is None:
            return "any GPU"
        found = (f"GPU {number}, {gpu.name}" for number, gpu in enumerate(self.gpus) if gpu.uuid == uuid)
        return next(found, "a GPU that is not here any more")


def line(studio: Studio, *, gpus: Sequence[Gpu] | None = None, now: datetime | None = None) -> Line:
    """The line as it is now; `gpus` are those of this machine unless they are given."""
    gpus = tuple(usable_gpus() if gpus is None else gpus)
    found = jobs.live(studio.store, kinds=KINDS)
    named = _named(studio, found)
    running = [place for place in named if place.job.state is JobState.RUNNING]
    waiting = [place for place in named if place.job.state is JobState.QUEUED]
    free: dict[str, Span | None] = dict.fromkeys([gpu.uuid for gpu in gpus] or [PROCESSOR], NOW)
    for place in running:
        free[place.job.place or PROCESSOR] = _left(place, now or datetime.now(UTC))
    taken = turns([Wait(_takes(place), place.job.wants) for place in waiting], free)
    ahead = _ahead(running, waiting, taken)
    return Line(
        running=tuple(running),
        waiting=tuple(
            replace(each, position=number, before=before, begins=turn.begins)
            for number, (each, before, turn) in enumerate(zip(waiting, ahead, taken, strict=True), start=1)
        ),
        gpus=gpus,
    )


def _ahead(running: Sequence[Place], waiting: Sequence[Place], taken: Sequence[Turn]) -> list[str]:
    """Who has the device of each that waits before it does; all that may, while that device is not known."""
    last = {place.job.place or PROCESSOR: place.name for place in running}
    ahead = []
    for place, turn in zip(waiting, taken, strict=True):
        ahead.append(" and ".join(dict.fromkeys(last[each] for each in turn.places if each in last)))
        last |= dict.fromkeys(turn.places, place.name)
    return ahead


@logged("moved a run in the queue")
def move(studio: Studio, run_id: str, *, to: int) -> Place:
    """Give a waiting run another position in the line, counted from 1; beyond its end is the last."""
    found = train.run(studio, run_id)
    if to < 1:
        raise RunError(f"There is no position {to}.", fix="The first is 1.", field="to")
    jobs.move_in_line(studio.store, found.job.id, kinds=KINDS, to=to)
    return _waiting(studio, run_id)


@logged("chose a GPU for a run")
def choose(studio: Studio, run_id: str, gpu: str | None, *, gpus: Sequence[Gpu] | None = None) -> Place:
    """Choose the GPU for a waiting run by its number, its id, or "any"."""
    wanted = device_of(gpu, gpus=gpus)
    jobs.want(studio.store, train.run(studio, run_id).job.id, wanted)
    return _waiting(studio, run_id)


@logged("took a run out of the queue")
def leave(studio: Studio, run_id: str) -> Run:
    """Take a waiting run out of the line; it can be resumed. One that runs is stopped on Train."""
    found = train.run(studio, run_id)
    if found.job.state is not JobState.QUEUED:
        raise RunError(f"{found.name} does not wait.", fix="Stop it, or pause it, if it runs.")
    return train.stop(studio, run_id)


def device_of(gpu: str | None, *, gpus: Sequence[Gpu] | None = None) -> str | None:
    """The id of a GPU by its number or its id, None for any; RunError names those that there are."""
    if gpu in (None, "", ANY):
        return None
    there = tuple(usable_gpus() if gpus is None else gpus)
    for number, found in enumerate(there):
        if gpu in (str(number), found.uuid):
            return found.uuid
    known = ", ".join(f"{number} ({found.name})" for number, found in enumerate(there))
    raise RunError(
        f"There is no GPU {gpu} here.",
        fix=f"Choose any, or one of these: {known}." if known else "This machine has no GPU; leave the choice out.",
        field="gpu",
    )


def in_words(when: Span | None) -> str:
    """When one that waits begins, as people say it."""
    if when is None:
        return "at a time not known yet"
    return f"in {duration(when.low, when.high)}" if when.high >= SOON else "as soon as the machine is free"


def where(studio: Studio, run: Run) -> str:
    """Where a run stands in the line; empty for one that does not wait."""
    if run.job.state is not JobState.QUEUED:
        return ""
    now = line(studio)
    found = now.of(run.id)
    return place_words(found, now) if found else ""


def place_words(found: Place, line: Line) -> str:
    """Where a run that waits stands, in one or two sentences."""
    after = f", after {found.before}" if found.before else ""
    on = f" It waits for {line.device(found.job.wants)}." if found.job.wants else ""
    return f"Number {found.position} in the line{after}. It begins {in_words(found.begins)}.{on}"


def _waiting(studio: Studio, run_id: str) -> Place:
    found = line(studio).of(run_id)
    if found is None:
        raise RunError(jobs.NOT_WAITING, fix="Look at the line again.")
    return found


def _named(studio: Studio, found: Sequence[Job]) -> list[Place]:
    """Each with what it is for, in the same order."""
    runs = stored.several(studio.store, [job.subject_id for job in found if job.kind is JobKind.TRAIN])
    data = datasets.titles(studio.store, {run.dataset_id for run in runs.values()})
    titles = models.titles(studio) if runs else {}
    places = []
    for job in found:
        run = runs.get(job.subject_id)
        if run is None:
            places.append(Place(job, None, OTHERS.get(job.kind, "other work")))
        else:
            places.append(Place(job, run, run.name, data[run.dataset_id], titles.get(run.model_id, run.model_id)))
    return places


def _takes(place: Place) -> Span | None:
    """How long one that waits will take: what its plan says, less what was done before it was paused."""
    if place.run is None:
        return None
    whole = span(place.run.plan.seconds_low, place.run.plan.seconds_high)
    share = 1 - place.job.done / place.job.total if place.job.total else 1.0
    return Span(whole.low * share, whole.high * share) if whole else None


def _left(place: Place, now: datetime) -> Span | None:
    """How long one that runs still takes: its own estimate, or what its plan says while it has none."""
    if place.job.seconds_left is not None:
        return Span(place.job.seconds_left, place.job.seconds_left)
    whole = _takes(place)
    if whole is None or place.job.started_at is None:
        return None
    return whole.less(max((now - place.job.started_at).total_seconds(), 0.0))  # a clock may be set back
