"""Rate: one card and nothing that could unblind it."""

import json
import re

import gradio as gr
import pytest

from studio.domain.errors import StudyError
from studio.domain.row import Message
from studio.domain.study import Choice
from studio.flows import models
from studio.flows.studio import Studio
from studio.ui import rate
from tests.ui import examples
from tests.ui.markup import attributes, tags, words

GIVES_AWAY = re.compile(r"tuned|adapter|lora|checkpoint|contestant|\bbase\b|base[_-]|fine.?tun", re.IGNORECASE)


@pytest.fixture(scope="module")
def page(empty_studio: Studio) -> gr.Blocks:
    return rate.build(empty_studio)


def test_a_card_is_a_question_a_prompt_and_two_answers() -> None:
    head, shown, controls, item, shown_at, comment, *_ = rate.view(examples.card(question="Which is more polite?"))
    assert words(head) == "Which is more polite? 3 of 24"
    assert attributes(head, "aria-valuenow") == ["8"]
    assert words(shown) == (
        "The instructions were Be brief. The request was Where is my parcel? "
        "Left It is on its way. Right category: delivery"
    )
    assert attributes(shown, "id") == ["answer-left", "answer-right"]
    assert controls.visible and item == "item-opaque" and shown_at > 0 and comment == ""


def test_the_time_left_is_told_once_it_is_known() -> None:
    assert words(rate.view(examples.card(seconds_left=125.0))[0]).endswith("3 of 24 · about 2 min 5 s left")


def test_an_answer_without_text_is_shown_as_such() -> None:
    shown = rate.view(examples.card(left=""))[1]
    assert "Left (no text)" in words(shown)


def test_an_earlier_answer_of_the_conversation_is_named_as_one() -> None:
    turns = (Message("user", "Hello"), Message("assistant", "Good day."), Message("user", "And now?"))
    assert "An earlier answer was Good day." in words(rate.view(examples.card(prompt=turns))[1])


def test_blanks_and_lines_of_an_answer_are_kept_as_written() -> None:
    shown = rate.view(examples.card(left="a\n\n  b", right="c"))[1]
    assert "a\n\n  b" in shown


def test_after_the_last_card_there_are_thanks_and_the_last_one_can_be_undone() -> None:
    head, shown, controls, item, shown_at, _, *voting = rate.view(None)
    assert "Thank you. You have judged everything here." in words(shown)
    assert attributes(head, "aria-valuenow") == ["100"]
    assert controls.visible and item == "" and shown_at is None
    assert not any(part.visible for part in voting), "only undo is left"


def test_a_closed_study_says_so_and_offers_nothing() -> None:
    head, shown, controls, item, shown_at, *_ = rate._closed(StudyError("This comparison is closed.", fix="Thank you."))
    assert words(shown) == "This comparison is closed. Thank you."
    assert head == "" and not controls.visible and item == "" and shown_at is None


def test_only_the_two_texts_tell_the_sides_apart() -> None:
    first = rate.view(examples.card(left="AAAA", right="BBBB"))
    swapped = rate.view(examples.card(left="BBBB", right="AAAA"))
    exchanged = first[1].replace("AAAA", "§").replace("BBBB", "AAAA").replace("§", "BBBB")
    assert swapped[1] == exchanged and swapped[0] == first[0]
    assert tags(swapped[1]) == tags(first[1])


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
    assert set(buttons) == {f"rate-{name}" for name in ("left", "tie", "both-bad", "right", "undo", "skip")}


def test_every_button_has_a_key_and_every_key_a_button(page: gr.Blocks) -> None:
    buttons = {b.elem_id for b in page.blocks.values() if isinstance(b, gr.Button)}
    keys = re.search(r"const keys = \{(.*?)\}", rate.HEAD)
    assert keys is not None
    assert set(re.findall(r"'(rate-[a-z-]+)'", keys[1])) == buttons


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
            assert event.trigger_mode == "once"
