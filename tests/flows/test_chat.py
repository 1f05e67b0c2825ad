"""A talk as people have it: who is asked what, what comes back, and what happens when the worker goes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from studio.domain.errors import RunError
from studio.domain.job import JobKind, JobState
from studio.domain.run import Run
from studio.domain.talk import BASE, AnswerSettings, End
from studio.flows import chat, train
from studio.flows.chat import Setup
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import jobs

TALK = chat.screen_talk(STARTER)


@pytest.fixture
def setup(quiet: Studio, trained: Run) -> Setup:
    """The base and the best checkpoint beside each other."""
    best = chat.usual_choice(quiet, STARTER, trained.id)
    assert best is not None
    return Setup(STARTER, (BASE, best), "Be brief.")


@pytest.fixture
def worker(quiet: Studio) -> Callable[..., dict[str, Any]]:
    """Say something as a worker would, to the oldest message of the inbox, and leave it there or not."""

    def say(*texts: str, end: End = End.WHOLE, leave: bool = False) -> dict[str, Any]:
        entry = min(quiet.workspace.chat_inbox.glob("*.json"))
        place = Path(orjson.loads(entry.read_bytes())["turn"])
        turn = orjson.loads(place.read_bytes())
        lines = [{"pane": pane, "end": end, "text": text} for pane, text in enumerate(texts)]
        place.with_suffix(".said").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if not leave:
            entry.unlink()
        return turn

    return say


def claim(studio: Studio) -> int:
    """The worker's job begins; the number of its attempt."""
    claimed = jobs.claim(studio.store, kinds=[JobKind.CHAT])
    assert claimed is not None and claimed[1]["inbox"] == str(studio.workspace.chat_inbox)
    return claimed[0].attempt


def ends(studio: Studio, to: JobState, *, message: str = "", **result: Any) -> None:
    job = chat.service(studio)
    assert job is not None and jobs.move(
        studio.store, job.id, attempt=job.attempt, to=to, message=message, result=result
    )


def test_the_base_and_every_checkpoint_can_be_chosen_and_the_best_is_marked(quiet: Studio, trained: Run) -> None:
    every = chat.contestants(quiet, STARTER)
    found = [
        every[0],
        *(who for who in every if who.key.startswith(f"{trained.id}:")),
    ]  # others may have trained here too
    kept, best = train.checkpoints(quiet, trained.id), train.best_checkpoint(quiet, trained.id)
    assert [who.key for who in found] == [BASE, *(f"{trained.id}:{each.step}" for each in kept)]
    assert [who.step for who in found if who.is_best] == [best.step]
    assert found[0].title == "Base model" and f"step {best.step} (best)" in {who.title.split(", ")[-1] for who in found}
    assert chat.contestants(quiet, "another") == found[:1]
    train.use(quiet, trained.id, kept[0].step)
    assert chat.usual_choice(quiet, STARTER, trained.id) == f"{trained.id}:{kept[0].step}"
    assert chat.usual_choice(quiet, "another", trained.id) is None


def test_each_pane_goes_on_from_what_it_said_itself(quiet: Studio, setup: Setup, worker: Callable[..., Any]) -> None:
    chat.ask(quiet, TALK, "Where is my parcel?", setup)
    first = worker("I do not know.", "category: parcel")
    assert first["panes"][0]["history"] == [["system", "Be brief."], ["user", "Where is my parcel?"]]
    assert first["panes"][0]["weights"] is None and Path(first["panes"][1]["weights"]).is_dir()
    chat.ask(quiet, TALK, "And now?", setup)
    second = worker("Still not.", "category: parcel")
    said = [[text for _, text in pane["history"]] for pane in second["panes"]]
    assert said == [
        ["Be brief.", "Where is my parcel?", "I do not know.", "And now?"],
        ["Be brief.", "Where is my parcel?", "category: parcel", "And now?"],
    ]
    talk = chat.look(quiet, TALK)
    assert [exchange.turn.number for exchange in talk.exchanges] == [1, 2] and not talk.is_open
    assert [answer.text for answer in talk.exchanges[1].answers] == ["Still not.", "category: parcel"]


def test_what_cannot_be_asked_is_refused_with_a_next_step(quiet: Studio, setup: Setup) -> None:
    with pytest.raises(RunError, match="no message"):
        chat.ask(quiet, TALK, "  ", setup)
    with pytest.raises(RunError, match="Nobody is asked"):
        chat.ask(quiet, TALK, "Hello", Setup(STARTER, ()))
    with pytest.raises(RunError, match="not there any more"):
        chat.ask(quiet, TALK, "Hello", Setup(STARTER, (BASE, "run-gone:7")))
    with pytest.raises(RunError, match="Nothing has been asked"):
        chat.again(quiet, TALK, setup)
    with pytest.raises(RunError, match=r"Temperature: .* less than or equal to 2") as refused:
        chat.settings_of({"temperature": 3})
    assert refused.value.field == "temperature"
    assert chat.look(quiet, TALK).exchanges == [] and chat.service(quiet) is None
    chat.ask(quiet, TALK, "Hello", setup)
    with pytest.raises(RunError, match="still being answered"):
        chat.ask(quiet, TALK, "Hello again", setup)


def test_one_worker_serves_every_talk_and_comes_again_when_it_is_needed(
    quiet: Studio, setup: Setup, worker: Callable[..., Any]
) -> None:
    chat.ask(quiet, TALK, "One", setup)
    chat.ask(quiet, other := chat.new_talk(), "Two", setup)
    assert [job.kind for job in jobs.live(quiet.store, kinds=[JobKind.CHAT])] == [JobKind.CHAT]
    assert claim(quiet) == 1
    worker("one", "one")
    ends(quiet, JobState.STOPPED, idle=True)
    assert not chat.look(quiet, TALK).has_gone
    assert chat.look(quiet, other).is_alive  # its message came just as the worker left: it is brought back
    assert claim(quiet) == 2


def test_a_worker_that_made_room_is_told_and_started_again_with_nothing_lost(
    quiet: Studio, setup: Setup, worker: Callable[..., Any]
) -> None:
    chat.ask(quiet, TALK, "Where is it?", setup)
    claim(quiet)
    worker("I do", "cat", end=End.LEFT)
    ends(quiet, JobState.STOPPED, message="It made room.")
    talk = chat.look(quiet, TALK)
    assert talk.has_gone and talk.can_start and [answer.text for answer in talk.exchanges[0].answers] == ["I do", "cat"]
    chat.start(quiet, TALK)
    talk = chat.look(quiet, TALK)
    assert talk.is_alive and not talk.has_gone and [answer.text for answer in talk.exchanges[0].answers] == ["", ""]
    assert worker("I do not know.", "category")["text"] == "Where is it?"


def test_a_killed_worker_leaves_its_message_to_be_answered_by_the_next(
    quiet: Studio, setup: Setup, worker: Callable[..., Any]
) -> None:
    chat.ask(quiet, TALK, "Where is it?", setup)
    claim(quiet)
    ends(quiet, JobState.INTERRUPTED, message="The chat process was killed (signal 9).")
    talk = chat.look(quiet, TALK)
    assert talk.is_open and not talk.is_alive and talk.has_gone
    chat.start(quiet, TALK)
    assert chat.look(quiet, TALK).is_alive
    worker("I do not know.", "category")
    assert [answer.end for answer in chat.look(quiet, TALK).exchanges[0].answers] == [End.WHOLE, End.WHOLE]


def test_asking_again_replaces_the_last_answers_and_takes_what_is_chosen_now(
    quiet: Studio, setup: Setup, worker: Callable[..., Any]
) -> None:
    chat.ask(quiet, TALK, "Where is it?", setup)
    worker("one", "two")
    warm = Setup(STARTER, (BASE,), settings=AnswerSettings(temperature=1, top_p=0.9, max_new_tokens=20, seed=3))
    chat.again(quiet, TALK, warm)
    asked = worker("three")
    assert asked["number"] == 1 and asked["settings"]["seed"] == 3
    assert asked["panes"][0]["history"] == [["user", "Where is it?"]]
    (exchange,) = chat.look(quiet, TALK).exchanges
    assert [answer.text for answer in exchange.answers] == ["three"]


def test_a_message_that_waits_for_its_turn_can_be_taken_back(quiet: Studio, setup: Setup) -> None:
    chat.ask(quiet, TALK, "Where is it?", setup)
    chat.stop(quiet, TALK)
    talk = chat.look(quiet, TALK)
    assert not talk.is_open and {answer.end for answer in talk.exchanges[0].answers} == {End.STOPPED}
    assert talk.job is not None and talk.job.state is JobState.STOPPED and not talk.has_gone
    assert not list(quiet.workspace.chat_inbox.iterdir())


def test_clearing_leaves_nothing_and_another_talk_stays(
    quiet: Studio, setup: Setup, worker: Callable[..., Any]
) -> None:
    chat.ask(quiet, other := chat.new_talk(), "Two", setup)
    worker("two", "two")
    chat.ask(quiet, TALK, "One", setup)
    chat.clear(quiet, TALK)
    assert chat.look(quiet, TALK).exchanges == [] and not quiet.workspace.chat(TALK).exists()
    assert not list(quiet.workspace.chat_inbox.iterdir())
    assert len(chat.look(quiet, other).exchanges) == 1


def test_a_talk_can_be_taken_along_as_lines_and_to_be_read(
    quiet: Studio, setup: Setup, worker: Callable[..., Any]
) -> None:
    with pytest.raises(RunError, match="nothing in this talk"):
        chat.told(quiet, TALK, kind="md")
    chat.ask(quiet, TALK, "Where\n# is it?", setup)
    worker("# I do not know.", "category: parcel")
    lines = [json.loads(line) for line in chat.told(quiet, TALK, kind="jsonl").splitlines()]
    assert [line["answered_by"] for line in lines] == [
        pane.who.title for pane in chat.look(quiet, TALK).exchanges[0].turn.panes
    ]
    assert [m["role"] for m in lines[1]["messages"]] == ["system", "user", "assistant"]
    read = chat.told(quiet, TALK, kind="md")
    assert "> Where\n> # is it?" in read and "### Base model\n\n> # I do not know." in read
    with pytest.raises(RunError, match="jsonl or md"):
        chat.told(quiet, TALK, kind="exe")


def test_the_instructions_offered_are_those_that_most_rows_begin_with(
    quiet: Studio, trained: Run, tmp_path: Path
) -> None:
    assert chat.usual_instructions(quiet, trained.dataset_id) == ""
    assert chat.usual_instructions(quiet, None) == "" == chat.usual_instructions(quiet, "data-none")
    folder = quiet.workspace.dataset("data-told")
    folder.mkdir()
    rows = [
        {"line": n, "extra": {}, "messages": [{"role": "system", "content": told}, {"role": "user", "content": "Hi"}]}
        for n, told in enumerate(["Be kind.", "Be kind.", "Be brief."])
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert chat.usual_instructions(quiet, "data-told") == "Be kind."
