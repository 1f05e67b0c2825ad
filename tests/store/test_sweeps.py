"""A sweep is there with all of its runs or not at all, and once however often it is asked for."""

import pytest
from sqlalchemy.exc import IntegrityError

from studio.domain.errors import RunError
from studio.domain.recipe import Recipe
from studio.domain.sweep import Sweep
from studio.store import runs, sweeps
from studio.store.database import Store
from studio.store.ids import new_id
from tests.store.examples import PLAN, Examples


def made(store: Store, examples: Examples, *, key: str = "press", split_id: str | None = None) -> Sweep:
    split = examples.split(examples.dataset().id)
    ordered = [
        {
            "id": new_id("run"), "name": f"rank {rank}", "dataset_id": split.dataset_id, "split_id": split_id or split.id,
            "model_id": "starter", "recipe": Recipe(rank=rank), "plan": PLAN, "spec": {},
        }
        for rank in (8, 16)
    ]  # fmt: skip
    return sweeps.add(
        store, id=new_id("sweep"), name="triage-sweep-1", dataset_id=split.dataset_id, model_id="starter",
        knobs={"rank": (8, 16)}, key=key, ordered=ordered,
    )  # fmt: skip


def test_a_sweep_keeps_its_values_and_its_runs_in_their_order(store: Store, examples: Examples):
    sweep = made(store, examples)
    assert sweeps.get(store, sweep.id) == sweep and sweeps.all(store) == [sweep]
    assert sweep.knobs == {"rank": [8, 16]}
    found = [runs.get(store, run_id) for run_id in sweep.run_ids]
    assert [(run.recipe.rank, run.sweep_id, run.is_live) for run in found] == [
        (8, sweep.id, True),
        (16, sweep.id, True),
    ]


def test_the_same_press_twice_is_one_sweep(store: Store, examples: Examples):
    first = made(store, examples)
    assert made(store, examples) == first
    assert len(runs.all(store)) == 2


def test_a_sweep_of_which_one_run_cannot_be_made_leaves_nothing_behind(store: Store, examples: Examples):
    with pytest.raises(IntegrityError):
        made(store, examples, split_id="split-0")
    assert sweeps.all(store) == [] and runs.all(store) == []


def for_good(store: Store, run_id: str) -> None:
    with store.write() as connection:
        runs.forget(connection, run_id)


def test_a_sweep_goes_with_its_last_run(store: Store, examples: Examples):
    sweep = made(store, examples)
    for_good(store, sweep.run_ids[0])
    assert sweeps.get(store, sweep.id).run_ids == sweep.run_ids[1:]
    for_good(store, sweep.run_ids[1])
    assert sweeps.all(store) == []
    with pytest.raises(RunError, match="no sweep called sweep-0"):
        sweeps.get(store, "sweep-0")
