"""The TRL script of a run trains as the run does."""

import runpy
import sys
from pathlib import Path

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import ExportError
from studio.domain.event import EventKind
from studio.domain.run import Run
from studio.flows import script, train
from studio.flows.models import STARTER
from studio.flows.studio import ASSETS, Studio
from studio.store import jobs
from tests.engine.conftest import Notebook
from tests.flows.conftest import RECIPE

# Every pass is one step of all rows, so that the order in which rows are dealt cannot tell the two apart.
WHOLE = RECIPE.model_copy(update={"batch_size": 64, "micro_batch": 16, "epochs": 4.0, "evaluations": 1, "warmup": 0.25})


def test_the_script_of_a_run_has_the_losses_of_the_run(
    quiet: Studio, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Within half a per cent: both compute in bfloat16, and other rows stand together in a part of a step."""
    import torch

    from studio.engine.train import train as train_here

    torch.set_num_threads(1)  # layers this small gain nothing from a second

    run = train.start(quiet, dataset.id, STARTER, WHOLE, key="all rows at once")
    ours = Notebook()
    spec = jobs.spec(quiet.store, run.job.id) | {"watch": []}
    assert train_here(spec, ours).state == "done"
    script.folder(quiet, run.id, to=tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["train.py", str(ASSETS / "starter"), str(tmp_path / "trained")])
    trainer = runpy.run_path(str(tmp_path / "out" / "train.py"))["trainer"]
    logged = trainer.state.log_history
    theirs = {entry["step"]: entry["loss"] for entry in logged if "loss" in entry}
    assert theirs == pytest.approx(ours.curve("loss"), rel=0.005)
    rates = {entry["step"]: entry["learning_rate"] for entry in logged if "learning_rate" in entry}
    assert rates == pytest.approx(ours.curve("learning_rate"))
    assert theirs[4] < 0.9 * theirs[1] and (tmp_path / "trained" / "adapter_model.safetensors").exists()
    (checked,) = [entry["eval_loss"] for entry in logged if "eval_loss" in entry][-1:]
    assert checked == pytest.approx(ours.of(EventKind.METRIC)[-1]["validation_loss"], rel=0.005)


def test_what_a_few_lines_cannot_say_is_not_written_as_a_script(quiet: Studio, dataset: Dataset, trained: Run):
    recipe = RECIPE.by("prefix").model_copy(update={"epochs": 1.0})
    run = train.start(quiet, dataset.id, STARTER, recipe, key="a prefix")
    with pytest.raises(ExportError, match="Only answers trained with"):
        script.text(quiet, run.id)
    assert "SFTTrainer" in script.text(quiet, trained.id)
