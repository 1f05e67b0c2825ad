"""Preference training: a model learns to prefer the better answer, and says how clearly it does."""

import math
from pathlib import Path
from typing import Any

import pytest

from studio.domain.event import EventKind
from studio.domain.recipe import Recipe
from studio.engine import checkpoints
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.train import train
from tests.engine.conftest import RECIPE, Notebook, goes_on_bit_for_bit, train_spec

STARTER = Path(__file__).parents[2] / "assets" / "starter"
DPO = Recipe(
    epochs=3, learning_rate=2e-3, rank=8, max_length=256, batch_size=4, micro_batch=2, evaluations=2, seed=11,
    preference=True,
)  # fmt: skip
PARTS = {"train": list(range(16)), "validation": [16, 17, 18, 19], "watch": [16], "expected_steps": 12}
SHORT = PARTS | {"watch": [], "expected_steps": 4}
OTHERS = {
    method: DPO.by(method).model_copy(update={"epochs": 1, "evaluations": 1} | changes)
    for method, changes in {"full": {"learning_rate": 1e-4}, "prefix": {"learning_rate": 5e-2}}.items()
}


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, pairs: Path):
    run, notebook = tmp_path_factory.mktemp("run"), Notebook()
    whole_steps = DPO.model_copy(update={"micro_batch": 4})
    return run, notebook, train(train_spec(run, pairs, STARTER, recipe=whole_steps) | PARTS, notebook)


def test_it_begins_without_a_preference_and_learns_one(straight):
    run, notebook, outcome = straight
    assert outcome.state == "done", outcome.message
    losses, margins = notebook.curve("validation_loss"), notebook.curve("margin")
    assert losses[0] == pytest.approx(math.log(2), abs=1e-3) and abs(margins[0]) < 0.01
    assert losses[12] < 0.5 * losses[0] and margins[12] > 1
    assert notebook.curve("accuracy")[12] == 1.0
    assert not checkpoints.verify(run / "checkpoints" / "step-12").is_whole_model
    assert len(notebook.of(EventKind.ANSWERS)) == len(losses)


@pytest.fixture(scope="module", params=["qlora", "full", "prefix"])
def learned(request: pytest.FixtureRequest, straight, pairs: Path, tmp_path_factory: pytest.TempPathFactory):
    """The same for every way to change a model, of a few steps only; its checkpoint, and the margins that were told."""
    if request.param == "qlora":
        run, notebook, _ = straight
        return "qlora", run / "checkpoints" / "step-12", notebook.curve("margin")
    run, notebook = tmp_path_factory.mktemp(request.param), Notebook()
    assert train(train_spec(run, pairs, STARTER, recipe=OTHERS[request.param]) | SHORT, notebook).state == "done"
    return request.param, run / "checkpoints" / "step-4", notebook.curve("margin")


def test_the_margin_is_that_of_the_definition_with_every_method(learned, pairs):
    """beta times the difference of log-probability ratios, computed here from plain logits of the two models."""
    import torch

    from studio.engine.load import keep_unpacked
    from studio.engine.pairs import pairs as made
    from studio.engine.sides import load_sides

    method, folder, told = learned
    base = load_model(STARTER, quantisation="nf4" if method == "qlora" else "none").eval()
    keep_unpacked(base)
    tuned = load_sides(STARTER, trained=folder, manifest=checkpoints.verify(folder)).tuned

    def likelihood(model: Any, ids: list[int], start: int) -> float:
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)
        return float(scores[range(start - 1, len(ids) - 1), ids[start:]].sum())

    margins = []
    for row in made(read_rows(pairs, PARTS["validation"]), load_tokenizer(STARTER), template=None):
        sides = [row["prompt_ids"] + row[side] for side in ("chosen_ids", "rejected_ids")]
        after, before = ([likelihood(model, ids, len(row["prompt_ids"])) for ids in sides] for model in (tuned, base))
        margins.append(0.1 * ((after[0] - before[0]) - (after[1] - before[1])))
    assert sum(margins) / len(margins) == pytest.approx(told[max(told)], rel=0.05)
    assert told[max(told)] > told[0] + 0.5


def test_where_every_weight_changes_it_begins_exactly_where_the_untouched_model_is(learned):
    """What that one says was worked out beforehand, from the same weights and in the same company of pairs."""
    method, _, told = learned
    if method == "full":
        assert told[0] == 0.0


@pytest.mark.parametrize("method", ["full", "prefix"])
def test_a_stopped_run_on_pairs_goes_on_bit_for_bit(method: str, tmp_path, tiny_model, pairs):
    goes_on_bit_for_bit(train_spec(tmp_path, pairs, tiny_model, recipe=OTHERS[method]) | SHORT, stop_at=2)


def test_both_answers_are_whole_and_stand_after_the_prompt_that_the_model_is_asked(tiny_model, pairs):
    from studio.engine.pairs import pairs as made

    tokenizer, rows = load_tokenizer(tiny_model), read_rows(pairs, range(4))
    for row, pair in zip(rows, made(rows, tokenizer, template=None), strict=True):
        assert tokenizer.decode(pair["prompt_ids"]).endswith("<|im_start|>assistant\n")
        assert tokenizer.decode(pair["chosen_ids"]) == f"{row.answer}<|im_end|>"
        assert tokenizer.decode(pair["rejected_ids"]) == f"{row.rejected[0].content}<|im_end|>"


@pytest.mark.parametrize("preference", [False, True])
def test_a_second_stage_begins_where_the_first_one_ended(straight, preference: bool, tmp_path, pairs):
    """Its first check finds the loss of the first stage, and preference training measures from there."""
    run, _, _ = straight
    folder = run / "checkpoints" / "step-12"
    begin = {"begin": str(folder), "begin_sha256": checkpoints.verify(folder).weights_sha256}
    recipe = DPO.model_copy(update={"epochs": 1, "evaluations": 1, "preference": preference})
    spec = train_spec(tmp_path, pairs, STARTER, recipe=recipe) | PARTS | {"expected_steps": 4}
    if not preference:
        spec |= {"train": PARTS["train"][:8], "expected_steps": 2}  # what is learned after the first check is not asked
    fresh, second = Notebook(stop_at=1), Notebook()
    assert train(spec | begin, second).state == "done"
    before = straight[1].of(EventKind.ANSWERS)[-1]["items"]
    assert second.of(EventKind.ANSWERS)[0]["items"] == before
    if preference:
        assert abs(second.curve("margin")[0]) < 0.02 and second.curve("margin")[4] > 0
    else:
        train(spec | {"run": str(tmp_path / "fresh"), "watch": []}, fresh)
        assert second.curve("validation_loss")[0] != fresh.curve("validation_loss")[0]


@pytest.mark.parametrize("preference", [False, True])
def test_a_second_stage_begins_from_a_whole_model_as_well(preference: bool, tmp_path, tiny_model, pairs):
    recipe = OTHERS["full"].model_copy(update={"preference": False})
    first, second = Notebook(), Notebook()
    train(train_spec(tmp_path / "first", pairs, tiny_model, recipe=recipe) | SHORT, first)
    folder = tmp_path / "first" / "checkpoints" / "step-4"
    begin = {"begin": str(folder), "begin_sha256": checkpoints.verify(folder).weights_sha256}
    recipe = recipe.model_copy(update={"preference": preference})
    outcome = train(train_spec(tmp_path, pairs, tiny_model, recipe=recipe) | SHORT | begin, second)
    assert outcome.state == "done", outcome.message
    if preference:
        assert abs(second.curve("margin")[0]) < 0.02 and second.curve("margin")[4] > 0
    else:
        assert second.curve("validation_loss")[0] == first.curve("validation_loss")[4]


@pytest.mark.parametrize("method", ["qlora", "full"])
def test_a_stopped_second_stage_goes_on_bit_for_bit(method: str, tmp_path, tiny_model, pairs):
    recipe = OTHERS.get(method, DPO).model_copy(update={"evaluations": 1, "epochs": 1})
    first = train_spec(tmp_path / "first", pairs, tiny_model, recipe=recipe.model_copy(update={"preference": False}))
    train(first | SHORT, Notebook())
    folder = tmp_path / "first" / "checkpoints" / "step-4"
    begin = {"begin": str(folder), "begin_sha256": checkpoints.verify(folder).weights_sha256}
    goes_on_bit_for_bit(train_spec(tmp_path, pairs, tiny_model, recipe=recipe) | SHORT | begin, stop_at=2)


def test_a_second_stage_begins_from_no_other_checkpoint_than_the_one_chosen(straight, tmp_path, pairs):
    folder = straight[0] / "checkpoints" / "step-12"
    spec = train_spec(tmp_path, pairs, STARTER, recipe=DPO) | PARTS
    outcome = train(spec | {"begin": str(folder), "begin_sha256": "0" * 64}, Notebook())
    assert outcome.state == "failed" and "not the one that was chosen" in outcome.message


def test_rows_without_a_worse_answer_are_refused_by_their_line(tmp_path, tiny_model, dataset):
    recipe = RECIPE.model_copy(update={"preference": True})
    outcome = train(train_spec(tmp_path, dataset, tiny_model, recipe=recipe), Notebook())
    assert outcome.state == "failed" and "line 1 has no worse answer" in outcome.message


def test_a_rejected_answer_beyond_the_cut_off_is_named_by_its_line(tmp_path, tiny_model, pairs):
    recipe = DPO.model_copy(update={"max_length": 16})
    outcome = train(train_spec(tmp_path, pairs, tiny_model, recipe=recipe) | PARTS, Notebook())
    assert outcome.state == "failed" and "The longer answer on line 1 has" in outcome.message
