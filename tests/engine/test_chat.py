"""A talk with a tiny model and its adapter: who answers, what of it is heard while it is written, and what ends it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.domain.event import EventKind
from studio.domain.talk import Answer, AnswerSettings, Contestant, End, Identity, Pane, Turn, heard
from studio.domain.thoughts import spoken
from studio.engine import chat as chatting
from studio.engine import checkpoints
from studio.engine.chat import chat
from studio.engine.generate import generate
from tests.engine.conftest import Notebook

ASKED = "My lamp is broken."
BRIEF = AnswerSettings(max_new_tokens=12)
Pages = list[tuple[str, str]]


class Person(Notebook):
    """Somebody who does something after so many tokens have been written."""

    def __init__(self, *, after: int = 10**9, do: Callable[[], object] = lambda: None, leave: bool = False) -> None:
        super().__init__()
        self.looks, self.after, self.do, self.leave = 0, after, do, leave

    def should_stop(self) -> bool:
        self.looks += 1
        if self.looks == self.after:
            self.do()
        return self.leave and self.looks >= self.after


@pytest.fixture
def idle(adapter: Path, tmp_path: Path) -> Path:
    """A checkpoint whose adapter adds nothing."""
    from safetensors.torch import load_file, save_file

    staged = Path(shutil.copytree(adapter, tmp_path / "staged"))
    manifest = checkpoints.verify(staged)
    weights = {name: tensor * ("lora_A" in name) for name, tensor in load_file(staged / checkpoints.ADAPTER).items()}
    save_file(weights, staged / checkpoints.ADAPTER)
    (staged / checkpoints.MANIFEST).unlink()
    return checkpoints.commit(staged, tmp_path / "checkpoints", manifest)


@pytest.fixture
def talk(tmp_path: Path, tiny_model: Path) -> Callable[..., tuple[Answer, ...]]:
    """Ask something of a few checkpoints (None is the base) and hear what they answer, with one worker for all of it."""
    inbox, folder = tmp_path / "inbox", tmp_path / "talk"

    def pane(weights: Path | None, history: Pages) -> Pane:
        if weights is None:
            return Pane(who=Contestant(), history=tuple(history))
        sha256 = checkpoints.verify(weights).weights_sha256
        who = Contestant(run_id="run-1", run="triage-1", step=18, sha256=sha256)
        return Pane(who=who, weights=str(weights), history=tuple(history))

    def ask(
        *panes: tuple[Path | None, Pages], settings: AnswerSettings = BRIEF, person: Person | None = None
    ) -> tuple[Answer, ...]:
        inbox.mkdir(exist_ok=True)
        folder.mkdir(exist_ok=True)
        turn = Turn(
            number=1, text=ASKED, at=0.0, model=str(tiny_model), model_id="tiny", model_title="Tiny", settings=settings,
            panes=tuple(pane(*each) for each in panes),
        )  # fmt: skip
        (folder / "turn-0001.json").write_text(turn.model_dump_json())
        (inbox / "1.json").write_text(json.dumps({"turn": str(folder / "turn-0001.json")}))
        ask.outcome = chat({"inbox": str(inbox), "idle": 0.0}, person or Person())
        ask.lines = [json.loads(line) for line in (folder / "turn-0001.said").read_text().splitlines()]
        assert not list(inbox.iterdir())
        return heard(ask.lines, len(panes))

    ask.stop = folder / "turn-0001.stop"
    return ask


def evaluated(folder: Path, model: Path, adapter: Path, prompt: Pages) -> dict[str, str]:
    """What a comparison would have both models answer."""
    messages = [{"role": role, "content": text} for role, text in prompt]
    common = {"key": "0", "set": "study", "messages": messages, "tools": "", "reference": None}
    asks = [common | {"contestant": side, "tuned": side == "tuned"} for side in ("base", "tuned")]
    (folder / "asks.jsonl").write_text("".join(json.dumps(ask) + "\n" for ask in asks))
    spec = {
        "model": str(model), "model_id": "tiny", "adapter": str(adapter), "asks": str(folder / "asks.jsonl"),
        "out": str(folder / "answers.jsonl"),
        "sampling": {"max_new_tokens": 12, "temperature": 0.0, "top_p": 1.0, "seed": 7},
    }  # fmt: skip
    generate(spec, Notebook())
    lines = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    return {line["contestant"]: line["text"] for line in lines}


def test_both_panes_answer_as_a_comparison_has_them_answer_and_say_who_they_are(talk, tmp_path, tiny_model, adapter):
    asked = [("system", "Answer in three lines."), ("user", ASKED)]
    base, tuned = talk((None, asked), (adapter, asked))
    written = evaluated(tmp_path, tiny_model, adapter, asked)
    assert (spoken(base.text), spoken(tuned.text)) == (written["base"], written["tuned"])
    assert base.text != tuned.text
    sha256 = checkpoints.verify(adapter).weights_sha256
    assert base.identity == Identity(model_id="tiny", sha256=None, quantisation="nf4")
    assert tuned.identity == Identity(model_id="tiny", sha256=sha256, quantisation="nf4")
    assert not tuned.idle
    assert talk.outcome.state == "stopped" and talk.outcome.result == {"idle": True}


def test_later_turns_are_read_with_all_that_was_said_before(talk, tmp_path, tiny_model, adapter):
    talked = [("user", "My kettle was lost."), ("assistant", "Item: kettle"), ("user", ASKED)]
    base, tuned = talk((None, talked), (adapter, talked))
    written = evaluated(tmp_path, tiny_model, adapter, talked)
    assert (spoken(base.text), spoken(tuned.text)) == (written["base"], written["tuned"])
    ((alone,), (fresh,)) = talk((adapter, talked)), talk((adapter, [("user", ASKED)]))
    assert alone.text == tuned.text
    assert alone.read == tuned.read > fresh.read


def test_the_pieces_of_an_answer_make_up_the_whole_of_it(talk, adapter, monkeypatch):
    monkeypatch.setattr(chatting, "TELL_EVERY", 0.0)
    answers = talk((None, [("user", ASKED)]), (adapter, [("user", "My router makes noise.")]))
    pieces = [line for line in talk.lines if "end" not in line]
    assert len(pieces) > 6 and {line["pane"] for line in pieces} == {0, 1}
    assert [answer.text for answer in heard(pieces, 2)] == [answer.text.rstrip("�") for answer in answers]


def test_two_checkpoints_answer_beside_each_other_and_one_that_changes_nothing_is_told(talk, adapter, idle):
    asked = [("user", ASKED)]
    ((base,), (tuned, same)) = talk((None, asked)), talk((adapter, asked), (idle, asked))
    assert same.text == base.text != tuned.text
    assert same.idle and not tuned.idle
    assert same.identity and same.identity.sha256 == checkpoints.verify(idle).weights_sha256


def test_chance_is_the_same_for_the_same_contestant_in_either_pane(talk, adapter):
    asked, chance = [("user", ASKED)], BRIEF.model_copy(update={"temperature": 0.5})
    left, right = talk((None, asked), (None, asked), settings=chance)
    assert left.text == right.text
    tuned, beside_it = talk((adapter, asked), (None, asked), settings=chance)
    assert beside_it.text == left.text != tuned.text
    (other,) = talk((None, asked), settings=chance.model_copy(update={"seed": 8}))
    assert other.text != left.text


def test_an_answer_at_its_longest_says_so_and_one_that_fills_the_context_too(talk):
    (cut,) = talk((None, [("user", ASKED)]), settings=AnswerSettings(max_new_tokens=3))
    assert (cut.end, cut.tokens) == (End.LENGTH, 3)
    words = "My lamp is broken. " * 80
    (full,) = talk((None, [("user", words)]), settings=AnswerSettings(max_new_tokens=500))
    assert full.end in (End.CONTEXT, End.WHOLE) and full.context == 512
    long, short = talk((None, [("user", words * 3)]), (None, [("user", ASKED)]))
    assert (long.end, long.context, long.text) == (End.TOO_LONG, 512, "") and long.read > 512
    assert short.end in (End.LENGTH, End.WHOLE) and short.text


def test_a_press_on_stop_ends_both_answers_and_keeps_what_was_said(talk, adapter):
    asked, whole = [("user", ASKED)], AnswerSettings(max_new_tokens=400)
    person = Person(after=8, do=talk.stop.touch)
    answers = talk((None, asked), (None, asked), settings=whole, person=person)
    assert {answer.end for answer in answers} == {End.STOPPED}
    assert 0 < answers[0].tokens < 12 and answers[0].text
    assert answers[1].tokens == 0


def test_a_worker_that_has_to_go_says_of_every_pane_that_it_is_not_finished(talk, adapter):
    asked, whole = [("user", ASKED)], AnswerSettings(max_new_tokens=400)
    answers = talk((None, asked), (adapter, asked), settings=whole, person=Person(after=6, leave=True))
    assert (talk.outcome.state, talk.outcome.result) == ("stopped", {})
    assert End.LEFT in {answer.end for answer in answers} <= {End.LEFT, End.WHOLE}


def test_what_it_is_doing_is_told_as_phases(talk, adapter):
    person = Person()
    talk((adapter, [("user", ASKED)]), person=person)
    assert [data["name"] for data in person.of(EventKind.PHASE)] == ["loading Tiny", "answering", "ready"]
