"""A run that is interrupted again and again gives the same batches, rates, losses and adapter as one that is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.domain.event import EventKind
from studio.domain.intact import sha256_of
from studio.domain.recipe import Recipe
from studio.engine import checkpoints
from studio.engine.pairs import PairTrainer
from studio.engine.train import train
from studio.engine.trainer import RowTrainer
from tests.engine.conftest import Notebook, train_spec

STEPS, A_PASS = 12, 4
# Rows of answers lie end to end, as they do by default; pairs cannot, and are padded.
PARTS = {
    "way": {"packed": True},
    "train": list(range(16)),
    "validation": [16, 17, 18, 19],
    "watch": [],
    "expected_steps": STEPS,
}
SHORT = {
    "epochs": 3, "rank": 4, "dropout": 0.1, "max_length": 256, "batch_size": 4, "micro_batch": 2, "evaluations": 2,
    "patience": 0, "seed": 11,
}  # fmt: skip
WAYS = {"sft": {"learning_rate": 5e-3}, "dpo": {"learning_rate": 2e-3, "preference": True}}


class PowerCut(BaseException):
    """The process is gone from one moment to the next: nothing is cleaned up."""


class Cut(Notebook):
    """Ends everything once a step was told, or as if by a kill in the middle of saving it."""

    def __init__(self, *, at: int | None = None, stop_at: int | None = None) -> None:
        super().__init__(stop_at=stop_at)
        self.at = at

    def report(self, kind: EventKind, **data: Any) -> None:
        super().report(kind, **data)
        if kind is EventKind.PROGRESS and data["done"] == self.at:
            raise PowerCut


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, dataset: Path, pairs: Path) -> tuple[Path, Recipe]:
    """Rows, and a recipe of three short passes with a check in the middle of the second one and at the end."""
    rows = pairs if request.param == "dpo" else dataset
    return rows, Recipe.model_validate(SHORT | WAYS[request.param])


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, list[bytes]]]:
    """What the model was shown at each step, byte by byte, the last time that it came to it."""
    shown: dict[int, list[bytes]] = {}
    for trainer in (RowTrainer, PairTrainer):
        step_of = trainer.training_step

        def recorded(self: Any, model: Any, inputs: dict[str, Any], *rest: Any, step_of: Any = step_of) -> Any:
            part = shown.setdefault(self.state.global_step, [])
            if len(part) == self.args.gradient_accumulation_steps:
                part.clear()
            part.append(inputs["input_ids"].cpu().numpy().tobytes())
            return step_of(self, model, inputs, *rest)

        monkeypatch.setattr(trainer, "training_step", recorded)
    yield shown


def test_an_interrupted_run_is_the_uninterrupted_one_bit_for_bit(way, batches, tmp_path, tiny_model, monkeypatch):
    """Stopped in the first pass and at a boundary, killed in the middle of a pass, and killed while it saves."""
    rows, recipe = way
    whole = Notebook()
    train(train_spec(tmp_path / "whole", rows, tiny_model, recipe=recipe) | PARTS, whole)
    expected = {step: list(parts) for step, parts in batches.items()}
    batches.clear()

    spec = train_spec(tmp_path / "cut", rows, tiny_model, recipe=recipe) | PARTS
    told: list[Notebook] = [Cut(stop_at=2), Cut(stop_at=A_PASS), Cut(at=9), Notebook(), Notebook()]
    first = train(spec, told[0])
    assert (first.state, first.result["steps"]) == ("stopped", 2)
    assert checkpoints.verify(tmp_path / "cut" / "checkpoints" / "step-2").step == 2
    spec["resume"] = True
    told[1].stop_at = A_PASS - 2  # counted from where it goes on
    assert train(spec, told[1]).result["steps"] == A_PASS
    with pytest.raises(PowerCut):
        train(spec, told[2])
    with monkeypatch.context() as broken:
        broken.setattr(checkpoints, "_saved", half_saved)
        with pytest.raises(PowerCut):
            train(spec, told[3])
    assert not (tmp_path / "cut" / "checkpoints" / f"step-{STEPS}").exists()
    assert train(spec, told[4]).state == "done"

    assert [book.of(EventKind.START)[0]["step"] for book in told] == [0, 2, A_PASS, 6, 6]
    assert batches == expected
    for name in ("loss", "grad_norm", "learning_rate", "validation_loss"):
        again: dict[int, float] = {}
        for book in told:
            again |= book.curve(name)
        straight = whole.curve(name)
        assert {step: value for step, value in again.items() if step in straight} == straight
    one, other = (checkpoints.verify(tmp_path / run / "checkpoints" / f"step-{STEPS}") for run in ("whole", "cut"))
    assert one.weights_sha256 == other.weights_sha256


def half_saved(path: Path) -> checkpoints.SavedFile:
    """The power goes while the optimizer's state is brought to disk."""
    if path.name == "optimizer.pt":
        raise PowerCut
    return checkpoints.SavedFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
