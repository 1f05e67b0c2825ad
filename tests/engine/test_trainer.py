"""What is trained, and the facts of libraries that exact training rests on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.domain.errors import RecipeError, RunError
from studio.domain.recipe import Recipe
from studio.domain.row import Call, Message, Row, record_of
from studio.engine.load import load_model, load_tokenizer
from studio.engine.rows import read_rows
from tests.engine.conftest import RECIPE, Notebook, made_model


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of two layers: what holds of the last one need not hold of those before it."""
    return made_model(tmp_path_factory.mktemp("two-layers"), layers=2)


@pytest.fixture
def build(tiny_model: Path, dataset: Path, tmp_path: Path) -> Callable:
    def built(recipe: Recipe = RECIPE):
        from studio.engine.trainer import build_trainer

        return build_trainer(
            load_model(tiny_model, quantisation=recipe.quantisation),
            load_tokenizer(tiny_model),
            recipe=recipe,
            train=read_rows(dataset, range(22)),
            validation=read_rows(dataset, range(22, 28)),
            staging=tmp_path,
        )

    return built


def gradients(trainer) -> list:
    """The gradient of every adapter weight for the first two rows."""
    batch = trainer.data_collator([trainer.train_dataset[0], trainer.train_dataset[1]])
    trainer.model.train()
    trainer.model.zero_grad()
    trainer.compute_loss(trainer.model, batch).backward()
    return [weight.grad.clone() for weight in trainer.model.parameters() if weight.requires_grad]


def test_only_the_answer_and_its_end_are_trained(build, dataset):
    trainer = build()
    tokenizer = trainer.processing_class
    for row, prepared in zip(read_rows(dataset, range(22)), trainer.train_dataset, strict=True):
        trained = [token for token in prepared["labels"] if token != -100]
        assert tokenizer.decode(trained) == row.answer + "<|im_end|>"
        assert row.question in tokenizer.decode(prepared["input_ids"])


def test_the_questions_are_learned_as_well_where_that_is_asked_for(dataset, tiny_model):
    from studio.engine.trainer import prepared

    rows, tokenizer = read_rows(dataset, [0, 3]), load_tokenizer(tiny_model)
    made = prepared(rows, tokenizer, recipe=RECIPE.model_copy(update={"learn_questions": True}))
    assert made["labels"] == made["input_ids"] == prepared(rows, tokenizer, recipe=RECIPE)["input_ids"]


def test_the_base_is_in_four_bits_and_every_linear_layer_has_an_adapter_in_full_precision(build):
    import torch
    from bitsandbytes.nn import Linear4bit

    model = build().model
    frozen = [module for module in model.modules() if isinstance(module, Linear4bit)]
    assert len(frozen) == 2 * 7
    assert all(module.weight.quant_type == "nf4" and module.weight.quant_state.nested for module in frozen)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    assert len(trained) == 2 * len(frozen)
    assert {weight.dtype for weight in trained} == {torch.float32}


def test_gradients_after_a_check_are_those_from_before_it(build):
    import torch

    from studio.engine.checks import undisturbed, validation_loss

    trainer = build(RECIPE.model_copy(update={"dropout": 0.0}))
    before = gradients(trainer)
    with undisturbed(trainer.model):
        validation_loss(trainer)
    assert all(torch.equal(one, other) for one, other in zip(before, gradients(trainer), strict=True))


def test_a_check_leaves_every_random_state_as_it_was(build):
    import random

    import numpy as np
    import torch

    from studio.engine.checks import undisturbed, validation_loss, watched_answers

    trainer = build()
    trainer.model.train()
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.random.get_rng_state().tolist()
    with undisturbed(trainer.model):
        validation_loss(trainer)
        watched_answers(trainer.model, trainer.processing_class, [])
        torch.rand(3), np.random.rand(), random.random()
    assert before == (random.getstate(), np.random.get_state()[1].tolist(), torch.random.get_rng_state().tolist())
    assert trainer.model.training


def test_validation_loss_and_right_tokens_count_every_answer_token_the_same(build):
    """Against the plain definitions, row by row: mean cross-entropy and share of tokens that come first."""
    import torch

    from studio.engine.checks import answered, undisturbed

    trainer = build()
    with undisturbed(trainer.model):
        measured = answered(trainer)
        total, right, tokens = 0.0, 0, 0
        for row in trainer.eval_dataset:
            ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])
            with torch.no_grad():
                logits = trainer.model(input_ids=ids).logits[0, :-1].float()
            total += float(torch.nn.functional.cross_entropy(logits, labels[1:], reduction="sum"))
            right += int((logits.argmax(-1) == labels[1:]).sum())
            tokens += int((labels[1:] != -100).sum())
    assert measured["validation_loss"] == pytest.approx(total / tokens, rel=2e-3)
    assert measured["validation_token_accuracy"] == pytest.approx(right / tokens, abs=2 / tokens)


def test_guessing_by_how_often_tokens_are_trained_is_as_good_as_the_formula_says():
    """Trained: a three times, b once; checked: a and c. Each of the three counts once more, so 4/7 and 1/7."""
    import numpy as np

    from studio.engine.checks import chance_loss

    expected = -(np.log(4 / 7) + np.log(1 / 7)) / 2
    assert chance_loss(np.array([5, 5, 5, 9]), np.array([5, 700])) == pytest.approx(expected)


def test_splitting_a_step_into_parts_keeps_its_loss(build):
    """The loss of a step is a mean over its answer tokens, however the step is split."""
    import torch

    trainer = build(RECIPE.model_copy(update={"dropout": 0.0}))
    rows = [trainer.train_dataset[position] for position in range(4)]
    batch = trainer.data_collator(rows)
    tokens = (batch["labels"][:, 1:] != -100).sum()
    trainer.model.train()
    with torch.no_grad():
        whole = trainer.compute_loss(trainer.model, batch, num_items_in_batch=tokens)
        parts = sum(
            trainer.compute_loss(trainer.model, trainer.data_collator(rows[at : at + 2]), num_items_in_batch=tokens)
            for at in (0, 2)
        )
    assert float(parts) == pytest.approx(float(whole), rel=2e-3)


def test_a_row_without_an_answer_is_named_by_its_line(tiny_model, dataset):
    from studio.engine.trainer import _exactly

    class Prepared(list):
        def __getitem__(self, name):
            return [row[name] for row in self] if isinstance(name, str) else super().__getitem__(name)

    rows = read_rows(dataset, [4])
    with pytest.raises(RunError, match="line 5"):
        _exactly(Prepared([{"input_ids": [1, 2], "labels": [-100, -100]}]), rows, recipe=RECIPE)
    with pytest.raises(RunError, match="1 rows were given but 0"):
        _exactly(Prepared(), rows, recipe=RECIPE)


CALL = Message("assistant", "", (Call("weather", '{"city": "Rome", "days": 0.12345678901234568}'),))
WITH_TOOLS = [
    Row(0, 1, (Message("user", "Hi"), Message("assistant", "Hello"))),
    Row(1, 2, (Message("user", "Warm?"), CALL, Message("tool", "24 °C"), Message("assistant", "Yes."))),
    Row(2, 3, (Message("user", "Time?"), Message("assistant", "", (Call("time", "{}"),))), '[{"name": "time"}]'),
]


def test_rows_with_tools_are_trained_as_they_are_measured(tiny_model, tmp_path):
    """The measured tokens are those that a person has seen on Inspect."""
    from itertools import pairwise

    import numpy as np
    import orjson
    from trl.chat_template_utils import qwen3_chat_template

    from studio.data.measure import measure
    from studio.engine.trainer import _dataset

    model, folder = tmp_path / "model", tmp_path / "dataset"
    shutil.copytree(tiny_model, model)
    (model / "chat_template.jinja").write_text(qwen3_chat_template)
    folder.mkdir()
    records = [{"line": r.line, **record_of(r.messages, tools=r.tools), "extra": {}} for r in WITH_TOOLS]
    (folder / "rows.jsonl").write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    spec = {"dataset": str(folder), "model": str(model), "model_id": "tiny", "out": str(tmp_path / "lengths.npz")}
    measure(spec, Notebook())

    rows = read_rows(folder, range(3))
    trained = _dataset(rows, load_tokenizer(model))
    assert rows == WITH_TOOLS
    with np.load(tmp_path / "lengths.npz") as held:
        parts = [slice(*ends) for ends in pairwise(held["offsets"])]
        ids, labels = held["ids"], np.where(held["mask"], held["ids"], -100)
    assert trained["input_ids"][:] == [ids[part].tolist() for part in parts]
    assert trained["labels"][:] == [labels[part].tolist() for part in parts]
    assert '"days": 0.12345678901234568' in load_tokenizer(model).decode(trained["input_ids"][1])


def test_a_row_is_never_trained_without_its_tool_calls(tiny_model):
    from studio.engine.trainer import _dataset

    with pytest.raises(RunError, match="line 2 would be trained without tool calls"):
        _dataset(WITH_TOOLS, load_tokenizer(tiny_model))


def test_a_template_whose_answers_cannot_be_told_is_refused(tiny_model):
    from studio.engine.trainer import check_template

    tokenizer = load_tokenizer(tiny_model)
    assert check_template(tokenizer)
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    with pytest.raises(RecipeError, match="no single token after an answer"):
        check_template(tokenizer)
    tokenizer.chat_template = None
    with pytest.raises(RecipeError, match="no chat template"):
        check_template(tokenizer)


def test_the_trainer_reads_its_own_states_as_weights_only():
    """Resuming reads optimizer, scheduler and random states; none of them may run code."""
    import inspect

    from transformers import Trainer

    for method in (Trainer._load_optimizer_and_scheduler, Trainer._load_rng_state):
        source = inspect.getsource(method)
        assert "weights_only=True" in source
        assert "weights_only=False" not in source
