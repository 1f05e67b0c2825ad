"""The TRL script of a run trains as the run does, whatever the run learns from and how."""

import json
import runpy
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.data.lengths import learned_rows, load_lengths
from studio.data.measure import measure
from studio.data.rows import uses_tools
from studio.domain.recipe import Recipe
from studio.domain.row import Call, Message, record_of
from studio.engine import checkpoints
from studio.engine.rows import read_rows
from studio.flows import script
from studio.flows.studio import ASSETS
from tests.engine.conftest import FAULTS, ITEMS, Notebook
from tests.ui import examples

STARTER = ASSETS / "starter"
# Every pass is one step of all rows, so that the order in which rows are dealt cannot tell the two apart.
RECIPE = Recipe(
    epochs=4, learning_rate=4e-3, rank=8, max_length=128, batch_size=64, micro_batch=8, evaluations=2, warmup=0.25
)
LORA = RECIPE.by("lora").model_copy(
    update={"epochs": 3, "micro_batch": 4, "batch_size": 12, "max_length": 64, "evaluations": 1}
)
DPO = LORA.model_copy(update={"preference": True})
DPO_PREFIX = DPO.by("prefix").model_copy(update={"learning_rate": 0.05})
RUNS: dict[str, tuple[Recipe, str]] = {
    "prefix": (LORA.by("prefix").model_copy(update={"learning_rate": 0.05}), "answers"),
    "tools": (LORA.model_copy(update={"max_length": 128}), "tools"),
    "questions as well": (LORA.model_copy(update={"learn_questions": True}), "answers"),
    "text": (LORA.model_copy(update={"batch_size": 24}), "texts"),
    "dpo": (DPO, "pairs"),
    "dpo, tools": (DPO.model_copy(update={"max_length": 128}), "pairs_with_tools"),
    "dpo, full": (DPO.by("full").model_copy(update={"learning_rate": 1e-4}), "pairs"),
    "dpo, prefix": (DPO_PREFIX, "pairs"),
    "dpo after a first stage": (DPO, "pairs"),
    "dpo, full, after a first stage": (DPO.by("full").model_copy(update={"learning_rate": 1e-4}), "pairs"),
}
WITH_TOOLS = (
    "{% if tools %}{{ tools | tojson }}\n{% endif %}{% for message in messages %}{{ message.role }}\n"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}{% for call in message.tool_calls or [] %}"
    "{{ call.function.name }} {{ call.function.arguments | tojson }}{% endfor %}<|im_end|>{% endgeneration %}"
    "{% else %}{{ message.content }}{% endif %}\n{% endfor %}{% if add_generation_prompt %}assistant\n{% endif %}"
)
ON_THE_STARTER = ("text", "dpo", "dpo after a first stage")


def answers(number: int) -> dict[str, Any]:
    item, fault = ITEMS[number % 10], FAULTS[number % 6]
    return record_of((Message("user", f"My {item} {fault}."), Message("assistant", f"Item: {item}")))


def pairs(number: int) -> dict[str, Any]:
    item = ITEMS[number % 10]
    better, worse = (Message("assistant", text) for text in (f"I am sorry about your {item}.", "So what?"))
    return record_of((Message("user", f"My {item} is broken."), better), rejected=(worse,))


def texts(number: int) -> dict[str, Any]:
    """Longer and longer: the last ones are trained in two pieces."""
    return record_of((Message("text", f"The {ITEMS[number % 10]} is on the table. " * (number + 1)),))


def tools(number: int) -> dict[str, Any]:
    """Calls whose arguments have little in common, beside rows without any."""
    if number % 3 == 0:
        return answers(number)
    arguments = {"city": "Rome"} if number % 3 == 1 else {"days": 0.12345678901234568, "of": [number]}
    call = Message("assistant", "", (Call("weather", json.dumps(arguments)),))
    said = (Message("user", "Warm?"), call, Message("tool", "24"), Message("assistant", "Yes."))
    return record_of(said, tools='[{"name": "weather"}]')


def pairs_with_tools(number: int) -> dict[str, Any]:
    """A call is better than no call."""
    called = tools(number if number % 3 else number + 1)
    return called | {"rejected": [{"role": "assistant", "content": "No idea."}], "asked": 1}


ROWS = {each.__name__: each for each in (answers, pairs, texts, tools, pairs_with_tools)}


def compared(
    folder: Path, recipe: Recipe, *, rows: Sequence[int], monkeypatch: pytest.MonkeyPatch, model: Path, **begin: str
) -> tuple[Notebook, list[dict[str, Any]]]:
    """What the studio tells of a run on `rows[0]` rows, checked with `rows[1]` more, and what its script logs."""
    from studio.engine.train import train

    measured = folder / "lengths.npz"
    lengths = load_lengths(measured) if measured.exists() else None
    ours, parts = Notebook(), {"train": range(rows[0]), "validation": range(rows[0], sum(rows))}
    spec = {
        "run": str(folder / "run"), "dataset": str(folder), "model": str(model), "model_id": "a model",
        "recipe": recipe.model_dump(), **{part: list(numbers) for part, numbers in parts.items()}, **begin,
    }  # fmt: skip
    outcome = train(spec, ours)
    assert outcome.state == "done", outcome.message
    for part, numbers in parts.items():
        found = learned_rows(measured, numbers) if lengths else script.records(read_rows(folder, numbers), recipe)
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")
    for path in script._first_stage(spec) if begin else ():
        (folder / script.FIRST).mkdir(exist_ok=True)
        shutil.copyfile(path, folder / script.FIRST / path.name)
    run = replace(examples.run(recipe=recipe), plan=replace(examples.PLAN, steps=outcome.result["steps"]))
    is_text = read_rows(folder, [0])[0].is_text
    kind = {"is_text": is_text, "with_tools": uses_tools(folder), "begins": bool(begin), "lengths": lengths}
    said = script.written(run, versions={"trl": "1.16.0"}, assets=ASSETS, **kind)
    (folder / "train.py").write_text(said, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["train.py", str(model), str(folder / "trained")])
    return ours, runpy.run_path(str(folder / "train.py"))["trainer"].state.log_history


def dataset_of(folder: Path, records: Sequence[dict[str, Any]]) -> None:
    lines = (json.dumps({"line": line, "extra": {}, **record}) + "\n" for line, record in enumerate(records, start=1))
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")


def logged(log: Sequence[dict[str, Any]], name: str) -> dict[int, float]:
    return {entry["step"]: entry[name] for entry in log if name in entry}


def test_the_script_of_a_run_has_the_losses_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Within half a per cent: both compute in bfloat16, and other rows stand together in a part of a step.

    A check in the middle of it changes nothing of what follows.
    """
    lines = (ASSETS / "samples" / "triage.jsonl").read_text(encoding="utf-8").splitlines()[:14]
    dataset_of(tmp_path, [{"messages": json.loads(line)["messages"]} for line in lines])
    ours, log = compared(tmp_path, RECIPE, rows=(12, 2), monkeypatch=monkeypatch, model=STARTER)
    theirs = logged(log, "loss")
    assert theirs == pytest.approx(ours.curve("loss"), rel=0.005) and theirs[4] < 0.9 * theirs[1]
    assert logged(log, "learning_rate") == pytest.approx(ours.curve("learning_rate"))
    for step in (2, 4):
        assert logged(log, "eval_loss")[step] == pytest.approx(ours.curve("validation_loss")[step], rel=0.005)
    assert (tmp_path / "trained" / "adapter_model.safetensors").exists()


@pytest.mark.parametrize("name", RUNS)
def test_so_has_that_of_every_other_kind_of_run(name: str, tmp_path: Path, tiny_model: Path, monkeypatch):
    recipe, kind = RUNS[name]
    dataset_of(tmp_path, [ROWS[kind](number) for number in range(16)])
    small = STARTER if name in ON_THE_STARTER else tiny_model  # an untrained one, where that is enough
    model = with_tools(tiny_model, tmp_path / "model") if "tools" in name else small
    begin = first_stage(tmp_path, model, recipe) if name.endswith("after a first stage") else {}
    ours, log = compared(tmp_path, recipe, rows=(12, 4), monkeypatch=monkeypatch, model=model, **begin)
    losses = logged(log, "loss")
    assert losses == pytest.approx(ours.curve("loss"), rel=0.01, abs=0.003) and losses[3] < losses[1]
    assert logged(log, "learning_rate") == pytest.approx(ours.curve("learning_rate"))
    assert list(logged(log, "eval_loss").values())[-1] == pytest.approx(
        ours.curve("validation_loss")[max(losses)], rel=0.01, abs=0.003
    )


def with_tools(model: Path, folder: Path) -> Path:
    """The tiny model with a template that writes tools and calls; the starter's leaves them out."""
    shutil.copytree(model, folder)
    (folder / "chat_template.jinja").write_text(WITH_TOOLS, encoding="utf-8")
    return folder


def first_stage(folder: Path, model: Path, then: Recipe) -> dict[str, str]:
    """A run on the better answers alone, which another one begins from."""
    from studio.engine.train import train

    recipe = then.model_copy(update={"preference": False, "epochs": 1})
    spec = {"run": str(folder / "before"), "dataset": str(folder), "model": str(model), "model_id": "a model"}
    parts = {"train": list(range(12)), "validation": [12, 13, 14, 15]}
    assert train({**spec, **parts, "recipe": recipe.model_dump()}, Notebook()).state == "done"
    begin = folder / "before" / "checkpoints" / "step-1"
    return {"begin": str(begin), "begin_sha256": checkpoints.verify(begin).weights_sha256}


def test_rows_of_a_template_without_marks_are_handed_over_as_tokens(tmp_path: Path, tiny_model: Path, monkeypatch):
    """TRL alone refuses such a template, and would write another date every day."""
    model, out = tmp_path / "model", tmp_path / "lengths.npz"
    shutil.copytree(tiny_model, model)
    unmarked = (
        (model / "chat_template.jinja").read_text().replace("{% generation %}", "").replace("{% endgeneration %}", "")
    )
    (model / "chat_template.jinja").write_text("{{ strftime_now('%d %B %Y') }}" + unmarked)
    dataset_of(tmp_path, [answers(number) for number in range(16)])
    spec = {"dataset": str(tmp_path), "model": str(model), "model_id": "a model", "out": str(out)}
    assert measure(spec, Notebook()).state == "done"
    ours, log = compared(tmp_path, LORA, rows=(12, 4), monkeypatch=monkeypatch, model=model)
    losses = logged(log, "loss")
    assert losses == pytest.approx(ours.curve("loss"), rel=0.01) and losses[3] < losses[1]
    assert "assistant_only_loss" not in (tmp_path / "train.py").read_text()
