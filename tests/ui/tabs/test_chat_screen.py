"""Chat: who says what beside whom, how an answer ended, and how the worker behind it is doing."""

from dataclasses import replace
from datetime import timedelta

import gradio as gr
import pytest

from studio.domain.job import JobKind, JobState
from studio.domain.talk import Answer, Contestant, End, Exchange, Identity, Pane
from studio.flows.chat import Look
from studio.flows.studio import Studio
from studio.ui.chatting.panes import talk_page
from studio.ui.chatting.service import service_words
from studio.ui.drawn import NOTHING, drawn_for
from studio.ui.tabs import chat
from tests.domain.test_talk import TURN, WHO
from tests.ui import examples
from tests.ui.markup import words

BASE = Pane(who=Contestant(), history=(("user", "Hi"),))
ASKED = TURN.model_copy(update={"text": "Where <b>is</b> it?", "panes": (BASE, TURN.panes[0])})
PLAIN = Identity(model_id="starter", sha256=None, quantisation="nf4")
TUNED = Identity(model_id="starter", sha256=WHO.sha256, quantisation="nf4")
SAID = (
    Answer("I do not know.", End.WHOLE, tokens=5, seconds=0.4, identity=PLAIN),
    Answer("category: <i>parcel</i>", End.LENGTH, tokens=160, seconds=12.0, identity=TUNED),
)
WHOLE = Exchange(ASKED, SAID)
JOB = examples.job(kind=JobKind.CHAT, phase="ready")


def look(*exchanges: Exchange, **job: object) -> Look:
    return Look([*exchanges], replace(JOB, **job), [])


def test_both_answers_stand_under_one_message_with_the_names_of_those_who_gave_them() -> None:
    page = talk_page([WHOLE], is_alive=False)
    said = words(page)
    assert "You Where <b>is</b> it? Base model ✓ adapter off I do not know." in said
    assert "triage-1, step 40 (best) ✓ adapter abababab on · 160 tokens in 12 s category: <i>parcel</i>" in said
    assert "Cut at the longest answer of 160 tokens" in said
    assert "<b>is" not in page and "<i>parcel" not in page and page.count(">Copy<") == 2


def test_an_answer_of_another_model_than_was_picked_bears_a_sign() -> None:
    page = words(talk_page([Exchange(ASKED, (SAID[0], replace(SAID[1], identity=PLAIN)))], is_alive=False))
    assert "✕ This was not answered by triage-1, step 40 (best), but by starter, 4-bit weights, no adapter on." in page
    assert "✕ adapter off" in page
    idle = words(talk_page([Exchange(ASKED, (SAID[0], replace(SAID[1], idle=True)))], is_alive=False))
    assert "▲ This adapter changes nothing" in idle


def test_what_is_being_written_grows_and_what_nobody_writes_any_more_is_told_as_not_finished() -> None:
    open_turn = Exchange(ASKED, (Answer("I do"), Answer()), is_open=True)
    assert "I do … triage-1, step 40 (best) …" in words(talk_page([open_turn], is_alive=True))
    assert words(talk_page([open_turn], is_alive=False)).count("Not finished") == 2


def test_the_worker_is_told_in_one_sentence_whatever_it_does() -> None:
    assert service_words(Look([], None, []), "Starter") == ""
    loading = look(WHOLE, phase="loading Starter")
    assert "Loading starter … 9 s so far." in words(
        service_words(loading, "Starter", now=examples.AT + timedelta(seconds=9))
    )
    assert "Starter is in memory. It is let go after 5 minutes" in words(service_words(look(WHOLE), "Starter"))
    waiting = replace(look(WHOLE, state=JobState.QUEUED), ahead=["triage-2", "triage-3"])
    assert "▲ Waiting for its place. triage-2, triage-3 come first" in words(service_words(waiting, "Starter"))
    idle = look(WHOLE, state=JobState.STOPPED, result={"idle": True})
    assert "the next message loads it again" in words(service_words(idle, "Starter")) and not idle.has_gone


def test_a_worker_that_went_is_told_with_its_cause_and_can_be_started_again() -> None:
    room = replace(look(WHOLE, state=JobState.STOPPED, message="It made room.", fix="Later."), ahead=["triage-2"])
    assert words(service_words(room, "Starter")) == (
        "▲ The chat has ended. It made room. triage-2 comes first. What was said is kept. Later."
    )
    killed = look(WHOLE, state=JobState.INTERRUPTED, message="It was killed.", fix="Start it again.")
    assert "✕ The chat has ended. It was killed. What was said is kept." in words(service_words(killed, "Starter"))
    shown = chat.view(killed, "talk-starter", title="Starter")
    start, again = shown[6], shown[4]
    assert start.visible is True and again.visible is False


def test_while_an_answer_is_written_it_can_be_stopped_and_nothing_else_sent() -> None:
    writing = look(Exchange(ASKED, (Answer(), Answer()), is_open=True), phase="answering")
    _, _, send, stop, again, clear, *_, timer = chat.view(writing, "talk-starter", title="Starter")
    assert (send.visible, stop.visible, again.visible, clear.visible) == (False, True, False, True)
    assert timer.active and timer.value == chat.WRITING
    done = chat.view(look(WHOLE), "talk-starter", title="Starter")
    assert (done[2].visible, done[3].visible, done[4].visible) == (True, False, True)
    assert done[-1].value == chat.WAITING and "/download/chat/talk-starter.jsonl" in done[7]


def test_who_was_chosen_stays_chosen_until_something_else_is_offered(empty_studio: Studio) -> None:
    *_, left, right, instructions, sides, told = chat.show(empty_studio, None, "starter", None, NOTHING, NOTHING)
    assert (left.value, right.value, instructions) == ("base", "", "")
    assert [key for _, key in right.choices] == ["base", ""] and [key for _, key in left.choices] == ["base"]
    *_, left, right, instructions, same, _ = chat.show(empty_studio, None, "starter", None, sides, told)
    assert same == sides and instructions == gr.skip()
    assert "value" not in left._constructor_args[0] and "value" not in right._constructor_args[0]
    assert chat.show(empty_studio, None, None, None, sides, told)[-2:] == [NOTHING, NOTHING]


SIDES = drawn_for("starter", "run-1") + drawn_for("run-1:40")
PICKED = ("data-1", "starter", "run-1")
NUMBERS = (None,) * len(chat.NUMBERS)


@pytest.fixture
def offering(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose run has a best checkpoint, and examples that begin with an instruction."""
    monkeypatch.setattr(chat.chat, "usual_choice", lambda *_: "run-1:40")
    monkeypatch.setattr(chat.chat, "usual_instructions", lambda *_: "Be brief.")
    monkeypatch.setattr(chat.chat, "contestants", lambda *_: [Contestant()])


@pytest.mark.usefixtures("offering")
@pytest.mark.parametrize(
    ("left", "right", "sides"),
    [
        (None, None, NOTHING),  # nothing was drawn yet
        ("base", "", drawn_for("starter", "run-1") + drawn_for(None)),  # there was no checkpoint yet
        ("base", "run-0:9", drawn_for("starter", "run-0") + drawn_for("run-0:9")),  # another run was followed
    ],
)
def test_a_message_sent_before_the_sides_were_drawn_asks_those_who_are_about_to_stand_there(
    empty_studio: Studio, left: str | None, right: str | None, sides: str
) -> None:
    setup, shown = chat.setup_of(empty_studio, *PICKED, left, right, "", sides, NOTHING, *NUMBERS)
    assert (setup.panes, setup.instructions) == (("base", "run-1:40"), "Be brief.")
    assert (shown.left.value, shown.right.value, shown.sides) == ("base", "run-1:40", SIDES)


@pytest.mark.usefixtures("offering")
def test_whoever_chose_who_is_asked_is_followed(empty_studio: Studio) -> None:
    told = drawn_for("data-1")
    for right in ("run-1:20", ""):
        setup, shown = chat.setup_of(empty_studio, *PICKED, "base", right, "Mine.", SIDES, told, *NUMBERS)
        assert setup.panes == (("base", right) if right else ("base",)) and setup.instructions == "Mine."
        assert "value" not in shown.right._constructor_args[0] and shown.instructions == gr.skip()
    by_program, _ = chat.setup_of(empty_studio, *PICKED, "base", None, "Mine.", NOTHING, NOTHING, *NUMBERS)
    assert (by_program.panes, by_program.instructions) == (("base",), "Mine.")


def test_nothing_can_be_written_or_sent_before_there_is_a_model_to_answer(empty_studio: Studio) -> None:
    with gr.Blocks():
        screen, asking = chat._laid_out()
    assert not asking.message.interactive and not screen.send.interactive
    for model, ready in ((None, False), ("starter", True)):
        parts = chat.show(empty_studio, None, model, None, NOTHING, NOTHING)
        assert [parts[2].interactive, parts[-6].interactive] == [ready, ready]
