"""Every method really trains, is saved whole, goes on where it was and answers as it was trained."""

import json
import runpy
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from studio.domain.chat import Chat
from studio.domain.event import EventKind
from studio.domain.recipe import Recipe
from studio.domain.release import MEASURED
from studio.domain.row import Row, records_of
from studio.domain.sampling import Sampling
from studio.engine import checkpoints
from studio.engine.answering import answer
from studio.engine.export import export
from studio.engine.generate import generate
from studio.engine.load import keep_unpacked, load_model, load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.sides import load_sides
from studio.engine.train import train
from tests.engine.conftest import RECIPE, Notebook, goes_on_bit_for_bit, train_spec

ASSETS = Path(__file__).parents[2] / "assets"
STARTER = ASSETS / "starter"
STEPS = 12
SHORT = {"epochs": 3, "max_length": 256, "batch_size": 4, "micro_batch": 4, "evaluations": 1, "seed": 11}
PARTS = {"train": list(range(16)), "validation": [22, 23, 24, 25], "watch": [22], "expected_steps": STEPS}
METHODS: dict[str, dict[str, Any]] = {
    "qlora": {"learning_rate": 4e-3, "rank": 8},
    "lora": {"method": "lora", "learning_rate": 4e-3, "rank": 8},
    "rslora": {"method": "lora", "learning_rate": 2e-3, "rank": 8, "rank_stabilised": True},
    "dora": {"learning_rate": 4e-3, "rank": 8, "dora": True},
    "full": {"method": "full", "learning_rate": 5e-4},
    "prefix": {"method": "prefix", "learning_rate": 5e-2, "prefix_tokens": 16},
}
LONG = Sampling(max_new_tokens=60)


@pytest.fixture(scope="module", params=METHODS)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dataset: Path) -> Iterator[Any]:
    """A short run of the starter model, with what it told."""
    run, notebook = tmp_path_factory.mktemp(request.param), Notebook()
    recipe = Recipe.model_validate(SHORT | METHODS[request.param])
    outcome = train(train_spec(run, dataset, STARTER, recipe=recipe) | PARTS, notebook)
    yield run, recipe, notebook, outcome


def test_the_loss_falls_and_the_checkpoint_is_whole(trained):
    run, recipe, _, outcome = trained
    assert outcome.state == "done", outcome.message
    assert outcome.result["best_validation_loss"] < 0.7 * outcome.result["first_validation_loss"]
    manifest = checkpoints.verify(run / "checkpoints" / f"step-{STEPS}")
    assert manifest.is_whole_model == (recipe.method == "full")
    assert manifest.quantisation == recipe.quantisation


def test_a_checkpoint_loaded_back_is_what_was_trained(trained, dataset):
    """Its loss on the validation rows by the plain definition is the one that was measured in training."""
    run, _, _, _ = trained
    folder = run / "checkpoints" / f"step-{STEPS}"
    manifest = checkpoints.verify(folder)
    tokenizer, pair = load_tokenizer(STARTER), load_sides(STARTER, trained=folder, manifest=manifest)
    assert loss(pair.tuned, tokenizer, read_rows(dataset, PARTS["validation"])) == pytest.approx(
        manifest.validation_loss, rel=0.02
    )


def loss(model: Any, tokenizer: Any, rows: list[Row]) -> float:
    """Mean cross-entropy in nats over all answer tokens, row by row."""
    import torch

    from studio.engine.trainer import _dataset

    total, tokens = 0.0, 0
    for row in _dataset(rows, tokenizer):
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, :-1].float()
        total += float(torch.nn.functional.cross_entropy(logits, labels[1:], reduction="sum"))
        tokens += int((labels[1:] != -100).sum())
    return total / tokens


def test_base_and_tuned_each_answer_as_they_would_alone(trained, dataset, tmp_path):
    run, recipe, notebook, _ = trained
    folder = run / "checkpoints" / f"step-{STEPS}"
    tokenizer, manifest = load_tokenizer(STARTER), checkpoints.verify(folder)
    (row,) = read_rows(dataset, [22])
    common = {
        "key": "22",
        "set": "study",
        "messages": records_of(row.prompt),
        "tools": "",
        "reference": records_of(row.messages[-1:]),
    }
    asks = [common | {"contestant": side, "tuned": side == "tuned"} for side in ("base", "tuned")]
    (tmp_path / "asks.jsonl").write_text("".join(json.dumps(ask) + "\n" for ask in asks))
    spec = {
        "model": str(STARTER), "model_id": "tiny", "adapter": str(folder), "adapter_sha256": manifest.weights_sha256,
        "asks": str(tmp_path / "asks.jsonl"), "out": str(tmp_path / "answers.jsonl"), "sampling": asdict(LONG),
        "measure": {"timings": ["22"], "losses": ["22"], "tasks": [], "limit": None, "out": str(tmp_path / "measured.jsonl")},
    }  # fmt: skip
    outcome = generate(spec, Notebook())
    assert (outcome.state, outcome.result["answers"], outcome.result["identical"]) == ("done", 2, 0), outcome.message
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    said = {line["contestant"]: line["text"] for line in lines}
    assert said["tuned"] == notebook.of(EventKind.ANSWERS)[-1]["items"][0]["answer"]
    untouched = load_model(STARTER, quantisation=recipe.quantisation).eval()
    if not can_mix(recipe):
        keep_unpacked(untouched)
    assert [said["base"]] == answer(untouched, tokenizer, [Chat(row.prompt)], sampling=LONG)
    told = {line["kind"]: line for line in map(json.loads, (tmp_path / "measured.jsonl").read_text().splitlines())}
    assert told["timing"]["base"]["tokens"] == next(line["tokens"] for line in lines if line["contestant"] == "base")
    assert told["loss"]["tuned_nll"] < told["loss"]["base_nll"]


def test_what_is_delivered_answers_as_in_training(trained, dataset, tmp_path, monkeypatch, capsys):
    """By the script that comes with it, with plain transformers and peft."""
    run, recipe, notebook, _ = trained
    folder = run / "checkpoints" / f"step-{STEPS}"
    manifest, (row,) = checkpoints.verify(folder), read_rows(dataset, [22])
    form = "merged" if manifest.is_whole_model else "adapter"
    template = Environment(loader=FileSystemLoader(ASSETS), trim_blocks=True, lstrip_blocks=True, autoescape=False)
    about = {
        "run": SimpleNamespace(recipe=recipe), "model": SimpleNamespace(hub_id=""), "dataset": SimpleNamespace(is_text=False)
    }  # fmt: skip
    script = template.get_template("run.py.jinja").render(about, form=form, is_nf4=recipe.method == "qlora")
    spec = {
        "release": "release-1", "run": "run-1", "step": STEPS, "form": form, "name": "lamp", "to": str(tmp_path / "out"),
        "checkpoint": str(folder), "sha256": manifest.weights_sha256, "model": str(STARTER), "model_id": "tiny",
        "base_name": "starter", "dataset": str(dataset), "compared": PARTS["watch"], "sampling": asdict(LONG),
        "papers": {"README.md": MEASURED, "run.py": script}, "converter": "",
    }  # fmt: skip
    outcome = export(spec, Notebook())
    assert outcome.state == "done", outcome.message
    monkeypatch.setattr(sys, "argv", ["run.py", row.question, *([] if manifest.is_whole_model else [str(STARTER)])])
    capsys.readouterr()
    runpy.run_path(str(tmp_path / "out" / "run.py"), run_name="__main__")
    said = notebook.of(EventKind.ANSWERS)[-1]["items"][0]["answer"]
    assert said and capsys.readouterr().out.removesuffix("\n") == said


def can_mix(recipe: Recipe) -> bool:
    return recipe.method in ("qlora", "lora") and not recipe.dora


def test_one_batch_holds_both_sides_where_the_adapter_can_be_on_and_off_row_by_row(trained):
    run, recipe, _, _ = trained
    folder = run / "checkpoints" / f"step-{STEPS}"
    sides = load_sides(STARTER, trained=folder, manifest=checkpoints.verify(folder))
    assert sides.can_mix == can_mix(recipe)


@pytest.mark.parametrize("name", ["dora", "full", "prefix"])
def test_a_stopped_run_goes_on_bit_for_bit_with_every_method(name: str, tmp_path, tiny_model, dataset):
    changes = {"learning_rate": 1e-3, "rank": 16, "dropout": 0.0} | METHODS[name] | {"evaluations": 1}
    if name != "dora":
        del changes["rank"], changes["dropout"]
    recipe = Recipe.model_validate(SHORT | changes)
    watch = [22] if name == "prefix" else []  # which alone answers in another way than the run of test_train.py
    spec = train_spec(tmp_path, dataset, tiny_model, recipe=recipe) | PARTS | {"watch": watch}
    goes_on_bit_for_bit(spec, stop_at=6)


def test_full_fine_tuning_keeps_what_bfloat16_would_round_away(tmp_path, tiny_model, dataset):
    """Corrections of 1e-6 are far below bfloat16's steps, and have to be there all the same."""
    from safetensors.torch import load_file

    recipe = RECIPE.by("full").model_copy(update={"learning_rate": 1e-6, "evaluations": 1})
    train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe), Notebook())
    before, after = (
        load_file(folder / "model.safetensors")["model.layers.0.mlp.up_proj.weight"].float()
        for folder in (tiny_model, tmp_path / "checkpoints" / "step-18")
    )
    assert (before != after).float().mean() > 0.99
    assert (before == after.bfloat16()).float().mean() > 0.8
