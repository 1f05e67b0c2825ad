"""Again: a run that comes from another one, with one change or for longer."""

from math import ceil

from studio.domain.errors import RunError
from studio.domain.method import FURTHER
from studio.domain.recipe import Recipe
from studio.domain.run import Origin, Run
from studio.flows import choose, faults, train
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import splits


@logged("started a run again")
def retry(studio: Studio, run_id: str, *, key: str) -> Run:
    """Start the run that a fault proposes: its one change, from the last good checkpoint or anew."""
    failed = train.run(studio, run_id)
    fault = faults.fault_of(failed)
    if fault is None or not fault.change:
        raise RunError(f"There is no change to try for {failed.name}.", fix="Resume it, or start a new run.")
    recipe = choose.changed(failed.recipe, dict(fault.change))
    kept = [checkpoint.step for checkpoint in train.checkpoints(studio, run_id)]
    step = fault.step if fault.step in kept else None
    if step is not None:
        recipe = for_the_rest(recipe, failed, step)
    return _start(studio, failed, recipe, Origin(run_id, step, "retry"), key=key)


@logged("had a run trained for longer")
def longer(studio: Studio, run_id: str, *, step: int | None = None, passes: float, key: str) -> Run:
    """Train further from a checkpoint (the best one by default) of a run that has ended, by the same recipe."""
    first = train.run(studio, run_id)
    if first.is_live:
        raise RunError(f"{first.name} is still training.", fix="Wait until it ends, or stop it first.")
    if first.recipe.method not in FURTHER:
        raise RunError(
            f"{first.name} left a prefix, which can answer but not be trained further.",
            fix="Start a new run with more passes.",
        )
    checkpoint = train.checkpoint_at(studio, run_id, step)
    recipe = choose.changed(first.recipe, {"epochs": passes})
    return _start(studio, first, recipe, Origin(run_id, checkpoint.step, "longer"), key=key)


WHENCE = {"retry": "retry of {name}", "longer": "{name} trained longer", "stage": "begun from {name}"}


def origin_words(studio: Studio, run: Run) -> str:
    """Which run this one comes from; empty for one that comes from none."""
    if run.origin is None:
        return ""
    words = WHENCE[run.origin.why].format(name=train.run(studio, run.origin.run_id).name)
    return words if run.origin.step is None else f"{words} from step {run.origin.step:,}"


def for_the_rest(recipe: Recipe, failed: Run, step: int) -> Recipe:
    """The recipe for what was left of a run after a step; at least one step of it."""
    done = step / failed.plan.steps_per_epoch
    left = max(recipe.epochs - done, 1 / failed.plan.steps_per_epoch)
    checks = max(1, round(recipe.evaluations * left / recipe.epochs))
    return recipe.model_copy(update={"epochs": _without_a_step_more(left, failed), "evaluations": checks})


def _without_a_step_more(left: float, failed: Run) -> float:
    """So many passes in six digits: rounded up, or a hair above a whole step, they would be one step longer."""
    a_pass, passes = failed.plan.steps_per_epoch, round(left, 6)
    return passes if ceil(passes * a_pass) <= ceil(left * a_pass - 1e-6) else round(passes - 1e-6, 6)


def _start(studio: Studio, source: Run, recipe: Recipe, origin: Origin, *, key: str) -> Run:
    """On the rows of the source and no others: what was sealed for it stays sealed."""
    begin, step, found = source.id, origin.step, source
    while step is None and found.origin is not None:  # it began from another run itself, or its source did
        begin, step = found.origin.run_id, found.origin.step
        found = train.run(studio, begin)
    return train.start(
        studio,
        source.dataset_id,
        source.model_id,
        recipe,
        name=train.free_name(studio, f"{source.name} {origin.why}"),
        begin=begin if step is not None else None,
        step=step,
        origin=origin,
        dealt_as=splits.get(studio.store, source.split_id),
        key=key,
    )
