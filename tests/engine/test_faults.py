"""When it goes wrong: what broke is told with its evidence, and what can go on goes on."""

import errno
import math
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from studio.domain.batches import Batches
from studio.domain.errors import GaveUpWaiting
from studio.domain.event import EventKind
from studio.domain.fault import Fault, FaultCode
from studio.domain.recipe import Recipe
from studio.engine import checkpoints, fitting
from studio.engine.faults import not_finite
from studio.engine.room import WAITING, Room, is_disk_full
from studio.engine.train import train
from studio.engine.trainer import RowTrainer
from studio.flows.choose import changed
from tests.engine.conftest import RECIPE, Notebook, train_spec
from tests.small_disk import fill, mounted

SHORT = RECIPE.model_copy(update={"epochs": 2, "batch_size": 4, "micro_batch": 4, "evaluations": 2, "dropout": 0.0})
PARTS = {"train": list(range(8)), "validation": [22, 23], "watch": [], "expected_steps": 4}


def faults(notebook: Notebook) -> list[Fault]:
    return [Fault.model_validate(note["fault"]) for note in notebook.of(EventKind.NOTE) if "fault" in note]


# ---- memory -----------------------------------------------------------------------------------------------------------


def fits(monkeypatch: pytest.MonkeyPatch, rows_at: Any) -> list[tuple[int, int]]:
    """Provoke a lack of memory where a part of a step has more rows than `rows_at(step)`; the parts that went through."""
    import torch

    step_of, done = RowTrainer.training_step, []

    def limited(self: Any, model: Any, inputs: dict[str, Any], *rest: Any) -> Any:
        rows, step = len(inputs["input_ids"]), self.state.global_step + 1
        if rows > rows_at(step):
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {rows} rows.")
        done.append((step, rows))
        return step_of(self, model, inputs, *rest)

    monkeypatch.setattr(RowTrainer, "training_step", limited)
    return done


def test_when_memory_runs_out_the_run_goes_on_with_the_same_rows_per_step(tmp_path, tiny_model, dataset, monkeypatch):
    """From the beginning where nothing was saved, and from the last checkpoint later on."""
    whole, notebook = Notebook(), Notebook()
    train(train_spec(tmp_path / "whole", dataset, tiny_model, recipe=SHORT) | PARTS, whole)
    done = fits(monkeypatch, lambda step: 2 if step <= 3 else 1)
    outcome = train(train_spec(tmp_path / "run", dataset, tiny_model, recipe=SHORT) | PARTS, notebook)
    assert outcome.state == "done", outcome.message
    assert done == [(1, 2), (1, 2), (2, 2), (2, 2), (3, 2), (3, 2), *[(3, 1)] * 4, *[(4, 1)] * 4]
    assert [start["step"] for start in notebook.of(EventKind.START)] == [0, 0, 2]
    assert notebook.curve("loss") == pytest.approx(whole.curve("loss"), rel=0.02)
    first, second = faults(notebook)
    assert first.code is FaultCode.OUT_OF_MEMORY
    assert first.done.startswith("It goes on with 2 instead of 4 rows in memory at once, in 2 parts per step")
    assert second.happened == "Memory ran out after step 3, while training."
    assert fitting.fitted(SHORT, tmp_path / "run").micro_batch == 1  # and so it goes on after an interruption
    assert (
        checkpoints.verify(tmp_path / "run" / "checkpoints" / "step-4").recipe
        == Recipe(**SHORT.model_dump()).fingerprint
    )


def test_a_run_that_fits_in_no_way_ends_with_one_change_to_try(tmp_path, tiny_model, dataset, monkeypatch):
    fits(monkeypatch, lambda step: 0)
    recipe, notebook = SHORT.model_copy(update={"micro_batch": 1}), Notebook()
    outcome = train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe) | PARTS, notebook)
    assert (outcome.state, outcome.code) == ("failed", "out_of_memory")
    assert [fault.done.split(";")[0] for fault in faults(notebook)] == [
        "It goes on with recomputing, about a third slower"
    ]
    fault = Fault.model_validate(outcome.result["fault"])
    assert fault.change["max_length"] < 256 and "cut-off" in outcome.fix
    assert "even with 1 row in memory at once and recomputing" in outcome.message


def test_a_worker_that_was_ended_for_want_of_memory_begins_with_fewer_rows(tmp_path, tiny_model, dataset):
    spec = train_spec(tmp_path, dataset, tiny_model, recipe=SHORT) | PARTS
    notebook = Notebook(stop_at=1)
    train(spec | {"resume": True, "fewer_rows": {"doing": "training", "step": 1}}, notebook)
    [fault] = faults(notebook)
    assert fault.happened == "Memory ran out after step 1, while training."
    assert "2 instead of 4 rows" in fault.done


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe(batch_size=8, micro_batch=8), {"micro_batch": 4}),
        (Recipe(batch_size=6, micro_batch=6), {"micro_batch": 3}),
        (Recipe(batch_size=6, micro_batch=3), {"micro_batch": 1}),
        (Recipe(micro_batch=1), {"gradient_checkpointing": True}),
        (Recipe(micro_batch=1, gradient_checkpointing=True), None),
        (Recipe(method="prefix", micro_batch=1), None),
    ],
)
def test_rows_at_once_are_halved_before_anything_is_computed_twice(recipe: Recipe, expected: dict[str, Any] | None):
    after = fitting.smaller(recipe)
    assert after == (recipe.model_copy(update=expected) if expected else None)


def test_a_model_that_does_not_fit_itself_is_offered_in_four_bits():
    fault = fitting.does_not_fit(Recipe(method="lora"), doing="loading the model", step=0, longest=0, kept=None)
    assert fault.change == {"method": "qlora"} and "The model itself does not fit by LoRA." in fault.why
    whole = Recipe(method="full", learning_rate=2e-5, epochs=2)
    fault = fitting.does_not_fit(whole, doing="training", step=0, longest=300, kept=None)
    assert changed(whole, dict(fault.change)) == Recipe(method="qlora", learning_rate=2e-4, epochs=2)
    nothing = fitting.does_not_fit(Recipe(), doing="loading the model", step=0, longest=0, kept=None)
    assert not nothing.change and nothing.next_step == "Choose a smaller model, or a machine with more memory."


# ---- a loss that breaks -----------------------------------------------------------------------------------------------


def test_a_broken_loss_is_told_with_rate_gradients_and_the_rows_of_its_step():
    fault = not_finite(
        "The loss", step=9, steps=120, rate=4e-3, gradients=[1.5, 40.0, float("inf")], lines=[81, 12, 44, 12], kept=6,
        recipe=Recipe(learning_rate=4e-3),
    )  # fmt: skip
    assert fault.happened == "The loss stopped being a number at step 9 of 120."
    assert fault.why == (
        "The learning rate was 0.004 then. The gradient norm went 1.5 → 40 → not a number. "
        "That step read the rows on lines 12, 44, 81 of your file."
    )
    assert "The checkpoint of step 6 is unharmed" in fault.done
    assert (fault.change, fault.step) == ({"learning_rate": 1.3e-3}, 6)
    assert fault.next_step == (
        "Go on from the checkpoint of step 6 with a third of the learning rate (0.0013 instead of 0.004)."
    )


def test_prefixes_and_runs_without_a_checkpoint_begin_again():
    told = partial(not_finite, "The gradient", step=2, steps=9, rate=0.01, gradients=[], lines=[])
    assert told(kept=None, recipe=Recipe()).next_step.startswith("Start again with a third")
    assert told(kept=1, recipe=Recipe(method="full")).step == 1
    assert told(kept=1, recipe=Recipe().by("prefix")).step is None


def test_a_loss_that_breaks_before_anything_was_learned_is_not_blamed_on_the_learning_rate():
    fault = not_finite(
        "The loss", step=1, steps=9, rate=0.0, gradients=[float("nan")], lines=[7], kept=None, recipe=Recipe()
    )
    assert "not the learning rate" in fault.why and "line 7" in fault.why
    assert not fault.change and fault.next_step.startswith("Look at these rows on Inspect")


def test_the_rows_of_a_step_are_those_that_the_trainer_reads():
    batches = Batches([5, 9, 3, 7, 4, 8, 6], Recipe(batch_size=3, micro_batch=1, seed=4))
    for epoch in (0, 1, 2):
        batches.epoch = epoch
        read = list(batches)
        steps = [read[0:3], read[3:6], read[6:]]
        for position, parts in enumerate(steps):
            assert batches.rows_of(epoch * 3 + position + 1) == [row for part in parts for row in part]


# ---- rows and model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("missing", "code"), [("dataset", "data"), ("model", "model")])
def test_what_is_no_longer_there_is_named(tmp_path, tiny_model, dataset, missing, code):
    spec = train_spec(tmp_path, dataset, tiny_model, recipe=SHORT) | PARTS | {missing: str(tmp_path / "gone")}
    outcome = train(spec, Notebook())
    assert (outcome.state, outcome.code) == ("failed", code)
    assert "gone" in outcome.message and outcome.fix
    assert outcome.result["fault"]["code"] == code


def test_a_model_that_is_broken_before_it_learned_anything_is_blamed_and_not_the_learning_rate(
    tmp_path, tiny_model, dataset
):
    broken = shutil.copytree(tiny_model, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["model.norm.weight"][0] = math.nan
    save_file(weights, broken / "model.safetensors", metadata={"format": "pt"})
    outcome = train(train_spec(tmp_path, dataset, broken, recipe=SHORT) | PARTS, Notebook())
    assert (outcome.state, outcome.code) == ("failed", "model") and not outcome.result["fault"]["change"]
    assert "before it learned anything" in outcome.message and "Bring the model again" in outcome.fix


# ---- a full disk ------------------------------------------------------------------------------------------------------


def test_a_save_waits_on_a_full_disk_and_goes_on_when_there_is_room(tmp_path, tiny_model, dataset, monkeypatch):
    recipe = SHORT.model_copy(update={"evaluations": 1, "epochs": 1})
    with mounted(tmp_path / "disk", size="8m") as disk:
        fill(disk / "filler", leave=100_000)
        waited: list[float] = []

        def pause(seconds: float) -> None:
            waited.append(seconds)
            if len(waited) == 2:
                (disk / "filler").unlink()

        monkeypatch.setattr("studio.engine.watch.Room", partial(Room, pause=pause))
        notebook = Notebook()
        outcome = train(train_spec(disk / "run", dataset, tiny_model, recipe=recipe) | PARTS, notebook)
        assert outcome.state == "done", outcome.message
        assert len(waited) == 2
        assert {"name": WAITING} in notebook.of(EventKind.PHASE)
        [fault] = faults(notebook)
        assert fault.code is FaultCode.DISK_FULL and "needed" in fault.why and "were free" in fault.why
        assert checkpoints.verify(disk / "run" / "checkpoints" / "step-2").step == 2


def test_a_run_that_waits_for_the_disk_can_be_stopped(tmp_path, tiny_model, dataset, monkeypatch):
    recipe = SHORT.model_copy(update={"evaluations": 1, "epochs": 1})
    with mounted(tmp_path / "disk", size="8m") as disk:
        fill(disk / "filler", leave=100_000)
        notebook = Notebook(stop_at=1)
        outcome = train(train_spec(disk / "run", dataset, tiny_model, recipe=recipe) | PARTS, notebook)
    assert outcome.state == "stopped"
    assert outcome.message == "Stopped while it waited for disk space. No checkpoint had been saved yet."


def test_a_write_that_fails_half_way_is_cleared_away_and_written_anew(tmp_path):
    """The n-th write fails, for each n: what is there at the end is whole."""
    for broken in range(3):
        writes, notebook = [], Notebook()
        room = Room(tmp_path, notebook, pause=lambda _: None)

        def write(writes: list[int] = writes, broken: int = broken) -> list[int]:
            for number in range(3):
                if number == broken and not writes.count(-1):
                    writes.append(-1)
                    raise OSError(errno.ENOSPC, "No space left on device")
                writes.append(number)
            return writes

        def clear(writes: list[int] = writes) -> None:
            writes[:] = [-1]

        assert room.through(write, needed=1, clear=clear) == [-1, 0, 1, 2]
        assert [phase["name"] for phase in notebook.of(EventKind.PHASE)] == [WAITING, "saving"]
    with pytest.raises(ValueError):
        room.through(lambda: int("no number"), needed=1, clear=lambda: None)
    with pytest.raises(GaveUpWaiting):
        Room(tmp_path, Notebook(stop_at=1)).through(lambda: None, needed=2**60, clear=lambda: None)


def test_the_libraries_that_save_tell_of_a_full_disk_in_ways_that_are_understood(small_disk: Path):
    import torch
    from safetensors.torch import save_file

    fill(small_disk / "filler", leave=40_000)
    weights = {"weights": torch.ones(50_000)}
    for write in (partial(torch.save, weights), partial(save_file, weights)):
        with pytest.raises(Exception) as full:
            write(small_disk / "weights")
        (small_disk / "weights").unlink(missing_ok=True)
        assert is_disk_full(full.value, free=40_000)
    assert not is_disk_full(ValueError("another fault"), free=40_000)
