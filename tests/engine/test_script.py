"""The TRL script of a run trains as the run does."""

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from studio.domain.recipe import Recipe
from studio.flows.script import written
from studio.flows.studio import ASSETS
from tests.engine.conftest import Notebook
from tests.ui import examples

ROWS, CHECKED = 24, 4
# Every pass is one step of all rows, so that the order in which rows are dealt cannot tell the two apart.
RECIPE = Recipe(
    epochs=4, learning_rate=4e-3, rank=8, max_length=128, batch_size=64, micro_batch=16, evaluations=1, warmup=0.25
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The rows as a dataset of the studio, and beside each other as the script reads them."""
    lines = (ASSETS / "samples" / "triage.jsonl").read_text(encoding="utf-8").splitlines()[: ROWS + CHECKED]
    asked = [json.loads(line)["messages"] for line in lines]
    canonical = [{"line": line, "messages": messages, "extra": {}} for line, messages in enumerate(asked, start=1)]
    parts = {"train": asked[:ROWS], "validation": asked[ROWS:]}
    for name, rows in {"rows": canonical, **{k: [{"messages": m} for m in v] for k, v in parts.items()}}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return tmp_path


def test_the_script_of_a_run_has_the_losses_of_the_run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Within half a per cent: both compute in bfloat16, and other rows stand together in a part of a step."""
    from studio.engine.train import train

    ours, starter = Notebook(), str(ASSETS / "starter")
    spec = {
        "run": str(folder / "run"), "dataset": str(folder), "model": starter, "model_id": "starter",
        "recipe": RECIPE.model_dump(), "train": list(range(ROWS)), "validation": list(range(ROWS, ROWS + CHECKED)),
    }  # fmt: skip
    assert train(spec, ours).state == "done"

    run = replace(examples.run(recipe=RECIPE), plan=replace(examples.PLAN, steps=4))
    (folder / "train.py").write_text(written(run, versions={"trl": "1.16.0"}, assets=ASSETS), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["train.py", starter, str(folder / "trained")])
    logged = runpy.run_path(str(folder / "train.py"))["trainer"].state.log_history

    theirs = {entry["step"]: entry["loss"] for entry in logged if "loss" in entry}
    assert theirs == pytest.approx(ours.curve("loss"), rel=0.005) and theirs[4] < 0.9 * theirs[1]
    rates = {entry["step"]: entry["learning_rate"] for entry in logged if "learning_rate" in entry}
    assert rates == pytest.approx(ours.curve("learning_rate"))
    checked = {entry["step"]: entry["eval_loss"] for entry in logged if "eval_loss" in entry}
    assert checked[4] == pytest.approx(ours.curve("validation_loss")[4], rel=0.005)
    assert (folder / "trained" / "adapter_model.safetensors").exists()
