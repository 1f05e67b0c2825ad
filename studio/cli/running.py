"""Running: the verbs that follow a run, end it, let it go on, and start another one from it."""

import os
import time
from typing import Annotated, Any

import typer

from studio.cli import logbook
from studio.cli.output import Json, answer, error_values, say, verb
from studio.cli.workspace import opened
from studio.domain.errors import RunError
from studio.domain.job import Job, JobState
from studio.domain.run import Run
from studio.flows import again, faults, follow, measured, queue, train, trying
from studio.flows import logbook as notebook
from studio.flows.studio import Studio

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run, as `train` names it.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return when the run has ended.")]


def new_key() -> str:
    """Every call is a wish of its own."""
    return f"cli:{time.time_ns()}:{os.getpid()}"


def answer_run(studio: Studio, run: Run, *, wait: bool, json: bool) -> None:
    """Tell of a run, with `wait` once it has ended; exit status 1 when it ended without what was asked for."""
    if wait:
        run = _followed(studio, run.id, quiet=json)
    failed = wait and run.job.state not in (JobState.DONE, JobState.STOPPED)
    error = error_values(RunError(run.job.message, fix=run.job.fix)) if failed else {}
    answer(json, _run_values(studio, run) | error, _run_words(studio, run))
    if failed:
        raise typer.Exit(1)


def tried(studio: Studio, job: Job) -> None:
    """Wait for a trial of two steps; an error when it found nothing."""
    train.wait(studio, job.id)
    ended = trying.job(studio, job.id)
    if ended.state is not JobState.DONE:
        raise RunError(f"Two steps could not be tried: {ended.message}", fix=ended.fix or "Try it again.")


def _followed(studio: Studio, run_id: str, *, quiet: bool) -> Run:
    """The run once it has ended; its checks, and what it goes on after, are printed as they come."""
    shown, told = 0, 0
    while True:
        run = train.run(studio, run_id)
        checks = [point for point in follow.metrics(studio, run_id) if point.validation_loss is not None]
        survived = faults.survived(studio, run)
        if not quiet:
            for fault in survived[told:]:
                say(f"  {fault.sentence}")
            for point in checks[shown:]:
                say(f"  step {point.step:>5,}  validation loss {point.validation_loss:.3f}")
        shown, told = len(checks), len(survived)
        if not run.is_live:
            return run
        time.sleep(0.3)


def _run_values(studio: Studio, run: Run) -> dict[str, Any]:
    points = follow.metrics(studio, run.id)
    return {
        "run": run.id, "name": run.name, "state": run.job.state, "words": run.job.words, "message": run.job.message,
        "fix": run.job.fix, "dataset": run.dataset_id, "model": run.model_id, "recipe": run.recipe,
        "attempt": run.job.attempt, "progress": follow.progress(run, points, follow.stretches(studio, run)),
        "result": run.job.result,
        "checkpoints": train.saved(studio, run.id), "origin": run.origin, "fault": faults.fault_of(run),
        "survived": faults.survived(studio, run), "against_plan": measured.compared(run),
    }  # fmt: skip


def _run_words(studio: Studio, run: Run) -> str:
    """Where a run is; what ended it stands below, a line for each part of it."""
    points, fault = follow.metrics(studio, run.id), faults.fault_of(run)
    far = follow.progress(run, points, follow.stretches(studio, run))
    said = follow.reading(run, points, place=queue.where(studio, run))
    head = f"{run.id}  {run.name}: {run.job.words}, step {far.step:,} of {far.steps:,}."
    damaged = [
        f"\nThe checkpoint of step {c.step:,} is damaged: {c.harm}." for c in train.saved(studio, run.id) if c.harm
    ]
    if fault is None:
        against = measured.compared(run)
        return f"{head} {said.title} {said.text}" + (f"\n{against.sentence}" if against else "") + "".join(damaged)
    hint = f"`retry {run.id}` does that." if fault.change else f"`resume {run.id}` lets it go on."
    parts = [("what happened", fault.happened), ("why", fault.why), ("done", fault.done)]
    parts.append(("what to do", f"{fault.next_step} {hint}".strip()))
    return "\n".join([head, *(f"  {name:<14} {words}" for name, words in parts if words)]) + "".join(damaged)


@verb
def runs(run: Annotated[str | None, typer.Argument(metavar="[RUN]")] = None, json: Json = False) -> None:
    """List the runs, or show one."""
    studio = opened()
    if run:
        found = train.run(studio, run)
        written = {"snapshot": notebook.snapshot(studio, run), "kept": notebook.entry(studio, run)}
        answer(json, _run_values(studio, found) | written, _run_words(studio, found))
        return
    every = notebook.kept(studio)
    words = "\n".join(f"{k.run.id}  {k.run.words:<11} {k.run.name}" for k in every) or "There is no run yet."
    answer(json, [logbook.values(kept) for kept in every], words)


@verb
def stop(run: RunId, json: Json = False) -> None:
    """Stop a run after its current step and keep the best checkpoint."""
    _tell_state(train.stop(opened(working=True), run), json=json)


@verb
def pause(run: RunId, json: Json = False) -> None:
    """Let a run save its state after the current step and rest; `resume` goes on exactly from there."""
    _tell_state(train.pause(opened(working=True), run), json=json)


def _tell_state(run: Run, *, json: bool) -> None:
    answer(json, {"run": run.id, "state": run.job.state, "words": run.job.words}, f"{run.id}: {run.job.words}.")


@verb
def resume(run: RunId, wait: Wait = False, json: Json = False) -> None:
    """Let a paused, interrupted, stopped or failed run go on from its last checkpoint."""
    studio = opened(working=True)
    answer_run(studio, train.resume(studio, run), wait=wait, json=json)


@verb
def retry(run: RunId, wait: Wait = False, json: Json = False) -> None:
    """Start a failed run anew with the one change that it proposes, from its last good checkpoint if any."""
    studio = opened(working=True)
    answer_run(studio, again.retry(studio, run, key=new_key()), wait=wait, json=json)


@verb
def use(
    run: RunId,
    step: Annotated[int | None, typer.Option(help="A checkpoint; the best one again if left out.")] = None,
    json: Json = False,
) -> None:
    """Choose the checkpoint of a run that is compared, asked and delivered."""
    chosen = train.use(opened(), run, step)
    answer(json, {"run": run, "step": chosen.step}, f"{run}: the checkpoint of step {chosen.step:,} is used.")


@verb
def longer(
    run: RunId,
    passes: Annotated[float, typer.Option(help="Passes over the data from there.")] = 1.0,
    step: Annotated[int | None, typer.Option(help="A checkpoint; the best one if left out.")] = None,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Train longer from a checkpoint of a run that has ended, as a new run."""
    studio = opened(working=True)
    answer_run(studio, again.longer(studio, run, step=step, passes=passes, key=new_key()), wait=wait, json=json)
