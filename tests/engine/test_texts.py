"""Continued training on plain text: every word of it is learned, and none is cut."""

import json
from pathlib import Path

import pytest

from studio.domain.lengths import in_pieces
from studio.domain.recipe import Recipe
from studio.engine import checkpoints
from studio.engine.load import load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.train import train
from tests.engine.conftest import ITEMS, RECIPE, Notebook, train_spec

STARTER = Path(__file__).parents[2] / "assets" / "starter"


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve texts, of which the later ones are longer."""
    folder = tmp_path_factory.mktemp("texts")
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as file:
        for number in range(12):
            text = f"The {ITEMS[number % 10]} is on the table. " * (number + 1)
            file.write(json.dumps({"line": number + 1, "messages": [{"role": "text", "content": text}]}) + "\n")
    return folder


@pytest.mark.parametrize("total", [1, 63, 64, 65, 640, 1000])
def test_pieces_are_few_about_equal_and_together_the_whole(total: int):
    pieces = in_pieces(total, 64)
    assert sum(pieces) == total and max(pieces) <= 64 and max(pieces) - min(pieces) <= 1
    assert len(pieces) == -(-total // 64)


def test_every_word_of_a_text_is_learned_in_its_order_and_ends_with_the_end_token(tiny_model, texts):
    from studio.engine.trainer import prepared

    tokenizer, rows = load_tokenizer(tiny_model), read_rows(texts, range(12))
    made = prepared(rows, tokenizer, recipe=Recipe(max_length=48))
    assert max(len(ids) for ids in made["input_ids"]) <= 48
    assert made["labels"][:] == made["input_ids"][:]
    written = "".join(tokenizer.decode(ids) for ids in made["input_ids"])
    assert written == "".join(row.answer + "<|im_end|>" for row in rows)


@pytest.mark.parametrize(("method", "rate"), [("qlora", 4e-3), ("full", 5e-4)])
def test_the_starter_learns_plain_text(method, rate, tmp_path, texts):
    recipe = RECIPE.by(method).model_copy(update={"max_length": 48, "evaluations": 1, "learning_rate": rate})
    spec = train_spec(tmp_path, texts, STARTER, recipe=recipe)
    parts = {"train": [0, 2, 3, 5, 6, 8, 9, 11], "validation": [1, 4, 7], "watch": [], "expected_steps": None}
    outcome = train(spec | parts, Notebook())
    assert outcome.state == "done", outcome.message
    assert outcome.result["best_validation_loss"] < 0.7 * outcome.result["first_validation_loss"]
    assert checkpoints.verify(tmp_path / "checkpoints" / f"step-{outcome.result['steps']}")
