"""Every method trains on a GPU, and two steps that are tried tell what a run takes there."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.domain.plan import Way
from studio.recipes.machine import measure_machine
from studio.recipes.memory import load_of, memory_parts
from studio.recipes.shape import shape_of_folder
from tests.gpu.conftest import RECIPE, STARTER, train_spec

pytestmark = pytest.mark.gpu

ONCE = {"epochs": 1.0, "evaluations": 1}
METHODS: dict[str, dict[str, Any]] = {
    "lora": {"dora": True, "learning_rate": 4e-3},
    "full": {"learning_rate": 5e-4},
    "prefix": {"learning_rate": 5e-2},
    "preference": {"method": "qlora", "preference": True, "learning_rate": 1e-3},
    "recomputing": {"method": "qlora", "gradient_checkpointing": True, "learning_rate": 4e-3},
}


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory, triage: Path) -> Path:
    """The triage sample, its answers beside the same ones turned round."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = [json.loads(line) for line in (triage / "rows.jsonl").read_text().splitlines()]
    for row in rows:
        last = row["messages"][-1]
        row["rejected"] = [{**last, "content": last["content"][::-1]}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_on_a_gpu(name: str, triage, pairs, work, tmp_path, record_property):
    choices = METHODS[name]
    method = choices.get("method", name)
    recipe = type(RECIPE).model_validate(RECIPE.by(method).choices | ONCE | choices | {"method": method})
    data = pairs if recipe.preference else triage
    attempt = work(train_spec(tmp_path / "run", data, recipe=recipe, way={"packed": recipe.lies_end_to_end}))
    assert attempt.outcome.state == "done", attempt.outcome
    losses = list(attempt.curve("loss").values())
    record_property("losses", [round(loss, 3) for loss in losses])
    assert sum(losses[-3:]) / 3 < (0.95 if method == "prefix" else 0.8) * losses[0]


def test_two_steps_tried_tell_the_memory_of_a_run(triage, work, tmp_path, record_property):
    shape, machine = shape_of_folder(STARTER), measure_machine(tmp_path)
    spec = train_spec(tmp_path / "run", triage) | {
        "kind": "probe",
        "folder": str(tmp_path / "try"),
        "train": list(range(8)),
        "way": {"packed": True},
        "about": {},
    }
    tried = work(spec).outcome
    assert tried.state == "done", tried
    lengths = [60] * 8
    load = load_of(RECIPE, lengths, lengths, Way(packed=True))
    planned = sum(part.bytes for part in memory_parts(shape, RECIPE, load, on_gpu=machine.has_gpu))
    record_property("tried", tried.result["peak_memory"])
    record_property("planned", planned)
    assert 0 < tried.result["peak_memory"] < planned  # the plan also counts what the driver holds beside torch
    assert tried.result["tokens_per_second"] > 0
