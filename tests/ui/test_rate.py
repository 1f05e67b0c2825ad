"""Rate: one card and nothing that could unblind it."""

import inspect
import json
import re
from collections import defaultdict
from dataclasses import fields
from typing import Any

import gradio as gr
import pytest

from studio.domain.access import Right, Visitor
from studio.domain.errors import StillWriting, StudyError
from studio.domain.row import Message
from studio.domain.study import Choice, Guessed, Turn
from studio.flows import models
from studio.flows.studio import Studio
from studio.ui import rate
from studio.ui.rating.page import RatingPage
from studio.ui.rights import innermost
from tests.ui import examples
from tests.ui.markup import attributes, tags, words

GIVES_AWAY = re.compile(r"tuned|adapter|lora|checkpoint|contestant|\bbase\b|base[_-]|fine.?tun", re.IGNORECASE)


@pytest.fixture(scope="module")
def page(empty_studio: Studio) -> RatingPage:
    return rate.build(empty_studio)


def shown(turn: Turn) -> dict[str, Any]:
    """What the page shows for this turn, by the names of its parts."""
    names = [field.name for field in fields(rate.Screen)]
    values = rate.view(turn)
    return dict(zip(names, values, strict=False)) | {"marks": values[len(names) :]}


def of(**values: Any) -> dict[str, Any]:
    return shown(Turn(examples.card(**values)))


def offered(page: dict[str, Any]) -> set[str]:
    """The parts that can be seen."""
    return {name for name in ("controls", "voting", "guessing", "skip", "remark", "you") if page[name]["visible"]}


def test_a_card_is_a_question_a_prompt_and_two_answers() -> None:
    page = of(question="Which is more polite?")
    assert words(page["progress"]) == "Which is more polite? Your card 3 Everybody together: 5 of 30 judged"
    assert attributes(page["progress"], "aria-valuenow") == ["17"]
    assert words(page["card"]) == (
        "The instructions were Be brief. The request was Where is my parcel? "
        "Left It is on its way. Right category: delivery"
    )
    assert attributes(page["card"], "id") == ["answer-left", "answer-right"]
    assert offered(page) == {"controls", "voting", "skip", "remark", "you"}
    assert page["item"] == "card-opaque" and page["shown_at"] > 0 and page["comment"] == ""
    assert set(page["marks"]) == {rate.NO_MARK}


@pytest.mark.parametrize(
    ("seconds", "said"), [(20.0, "less than a minute"), (350.0, "at most about 6 min"), (5000.0, "at most about 1.4 h")]
)
def test_the_time_left_is_told_once_it_is_known_and_only_as_well_as_it_is_known(seconds: float, said: str) -> None:
    assert f"Your card 3 · {said} left for you Everybody" in words(of(seconds_left=seconds)["progress"])


def test_on_the_first_card_a_rater_learns_their_share_and_that_they_may_stop_and_come_back() -> None:
    first = words(of(rated=0, position=1, together=0, total=76, needed=94)["progress"])
    assert "Your card 1 Everybody together: 0 of 94 judged" in first
    assert first.endswith(
        "94 judgements are needed in all, shared among everybody who has a link: at most 76 of them come to you, and fewer "
        "the more people judge. You may stop at any time; this link leads back to where you are."
    )
    assert "stop" not in words(of(rated=1)["progress"])


def test_what_better_means_is_folded_away_where_it_was_written_down() -> None:
    page = of(rubric="Kinder <b>and</b> shorter.")
    assert words(page["progress"]).endswith("What “better” means Kinder <b>and</b> shorter.")
    assert "details" in tags(page["progress"]) and "details" not in tags(of()["progress"])


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b\u2060", "\u3000"])
def test_an_answer_without_text_is_shown_as_such(text: str) -> None:
    page = of(left=text)["card"]
    assert "Left (no text) Right category" in words(page)
    assert attributes(page, "class").count("answer none") == 1
    assert "answer none" not in attributes(of(left="(no text)")["card"], "class")


def test_each_text_is_written_in_the_direction_of_its_own_script() -> None:
    page = of(left="مرحبا", right="Hello")["card"]
    assert attributes(page, "dir") == ["auto"] * (2 + len(examples.card().prompt))


def test_only_keys_that_work_are_listed() -> None:
    card = examples.card()
    judging, first = shown(Turn(card, rated=2)), shown(Turn(card))
    assert words(judging["keys"]) == "← left → right = equal 0 both bad U undo S skip"
    assert "undo" not in words(first["keys"]) and not first["undo"]["interactive"] and judging["undo"]["interactive"]
    guessing = shown(Turn(asked_about="card-opaque", rated=10, total=24, together=11, needed=30))
    assert words(guessing["keys"]) == "← left → right = no idea S do not say U undo"
    assert (words(shown(Turn(rated=3))["keys"]), shown(Turn())["keys"]) == ("U undo", "")


def test_a_page_that_waits_for_answers_looks_again_by_itself_and_one_that_waits_for_others_when_asked() -> None:
    names = [field.name for field in fields(rate.Screen)]
    early = dict(zip(names, rate._closed(StillWriting("Being written.", fix="Later.")), strict=False))
    assert words(early["card"]) == "Being written. This page goes on by itself as soon as they are there."
    assert early["again"]["visible"] and early["timer"]["active"]
    waiting, done = shown(Turn(is_waiting=True)), shown(Turn())
    assert (waiting["again"]["visible"], waiting["timer"]["active"]) == (True, False)
    assert (done["again"]["visible"], done["timer"]["active"]) == (False, False)


def test_an_earlier_answer_of_the_conversation_is_named_as_one() -> None:
    turns = (Message("user", "Hello"), Message("assistant", "Good day."), Message("user", "And now?"))
    assert "An earlier answer was Good day." in words(of(prompt=turns)["card"])


def test_blanks_and_lines_of_an_answer_are_kept_as_written() -> None:
    assert "a\n\n  b" in of(left="a\n\n  b", right="c")["card"]


def test_the_question_stands_below_the_card_that_it_is_about_and_can_be_passed_over() -> None:
    page = shown(Turn(asked_about="card-opaque", rated=10, total=24, together=11, needed=30))
    assert words(page["progress"]) == "One question in between You have judged 10 Everybody together: 11 of 30 judged"
    assert page["card"] == gr.skip() and page["item"] == "card-opaque"
    assert offered(page) == {"controls", "guessing", "you"}
    assert {guessed for guessed, _, _ in rate.GUESSES} == {*Guessed, None}


def test_after_the_last_card_there_are_thanks_and_the_last_one_can_be_undone() -> None:
    page = shown(Turn(rated=24, total=24, together=30, needed=30))
    assert words(page["card"]) == (
        "Thank you. You have judged all that can come to you. You may close this page, or undo your last judgement."
    )
    assert words(page["progress"]) == "You have judged 24 Everybody together: 30 of 30 judged"
    assert attributes(page["progress"], "aria-valuenow") == ["100"]
    assert offered(page) == {"controls", "you"} and page["item"] == "" and page["shown_at"] is None


def test_who_is_done_learns_what_is_left_for_others() -> None:
    said = words(shown(Turn(rated=24, total=24, together=24, needed=30))["card"])
    assert "The 6 that are missing are for other people: second opinions, or what was skipped. You may close" in said
    said = words(shown(Turn(rated=24, total=24, together=29, needed=30))["card"])
    assert "The one that is missing is for other people" in said


def test_while_others_hold_the_rest_it_is_said_when_to_come_back() -> None:
    said = words(shown(Turn(is_waiting=True))["card"])
    assert said.startswith("Everything is judged or in somebody's hands. Come back in half an hour")


def test_a_closed_study_says_so_and_offers_nothing() -> None:
    head, said, controls, item, shown_at, *parts = rate._closed(StudyError("It is closed.", fix="Thank you."))
    assert words(said) == "It is closed. Thank you."
    assert head == "" and not controls["visible"] and item == "" and shown_at is None
    assert not any(part["visible"] for part in parts[:5])


def test_only_the_two_texts_tell_the_sides_apart() -> None:
    first, swapped = of(left="AAAA", right="BBBB"), of(left="BBBB", right="AAAA")
    exchanged = first["card"].replace("AAAA", "§").replace("BBBB", "AAAA").replace("§", "BBBB")
    assert swapped["card"] == exchanged and swapped["progress"] == first["progress"]
    assert tags(swapped["card"]) == tags(first["card"])


def test_marks_are_of_the_side_and_the_criterion_that_they_stand_at(page: gr.Blocks) -> None:
    radios = [block for block in page.blocks.values() if isinstance(block, gr.Radio)]
    assert [radio.elem_id for radio in radios] == [f"mark-{side}-{each}" for side, each in rate.MARKED]
    assert rate._given(("4", "–", "", "1", "–", "5")) == {
        "left": {"accuracy": 4},
        "right": {"accuracy": 1, "format": 5},
    }
    assert rate._given(("–",) * 6) == {}


def test_nothing_of_the_page_is_public(page: gr.Blocks) -> None:
    assert {event.api_visibility for event in page.fns.values()} == {"private"}
    assert page.get_api_info()["named_endpoints"] == {}


def test_no_name_on_the_page_gives_anything_away(page: gr.Blocks, empty_studio: Studio) -> None:
    whole = json.dumps(page.get_config_file(), default=str)
    assert "rate-left" in whole
    found = GIVES_AWAY.search(re.sub(r'"theme[^,]*,|#[0-9a-f]+', "", whole))
    assert found is None, whole[max(0, found.start() - 80) : found.end() + 80]
    for model in models.models(empty_studio):
        assert model.title not in whole and f'"{model.id}"' not in whole
    for event in page.fns.values():
        assert not GIVES_AWAY.search(f"{event.api_name} {event.name} {event.api_description}")


def test_both_sides_are_offered_alike(page: gr.Blocks) -> None:
    buttons = {b.elem_id: b for b in page.blocks.values() if isinstance(b, gr.Button)}
    left, right = buttons["rate-left"], buttons["rate-right"]
    assert (left.variant, left.size, left.scale, left.min_width) == (
        right.variant,
        right.size,
        right.scale,
        right.min_width,
    )
    assert buttons["guess-left"].variant == buttons["guess-right"].variant
    judging = {f"rate-{name}" for name in ("left", "tie", "both-bad", "right", "undo", "skip", "name", "again")}
    assert set(buttons) == judging | {id for _, _, id in rate.GUESSES}


def test_every_button_has_a_key_and_every_key_a_button(page: gr.Blocks) -> None:
    buttons = {b.elem_id for b in page.blocks.values() if isinstance(b, gr.Button)}
    keys = re.search(r"const keys = \{(.*?)\};", rate.HEAD, re.DOTALL)
    assert keys is not None
    assert set(re.findall(r"'((?:rate|guess)-[a-z-]+)'", keys[1])) == buttons - {"rate-name"}


def test_every_button_is_wired_and_labelled(page: gr.Blocks) -> None:
    clicked = {id for event in page.fns.values() for id, name in event.targets if name == "click"}
    for block_id, block in page.blocks.items():
        if isinstance(block, gr.Button):
            assert block_id in clicked and block.value
        if isinstance(block, gr.Textbox):
            assert block.label


def test_every_choice_can_be_made(page: gr.Blocks) -> None:
    assert {choice for choice, _, _ in rate.BUTTONS} | {Choice.SKIP} == set(Choice)


def test_one_judgement_at_a_time(page: gr.Blocks) -> None:
    for event in page.fns.values():
        if any(name == "click" for _, name in event.targets):
            assert event.trigger_mode == ("multiple" if is_undo(page, event) else "once")


def is_undo(page: gr.Blocks, event: Any) -> bool:
    """An undo names the card that it takes back, so that one sent twice counts once."""
    return any(page.blocks[block].elem_id == "rate-undo" for block, _ in event.targets)


def test_what_asks_for_no_queue_gives_and_takes_only_what_the_shorter_way_can(page: RatingPage) -> None:
    short = [fn for number, fn in page.fns.items() if page.takes(number)]
    assert len(short) == 12  # five judgements, four guesses, undo, looking again by hand and by itself
    for fn in short:
        assert all(isinstance(part, gr.State | gr.Textbox | gr.Radio) for part in fn.inputs)
        assert not {"request", "event", "progress"} & inspect.signature(innermost(fn.fn)).parameters.keys()
        assert (fn.trigger_mode == "once") != is_undo(page, fn) and len(fn.outputs) == len(fields(rate.Screen)) + len(
            rate.MARKED
        )


@pytest.mark.parametrize("who", [None, Visitor("a viewer", frozenset({Right.LOOK}))])
def test_a_press_of_somebody_who_may_not_rate_is_refused_before_anything_is_read(
    page: RatingPage, who: Visitor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "state_holder", defaultdict(dict), raising=False)
    for number in page.fns:
        if page.takes(number):
            with pytest.raises(gr.Error) as refused:
                page.pressed(who, number, ["odd"], "tab")
            assert refused.value.title == "You may not do this"
