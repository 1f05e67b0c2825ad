"""A worker that was forked from the real nursery computes what one that was started afresh computes."""

import json
from pathlib import Path

from studio.engine import checkpoints
from studio.jobs.forking import ForkingLauncher
from studio.jobs.launcher import Launcher, LocalLauncher
from tests.attempted import attempted
from tests.engine.conftest import RECIPE, train_spec

MEASURED = ("loss", "grad_norm", "validation_loss")


def test_a_forked_worker_trains_bit_for_bit_as_one_that_was_started_afresh(
    tmp_path: Path, dataset: Path, tiny_model: Path
) -> None:
    forking = ForkingLauncher()
    try:
        forked = carried_out(forking, tmp_path / "forked", dataset, tiny_model)
        assert forking.nursery is not None and forking.nursery.is_ready()
    finally:
        forking.close()
    afresh = carried_out(LocalLauncher(), tmp_path / "afresh", dataset, tiny_model)
    assert forked["curves"] == afresh["curves"] and len(afresh["curves"]["loss"]) == 9
    assert forked["weights"] == afresh["weights"]
    assert 0.85 < forked["memory"] / afresh["memory"] < 1.15


def carried_out(launcher: Launcher, folder: Path, dataset: Path, model: Path) -> dict[str, object]:
    """What a worker of its own left of a short training: curves, the hash of the weights, the peak of its memory."""
    recipe = RECIPE.model_copy(update={"epochs": 1.5, "evaluations": 1})
    spec = train_spec(folder / "run", dataset, model, recipe=recipe) | {"expected_steps": 9}
    outcome = attempted(launcher, folder, spec)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    told = [event["data"] for event in events if event["kind"] == "metric"]
    return {
        "curves": {name: {data["step"]: data[name] for data in told if name in data} for name in MEASURED},
        "weights": checkpoints.verify(folder / "run" / "checkpoints" / "step-9").weights_sha256,
        "memory": outcome["result"]["peak_memory"],
    }
