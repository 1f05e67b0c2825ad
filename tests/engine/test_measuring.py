"""What gates need beside answers, measured on a tiny model: times, losses and tasks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.domain.errors import SetupError
from studio.domain.event import EventKind
from studio.domain.gate_result import Scored, Timed, Timing
from studio.domain.row import records_of
from studio.domain.task_score import TaskScore
from studio.engine import checkpoints, measuring
from studio.engine.generate import generate
from studio.engine.load import load_tokenizer
from studio.engine.rows import read_rows
from studio.engine.sides import Apart, Sides, load_sides
from tests.engine.conftest import Notebook

KEYS = ["28", "29", "30"]
Measure = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def asks(dataset: Path) -> list[dict[str, Any]]:
    def ask(key: str, messages: list[dict[str, Any]], reference: list[dict[str, Any]] | None, side: str) -> dict:
        common = {"key": key, "set": "study", "messages": messages, "tools": "", "reference": reference}
        return common | {"contestant": side, "tuned": side == "tuned"}

    rows = read_rows(dataset, map(int, KEYS))
    said = [(str(row.number), records_of(row.prompt), records_of(row.messages[-1:])) for row in rows]
    talk = records_of(rows[0].messages) + said[1][1]
    endless = [{"role": "assistant", "content": "Item: lamp " * 200}]
    others = [("own", said[0][1], None), ("talk", talk, said[1][2]), ("long", said[0][1], endless)]
    return [ask(*prompt, side) for prompt in said + others for side in ("base", "tuned")]


@pytest.fixture(scope="module")
def sides(tiny_model: Path, adapter: Path) -> Sides:
    return load_sides(tiny_model, trained=adapter, manifest=checkpoints.verify(adapter))


@pytest.fixture
def measured(
    tmp_path: Path, tiny_model: Path, adapter: Path, asks: list[dict[str, Any]], sides: Sides, monkeypatch
) -> Measure:
    """The lines of measured.jsonl after a whole job that was to measure so much."""

    def measure(notebook: Notebook | None = None, *, sides: Sides = sides, **wanted: Any) -> list[dict[str, Any]]:
        monkeypatch.setattr("studio.engine.generate.load_sides", lambda *_, **__: sides)
        (tmp_path / "asks.jsonl").write_text("".join(json.dumps(ask) + "\n" for ask in asks))
        out = tmp_path / "measured.jsonl"
        spec = {
            "model": str(tiny_model), "model_id": "tiny", "adapter": str(adapter), "adapter_sha256": None,
            "sampling": {"max_new_tokens": 4, "temperature": 0.0, "top_p": 1.0, "seed": 7},
            "asks": str(tmp_path / "asks.jsonl"), "out": str(tmp_path / "answers.jsonl"),
            "measure": {"timings": [], "losses": [], "tasks": [], "limit": None, "out": str(out)} | wanted,
        }  # fmt: skip
        measure.outcome = generate(spec, notebook or Notebook())
        return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []

    return measure


def loss_by_hand(
    sides: Sides, tokenizer: Any, chat: list[dict[str, Any]], answer: str, *, on: bool
) -> tuple[int, float]:
    """Tokens and cost of an answer and the end of it, word by word from plain scores."""
    import torch

    turns = [{"role": turn["role"], "content": turn["content"]} for turn in chat]
    asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    ids, said = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (asked, answer + "<|im_end|>"))
    with sides.side(on=on) as model, torch.no_grad():
        scores = model(input_ids=torch.tensor([ids + said])).logits[0].float().log_softmax(-1)
    return len(said), -sum(float(scores[len(ids) + place - 1, token]) for place, token in enumerate(said))


def test_a_loss_is_that_of_the_reference_answer_and_its_end_alone(measured: Measure, sides, tiny_model, asks):
    tokenizer = load_tokenizer(tiny_model)
    lines = measured(losses=[*KEYS, "talk"])
    prompts = {ask["key"]: ask for ask in asks}
    assert [line["key"] for line in lines] == [*KEYS, "talk"]
    for line in lines:
        scored = Scored(line["key"], line["tokens"], line["base_nll"], line["tuned_nll"])
        prompt = prompts[scored.prompt_id]
        for on, told in ((False, scored.base_nll), (True, scored.tuned_nll)):
            expected = loss_by_hand(sides, tokenizer, prompt["messages"], prompt["reference"][0]["content"], on=on)
            assert (scored.tokens, told) == (expected[0], pytest.approx(expected[1], rel=1e-3))
        assert scored.tuned_nll < scored.base_nll


def test_what_cannot_be_marked_or_held_or_was_not_asked_says_so_and_costs_nothing_else(measured: Measure):
    lines = measured(losses=["own", "long", "nobody", "28"])
    why = {line["key"]: line["why"] for line in lines if line["kind"] == "unmeasured"}
    assert why.keys() == {"own", "long", "nobody"}
    assert "there is none" in why["own"] and "can hold 512" in why["long"] and "Neither" in why["nobody"]
    assert [line["key"] for line in lines if line["kind"] == "loss"] == ["28"]
    again = measured(losses=["own", "long", "nobody", "28"])
    assert again == lines


def test_times_are_taken_one_prompt_at_a_time_in_turns_after_a_warm_up(measured: Measure, monkeypatch):
    asked: list[tuple[int, bool]] = []
    whole = measuring.write

    def watched(model: Any, tokenizer: Any, prompts: Any, **settings: Any) -> Any:
        asked.append((len(prompts), not model._adapters_disabled))
        return whole(model, tokenizer, prompts, **settings)

    monkeypatch.setattr(measuring, "write", watched)
    lines = measured(timings=KEYS)
    assert [line["key"] for line in lines] == KEYS
    for line in lines:
        timed = Timed(line["key"], Timing(**line["base"]), Timing(**line["tuned"]))
        assert timed.base.seconds > 0 and 1 <= timed.tuned.tokens <= 4
    tuned, base = (1, True), (1, False)
    assert asked == [tuned, tuned, base, base, base, tuned, tuned, base]


def test_two_models_that_do_not_fit_beside_each_other_are_measured_one_after_the_other(measured: Measure, sides):
    loaded: list[bool] = []

    class Half:
        """One of the two, as if it had been loaded alone."""

        def __init__(self, on: bool) -> None:
            loaded.append(on)
            self.on = on

        def __getattr__(self, name: str) -> Any:
            with sides.side(on=self.on) as model:
                return getattr(model, name)

        def __call__(self, **inputs: Any) -> Any:
            with sides.side(on=self.on) as model:
                return model(**inputs)

        def generate(self, **settings: Any) -> Any:
            with sides.side(on=self.on) as model:
                return model.generate(**settings)

    notebook = Notebook()
    lines = measured(notebook, sides=Apart(Half), timings=KEYS, losses=KEYS)
    assert measured.outcome.state == "done"
    assert {line["kind"] for line in lines} == {"timing", "loss"} and len(lines) == 2 * len(KEYS)
    assert len(loaded) <= 6, "a model is loaded anew for each prompt"
    assert any("timed by itself" in note["text"] for note in notebook.of(EventKind.NOTE))


def test_a_stop_keeps_what_was_measured_and_the_rest_comes_later(measured: Measure):
    answered = Notebook()
    measured(answered)
    few = measured(Notebook(stop_at=2), timings=KEYS)
    assert measured.outcome.state == "stopped" and 1 <= len(few) < len(KEYS)
    whole = measured(timings=KEYS)
    assert whole[: len(few)] == few and [line["key"] for line in whole] == KEYS


def test_tasks_are_told_question_by_question_and_one_that_cannot_be_run_takes_nothing_with_it(
    measured: Measure, monkeypatch
):
    def run(gate: Any, sides: Sides, tokenizer: Any) -> tuple[TaskScore, ...]:
        if gate.tasks == ("missing",):
            raise SetupError("It is not installed.", fix="Install it.")
        assert gate.limit == 2
        return (TaskScore(gate.tasks[0], "acc", "0", 1.0, 0.0),)

    monkeypatch.setattr(measuring, "run_tasks", run)
    lines = measured(tasks=["missing", "arc_easy"], limit=2)
    assert lines == [
        {"kind": "unmeasured", "key": "missing", "why": "It is not installed. Install it."},
        {"kind": "task", "task": "arc_easy", "metric": "acc", "question": "0", "base": 1.0, "tuned": 0.0},
    ]
    assert measured.outcome.state == "done"
    assert measured(tasks=["missing", "arc_easy"], limit=2) == lines
