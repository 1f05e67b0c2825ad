"""Try: two real steps of a recipe on the rows that take the most memory, before it is started."""

import heapq
from collections.abc import Sequence
from dataclasses import asdict

from studio.domain.batches import Batches
from studio.domain.errors import RunError
from studio.domain.job import Job, JobKind, Wish
from studio.domain.lengths import Lengths
from studio.domain.recipe import Recipe
from studio.flows import bring, choose, inspect, models, split
from studio.flows.audit import logged
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store.ids import new_id


@logged("had two steps tried")
def start(studio: Studio, dataset_id: str, model_id: str, recipe: Recipe, *, gpu: str | None = None, key: str) -> Job:
    """Put a trial in the queue and return at once; the same `key` again is the same trial.

    `gpu` is the id of the one that it is to be made on, None for any.
    """
    bring.ready(studio, dataset_id)
    plan = choose.plan(studio, dataset_id, model_id, recipe, gpu=gpu)
    lengths = inspect.measured(studio, dataset_id, model_id)
    assert lengths is not None
    lengths, dealt = choose.used(studio, dataset_id, recipe, lengths, split.current(studio, dataset_id))
    spec = {
        "folder": str(studio.workspace.run(new_id("try"))),
        "dataset": str(studio.workspace.dataset(dataset_id)),
        "model": str(models.usable(studio, model_id).path),
        "recipe": recipe.model_dump(),
        "train": hardest(lengths, dealt.train, recipe),
        "validation": longest(lengths, dealt.validation, recipe.micro_batch),
        "way": asdict(plan.way),
        "about": {
            "model": model_id,
            "device": plan.device,
            "recipe": recipe.model_dump(),
            "estimate": asdict(plan.estimate),
        },
    }
    return jobs.submit(studio.store, kind=JobKind.PROBE, subject_id=dataset_id, spec=spec, key=key, wants=gpu)


def hardest(lengths: Lengths, rows: Sequence[int], recipe: Recipe) -> list[int]:
    """The rows of the step that takes the most memory."""
    if not rows or lengths.are_texts or not recipe.lies_end_to_end:
        return longest(lengths, rows, recipe.batch_size)
    _, places = Batches([lengths.total[row] for row in rows], recipe).largest()
    return sorted(rows[place] for place in places)


def longest(lengths: Lengths, rows: Sequence[int], count: int) -> list[int]:
    """The longest of these rows, in the order of the file."""
    if not rows:
        raise RunError("There are no rows to try the recipe with.", fix="Raise the cut-off or change the split.")
    return sorted(heapq.nlargest(count, rows, key=lambda number: lengths.total[number]))


def job(studio: Studio, job_id: str) -> Job:
    return jobs.get(studio.store, job_id)


def live(studio: Studio, dataset_id: str) -> Job | None:
    """The trial of a dataset that waits or runs, if there is one."""
    every = jobs.live(studio.store, kinds=[JobKind.PROBE])
    return next((found for found in every if found.subject_id == dataset_id), None)


@logged("stopped a try")
def stop(studio: Studio, job_id: str) -> None:
    """Give a trial up; what is known from earlier ones stays."""
    if jobs.get(studio.store, job_id).is_live:
        jobs.wish(studio.store, job_id, Wish.STOP)
