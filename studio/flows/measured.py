"""Measured: what runs and trials of two steps took of this machine, beside what had been planned for them."""

from dataclasses import dataclass
from datetime import datetime

from studio.domain.job import JobState
from studio.domain.method import Method
from studio.domain.plan import Estimate, Measurement
from studio.domain.recipe import Recipe
from studio.domain.run import Run
from studio.flows.studio import Studio
from studio.recipes.words import duration, gigabytes
from studio.store import measured as stored

NEXT = "The next plan for this model and method starts from that."


@dataclass(frozen=True, slots=True)
class Compared:
    """Planned against measured: bytes, and seconds from the start to the end where the whole run was made in one go."""

    memory_planned: int
    memory: int
    seconds_planned: tuple[float, float]
    seconds: float | None

    @property
    def sentence(self) -> str:
        apart = _apart(self.memory / self.memory_planned)
        memory = f"Memory: {gigabytes(self.memory_planned)} planned, {gigabytes(self.memory)} held ({apart})."
        if self.seconds is None:
            return f"{memory} {NEXT}"
        took = duration(self.seconds, self.seconds)
        return f"{memory} Time: {duration(*self.seconds_planned)} planned, {took} taken. {NEXT}"


def known(studio: Studio, model_id: str, method: Method, device: str) -> list[Measurement]:
    """What was found with a model and a method on this device, the newest first."""
    found = [*_of_trials(studio, model_id, method, device), *_of_runs(studio, model_id, method, device)]
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]


def compared(run: Run) -> Compared | None:
    """How a run that came to its end did against its plan; None for one that did not, or of which nothing is known."""
    job, held = run.job, run.job.result.get("peak_memory")
    if job.state is not JobState.DONE or not held or job.started_at is None or job.ended_at is None:
        return None
    in_one_go = job.attempt == 1 and not job.result.get("stopped_early")
    return Compared(
        memory_planned=run.plan.memory_needed,
        memory=held,
        seconds_planned=(run.plan.seconds_low, run.plan.seconds_high),
        seconds=(job.ended_at - job.started_at).total_seconds() if in_one_go else None,
    )


def _of_trials(studio: Studio, model_id: str, method: Method, device: str) -> list[tuple[datetime, Measurement]]:
    found = []
    for job in stored.trials(studio.store):
        about = job.result["about"]
        if (about["model"], about["recipe"]["method"], about["device"]) == (model_id, method, device) and job.ended_at:
            words = f"Measured on this machine on {job.ended_at:%-d %B %Y}: two steps were tried."
            estimate = Estimate(**about["estimate"])
            recipe = Recipe.model_validate(about["recipe"])
            found.append((job.ended_at, _measurement(job.result, estimate, recipe, words)))
    return found


def _of_runs(studio: Studio, model_id: str, method: Method, device: str) -> list[tuple[datetime, Measurement]]:
    found = []
    for run in stored.ended_runs(studio.store, model_id):
        ended, result = run.job.ended_at, run.job.result
        if run.recipe.method == method and run.plan.device == device and ended and result.get("peak_memory"):
            words = f"Measured on this machine on {ended:%-d %B %Y}: the run {run.name}."
            found.append((ended, _measurement(result, run.plan.estimate, run.recipe, words)))
    return found


def _measurement(result: dict[str, float], estimate: Estimate, recipe: Recipe, words: str) -> Measurement:
    return Measurement(estimate, int(result["peak_memory"]), float(result.get("tokens_per_second") or 0), recipe, words)


def _apart(factor: float) -> str:
    """How far measured is from planned, in words."""
    percent = round(100 * (factor - 1))
    if percent == 0:
        return "as planned"
    return f"{abs(percent)} % {'more' if percent > 0 else 'less'}"
