"""Train: start a run, stop it, and let it go on."""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from studio.domain.errors import RecipeError, RunError
from studio.domain.job import Wish
from studio.domain.method import FURTHER
from studio.domain.model import Model
from studio.domain.plan import Choice, Plan
from studio.domain.recipe import Recipe
from studio.domain.run import Checkpoint, Listed, Origin, Run
from studio.domain.space import Claim
from studio.domain.split import Split
from studio.engine.checkpoints import harm, place_aside
from studio.flows import bring, choose, inspect, logbook, models, space, split, trackers
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.recipes.memory import trained_values
from studio.recipes.shape import shape_of_folder
from studio.store import jobs
from studio.store import runs as stored
from studio.store.ids import new_id

WATCHED = 3
# What is trained is of one kind where these are the same; what a method does not have is the same everywhere.
SHAPE_OF_ADAPTER = ("method", "rank", "alpha_over_rank", "rank_stabilised", "dora")


@logged("started a run")
def start(
    studio: Studio,
    dataset_id: str,
    model_id: str,
    recipe: Recipe,
    *,
    name: str | None = None,
    begin: str | None = None,
    step: int | None = None,
    origin: Origin | None = None,
    dealt_as: Split | None = None,
    gpu: str | None = None,
    key: str,
) -> Run:
    """Put a run in the queue and return at once; the same `key` again is the same run, so two clicks make one.

    `gpu` is the id of the one that it is to have, None for any. `begin` is a run whose adapter or whole model is
    trained further, from its checkpoint at `step` or else from its best one. `origin` is where the run comes from in
    the words of people, `dealt_as` the split that it keeps; otherwise it takes the current one.
    """
    ordered = order(
        studio, dataset_id, model_id, recipe, begin=begin, step=step, origin=origin, dealt_as=dealt_as, gpu=gpu
    )
    name = name or free_name(studio, ordered.called)
    values = ordered.values | {"spec": ordered.values["spec"] | {"name": name}}
    return logbook.opened(studio, stored.add(studio.store, name=name, key=key, **values))


@dataclass(frozen=True, slots=True)
class Order:
    """A run that could be started: nothing refuses it. `values` are those of `store.runs.add`."""

    called: str
    plan: Plan
    values: dict[str, Any]


def order(
    studio: Studio,
    dataset_id: str,
    model_id: str,
    recipe: Recipe,
    *,
    begin: str | None = None,
    step: int | None = None,
    origin: Origin | None = None,
    dealt_as: Split | None = None,
    gpu: str | None = None,
) -> Order:
    """All that a run needs, from what `start` is given; a StudioError says why there can be none."""
    trackers.check(recipe)
    dataset = bring.ready(studio, dataset_id)
    model = models.usable(studio, model_id)
    dealt_as = dealt_as or split.current(studio, dataset_id)
    plan = choose.plan(studio, dataset_id, model_id, recipe, dealt_as=dealt_as, gpu=gpu)
    first = _first_stage(studio, begin, step, model_id, recipe) if begin else None
    if first:
        plan, origin = first.planned(plan), origin or first.origin
    dealt = _dealt(studio, dataset_id, model_id, recipe, dealt_as)
    run_id = new_id("run")
    watch = [] if dataset.is_text else dealt.validation[:WATCHED]
    spec = _spec(studio, run_id, dataset_id, model, recipe, plan, dealt) | {"watch": watch}
    values = {
        "id": run_id,
        "dataset_id": dataset_id,
        "split_id": dealt_as.id,
        "model_id": model_id,
        "recipe": recipe,
        "plan": plan,
        "origin": origin,
        "wants": gpu,
        "claim": _claim(studio, run_id, model, recipe),
        "spec": spec | (first.spec(studio) if first else {}),
    }
    return Order(dataset.sample or dataset.name, plan, values)


def _claim(studio: Studio, run_id: str, model: Model, recipe: Recipe) -> Claim:
    """What the run will write at most; RunError where there is no room for it now."""
    assert model.path is not None
    size = space.of_run(trained_values(shape_of_folder(model.path), recipe))
    claim = space.claim(studio, size, studio.workspace.run(run_id), "This run", error=RunError)
    space.insist(studio, claim)
    return claim


def _dealt(studio: Studio, dataset_id: str, model_id: str, recipe: Recipe, dealt_as: Split) -> split.Dealt:
    """The rows that are learned from and checked with at this cut-off; RunError where none are left."""
    lengths = inspect.measured(studio, dataset_id, model_id)
    assert lengths is not None
    _, dealt = choose.used(studio, dataset_id, recipe, lengths, dealt_as)
    for part, rows in (("training", dealt.train), ("validation", dealt.validation)):
        if not rows:
            raise RunError(
                f"No {part} rows are left at a cut-off of {recipe.max_length} tokens.",
                fix="Raise the cut-off or change the split.",
                field="max_length",
            )
    return dealt


def _spec(
    studio: Studio, run_id: str, dataset_id: str, model: Model, recipe: Recipe, plan: Plan, dealt: split.Dealt
) -> dict[str, Any]:
    """What a worker reads of a run: where it works, what it learns from, and how that is carried out."""
    return {
        "run": str(studio.workspace.run(run_id)),
        "dataset": str(studio.workspace.dataset(dataset_id)),
        "model": str(model.path),
        "model_id": model.id,
        "recipe": recipe.model_dump(),
        "train": dealt.train,
        "validation": dealt.validation,
        "expected_steps": plan.steps,
        "way": asdict(plan.way),
        "resume": False,
    }


@dataclass(frozen=True, slots=True)
class FirstStage:
    """The run and the checkpoint that another run begins from."""

    run: Run
    checkpoint: Checkpoint

    @property
    def origin(self) -> Origin:
        return Origin(self.run.id, self.checkpoint.step, "stage")

    def planned(self, plan: Plan) -> Plan:
        """The plan of a run that begins from there."""
        return replace(plan, choices=(*map(self._compared, plan.choices), self._choice))

    @property
    def _choice(self) -> Choice:
        what = "All that it learned" if self.run.recipe.method == "full" else "Its adapter"
        return Choice("Begins from", f"{self.run.name}, step {self.checkpoint.step:,}", f"{what} is trained further.")

    def _compared(self, choice: Choice) -> Choice:
        """The same, but that pairs are compared with where the run begins, and no longer with the base."""
        if choice.name != "Compared with" or self.run.recipe.method == "full":
            return choice
        return replace(choice, value=f"{self.run.name} as it was", why="A copy of its adapter is kept beside it.")

    def spec(self, studio: Studio) -> dict[str, str]:
        folder = studio.workspace.run(self.run.id) / self.checkpoint.path
        return {"begin": str(folder), "begin_sha256": self.checkpoint.sha256}


def first_stages(studio: Studio, model_id: str) -> list[Listed]:
    """Runs of a model that another run can begin from, the newest first."""
    ended = [found for found in runs(studio, model_id=model_id) if not found.is_live]
    methods = stored.methods(studio.store, [found.id for found in ended])
    further = [found for found in ended if methods[found.id] in FURTHER]
    kept = saved_of(studio, [found.id for found in further])
    return [found for found in further if any(not each.harm for each in kept[found.id])]


def of_the_same_adapter(recipe: Recipe, first: Run) -> Recipe:
    """The recipe with the method and the kind of adapter that a first stage has, so that it can begin from it."""
    shape = {name: getattr(first.recipe, name) for name in SHAPE_OF_ADAPTER}
    return recipe.by(first.recipe.method).model_copy(update=shape)


def _first_stage(studio: Studio, run_id: str, step: int | None, model_id: str, recipe: Recipe) -> FirstStage:
    """A checkpoint of a run, which must hold what the recipe trains: of the same model, method and shape."""
    found = run(studio, run_id)
    if found.model_id != model_id:
        raise RunError(f"{found.name} is a run of another model.", fix="Choose its model, or begin from the base.")
    if found.recipe.method not in FURTHER:
        raise RecipeError(
            f"{found.name} left a prefix, which can answer but not be trained further.",
            fix="Begin from the base with more passes, or train the first stage by QLoRA, LoRA or full fine-tuning.",
            field="method",
        )
    mine, other = ([getattr(each, name) for name in SHAPE_OF_ADAPTER] for each in (recipe, found.recipe))
    if mine != other:
        whole = found.recipe.method == "full"
        raise RecipeError(
            f"{found.name} left a whole model." if whole else f"{found.name} has another kind of adapter.",
            fix="Choose full fine-tuning as well, or begin from the base."
            if whole
            else "Choose the same method, rank, strength, rsLoRA and DoRA as it has, or begin from the base.",
            field="method",
        )
    return FirstStage(found, checkpoint_at(studio, run_id, step))


def free_name(studio: Studio, dataset_name: str) -> str:
    """A short name after the dataset with the next free number: triage-3."""
    stem, taken, number = stem_of(dataset_name), stored.names(studio.store), 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def stem_of(name: str) -> str:
    """What names are numbered after."""
    return re.sub(r"[^\w]+", "-", name.lower().replace("'", "")).strip("-")[:32] or "run"


def run(studio: Studio, run_id: str) -> Run:
    return stored.get(studio.store, run_id)


def runs(studio: Studio, **wanted: Any) -> list[Listed]:
    """The runs of the workspace, the newest first: all, or those `wanted` as `store.runs.all` takes it."""
    return stored.all(studio.store, **wanted)


@logged("renamed a run")
def rename(studio: Studio, run_id: str, name: str) -> Run:
    if not name.strip():
        raise RunError("A run needs a name.", fix="Type a few letters.", field="name")
    return stored.rename(studio.store, run_id, name.strip()[:80])


def checkpoints(studio: Studio, run_id: str) -> list[Checkpoint]:
    """The checkpoints that are on disk as they were written, in the order of their steps."""
    return [each for each in saved(studio, run_id) if not each.harm]


def saved(studio: Studio, run_id: str) -> list[Checkpoint]:
    """The same with those that are damaged, or were found so and set aside, each with what is wrong with it."""
    return saved_of(studio, [run_id])[run_id]


def saved_of(studio: Studio, run_ids: Sequence[str]) -> dict[str, list[Checkpoint]]:
    """The same of each of these runs."""
    both = stored.both_of(studio.store, run_ids)
    return {run_id: with_harm(studio.workspace.run(run_id), *both[run_id]) for run_id in run_ids}


def with_harm(folder: Path, now: Sequence[Checkpoint], ever: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The checkpoints of a run in this folder that are there, of those that ever were, as their files are by now."""
    kept = [replace(each, harm=harm(folder / each.path)) for each in now]
    there = {each.step for each in kept}
    for each in ever:
        aside = place_aside(folder / each.path)
        if each.step not in there and aside.is_dir():
            kept.append(replace(each, harm=f"{harm(aside) or 'it was damaged'}; it was set aside when the run went on"))
    return sorted(kept, key=lambda each: each.step)


def best_checkpoint(studio: Studio, run_id: str) -> Checkpoint:
    """The checkpoint with the lowest validation loss; RunError while there is none."""
    kept = checkpoints(studio, run_id)
    if not kept and saved(studio, run_id):
        raise RunError("Every checkpoint of this run is damaged.", fix="Train again.")
    if not kept:
        raise RunError("This run has no checkpoint yet.", fix="Wait for the first check, or train again.")
    return min(kept, key=lambda checkpoint: (checkpoint.validation_loss, checkpoint.step))


@logged("chose a checkpoint")
def use(studio: Studio, run_id: str, step: int | None) -> Checkpoint:
    """Choose what Compare and Deliver take of a run: the checkpoint of `step`, or the best one again."""
    chosen = best_checkpoint(studio, run_id) if step is None else checkpoint_at(studio, run_id, step)
    stored.choose(studio.store, run_id, step)
    return chosen


def checkpoint_at(studio: Studio, run_id: str, step: int | None) -> Checkpoint:
    """The checkpoint of `step`; without one, that which was chosen for use, or else the best."""
    kept = {checkpoint.step: checkpoint for checkpoint in checkpoints(studio, run_id)}
    if step is None:
        chosen = run(studio, run_id).chosen_step
        return kept[chosen] if chosen in kept else best_checkpoint(studio, run_id)
    if step in kept:
        return kept[step]
    damaged = next((each for each in saved(studio, run_id) if each.step == step), None)
    if damaged:
        raise RunError(
            f"The checkpoint of step {step:,} is damaged: {damaged.harm}.",
            fix="Pick another one from the table of checkpoints, or train again.",
        )
    raise RunError(f"There is no checkpoint at step {step}.", fix="Pick one from the table of checkpoints.")


@logged("stopped a run")
def stop(studio: Studio, run_id: str) -> Run:
    """Ask a run to stop after its current step; the best checkpoint is kept."""
    return _end(studio, run_id, pausing=False)


@logged("paused a run")
def pause(studio: Studio, run_id: str) -> Run:
    """Ask a run to save its state after the current step and make room for others; it goes on when it is resumed."""
    return _end(studio, run_id, pausing=True)


def _end(studio: Studio, run_id: str, *, pausing: bool) -> Run:
    found = run(studio, run_id)
    if not found.is_live:
        what = "paused" if pausing else "stopped"
        raise RunError(f"{found.name} is not running.", fix=f"Nothing needs to be {what}.")
    jobs.wish(studio.store, found.job.id, Wish.STOP, pausing=pausing)
    return run(studio, run_id)


@logged("resumed a run")
def resume(studio: Studio, run_id: str) -> Run:
    """Let a run that was interrupted, stopped or failed go on from its last checkpoint.

    A model that is gone is no refusal here: the run tells it, with what to do, where everyone sees it.
    """
    found = run(studio, run_id)
    if found.is_live:
        return found
    if not found.can_resume:
        raise RunError(f"{found.name} has finished.", fix="Start a new run to train longer.")
    model = models.model(studio, found.model_id)
    claim = _claim(studio, run_id, model, found.recipe) if model.is_usable else None
    jobs.requeue(studio.store, found.job.id, message="Waiting to go on from the last checkpoint.", claim=claim)
    return run(studio, run_id)


def wait(studio: Studio, job_id: str, *, every: float = 0.2, seconds: float | None = None) -> None:
    """Block until a job is no longer live; for the command line and tests."""
    began = time.monotonic()
    while jobs.get(studio.store, job_id).is_live:
        if seconds is not None and time.monotonic() - began > seconds:
            raise RunError(f"It is still going after {seconds:.0f} s.", fix="Look at it later with `runs`.")
        time.sleep(every)
