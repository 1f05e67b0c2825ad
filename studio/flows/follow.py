"""Follow: what a run has told so far, how far it is, and what that means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from studio.domain.event import Event, EventKind
from studio.domain.job import JobState, Stretch
from studio.domain.reading import JUDGE, Reading, Tone, best_check, read_curves, read_end
from studio.domain.run import Best, Metric, Run
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store import runs as stored
from studio.store.told import Reported

END_OF_LOG = 256_000  # bytes of it that are shown
AFTER_TEXT = "Plain text asks nothing, so there is nothing to judge: talk with it, or begin a run on answers from it."
LOGGED = (EventKind.PHASE, EventKind.NOTE, EventKind.CHECKPOINT)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; times in seconds. `elapsed` is that of all attempts, `between` that from one to the next."""

    step: int
    steps: int
    share: float
    elapsed: float
    between: float
    seconds_left: float | None
    tokens_per_second: float | None
    best: Best | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the model said to a few fixed prompts at one step."""

    step: int
    items: tuple[tuple[str, str], ...]


def metrics(studio: Studio, run_id: str) -> list[Metric]:
    return stored.metrics(studio.store, run_id)


def answers(studio: Studio, run_id: str) -> list[Answers]:
    """Answers to the same few prompts at every check, the base model's first (step 0)."""
    return answers_of(stored.answers(studio.store, run_id))


def answers_of(told: Sequence[tuple[int, list[dict[str, str]]]]) -> list[Answers]:
    """The same of what was told at each step."""
    return [Answers(step=step, items=tuple((item["prompt"], item["answer"]) for item in items)) for step, items in told]


def stretches(studio: Studio, run: Run) -> list[Stretch]:
    """When each attempt of a run was at work."""
    return jobs.stretches(studio.store, run.job.id)


def progress(run: Run, points: list[Metric], at_work: Sequence[Stretch], *, now: datetime | None = None) -> Progress:
    """How far a run is, how long it was at work and how long it should still take."""
    job = run.job
    step = max((m.step for m in points), default=0)
    end = job.ended_at or now or datetime.now(UTC)
    elapsed = sum(stretch.seconds(end) for stretch in at_work)
    whole = Stretch(at_work[0].began_at).seconds(end) if at_work else 0.0
    left = job.seconds_left
    rate = [m.tokens_per_second for m in points if m.tokens_per_second]
    steps = job.total or run.plan.steps
    return Progress(
        step=step,
        steps=steps,
        share=min(1.0, step / steps) if steps else 0.0,
        elapsed=elapsed,
        between=max(whole - elapsed, 0.0),
        seconds_left=left,
        tokens_per_second=sum(rate[-20:]) / len(rate[-20:]) if rate else None,
        best=best_check(points),
    )


def reading(run: Run, points: list[Metric], *, place: str = "") -> Reading:
    """One or two sentences on a run: how it ended if it has, else how it is going; `place` is where it waits."""
    state, job = run.job.state, run.job
    if state is JobState.QUEUED:
        stands = place or "It starts as soon as the machine is free."
        return Reading(Tone.QUIET, "Waiting.", f"{stands} {job.message}".strip() if place else job.message or stands)
    if state is JobState.FAILED:
        return Reading(Tone.BAD, "It stopped with a problem.", f"{job.message} {job.fix}".strip())
    if state is JobState.INTERRUPTED:
        return Reading(Tone.WARNING, "Interrupted.", f"{job.message} {job.fix}".strip())
    if job.is_stopping and job.pausing:
        return Reading(Tone.QUIET, "Pausing.", "It finishes the current step and saves its state.")
    if job.is_stopping:
        return Reading(Tone.QUIET, "Stopping.", "It finishes the current step and saves a last checkpoint.")
    if state is JobState.RUNNING and not points:
        return Reading(
            Tone.QUIET, f"{(job.phase or 'starting').capitalize()}.", "The first points of the curve follow."
        )
    if state in (JobState.DONE, JobState.STOPPED):
        return _ending(run, points)
    return read_curves(points)


def _ending(run: Run, points: list[Metric]) -> Reading:
    """How a run ended that did so by itself or by a wish."""
    if run.job.is_paused:
        step = max((point.step for point in points), default=0)
        text = f"It stands after step {step:,} of {run.plan.steps:,}; Resume goes on exactly from there."
        return Reading(Tone.QUIET, "Paused.", text)
    then = AFTER_TEXT if run.plan.is_text else JUDGE
    if not run.job.result.get("stopped_early"):
        return read_end(points, title="Finished." if run.job.state is JobState.DONE else "Stopped by you.", then=then)
    checks = f"{run.recipe.patience} check{'s' if run.recipe.patience > 1 else ''}"
    why = f"Validation loss had not improved for {checks}, so more would not have helped."
    said = read_end(points, title="Finished early.", then=then)
    return replace(said, text=f"{why} {said.text}")


def log_tail(studio: Studio, run_id: str, *, lines: int = 200) -> str:
    """What the run did, a line for each thing with its time in UTC, and the end of what its worker wrote itself."""
    found = stored.look(studio.store, run_id)
    return log_of(studio, found.run, found.reported, lines=lines)


def log_of(studio: Studio, run: Run, reported: Reported, *, lines: int = 200) -> str:
    """The same of a run of which it is known what it has reported."""
    path = studio.workspace.attempt(run.job.id, run.job.attempt) / "log.txt"
    try:
        found = path.stat()
        state = (found.st_ino, found.st_size, found.st_mtime_ns)
    except OSError:
        state = None

    def made() -> str:
        told = [_log_line(event) for event in reported.events(*LOGGED)]
        written = _end_of(path).splitlines() if state else []
        return "\n".join([*told[-lines:], *written[-lines:]])

    return studio.latest.of(("log", run.id, lines), (reported, path, state), made)


def _end_of(path: Path) -> str:
    """The last words of a file that may be very long."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_OF_LOG))
        return file.read(END_OF_LOG).decode(errors="replace")


def _log_line(event: Event) -> str:
    """One event as a line of the log; steps and losses are in the curve and not here."""
    data = event.data
    match event.kind:
        case EventKind.PHASE:
            said = data["name"]
        case EventKind.NOTE:
            said = data["text"]
        case _ if data.get("removed"):
            said = f"the checkpoint of step {data['step']:,} is let go: later or better ones are kept"
        case _:
            said = f"checkpoint of step {data['step']:,} saved, validation loss {data['validation_loss']:.4f}"
    return f"{datetime.fromtimestamp(event.at, UTC):%H:%M:%S}  {said}"
