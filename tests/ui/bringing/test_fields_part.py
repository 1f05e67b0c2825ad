"""Fields: every part of every layout has a menu, and what a choice would make of real rows is shown before it is made."""

from typing import Any

import gradio as gr
import pytest

from studio.data.problem import Problem
from studio.domain.dataset import PARTS, Dataset, Guess, Layout, Mapping, Origin
from studio.domain.row import Message, Row
from studio.flows.understand import Tried
from studio.ui.bringing import fields
from tests.ui import examples
from tests.ui.markup import words

NAMES = ["whole", "guess", "back", "layout", *(f"part {place}" for place in range(fields.SLOTS)), "sample"]
COLUMNS = ("q", "good", "bad", "role")


def view(found: Dataset) -> dict[str, Any]:
    mapping = found.guess.mapping if found.guess else Mapping(Layout.PROMPT_COMPLETION, {})
    return dict(zip(NAMES, fields.view(found, mapping, "sample"), strict=True))


def read_as(mapping: Mapping, origin: Origin = Origin.GUESSED, reason: str = "It fits.") -> Dataset:
    return examples.dataset(guess=Guess(mapping, reason, COLUMNS, 40, 40, origin), columns=COLUMNS)


@pytest.mark.parametrize("layout", Layout)
def test_every_part_of_a_layout_has_a_menu_of_its_own(layout: Layout) -> None:
    mapping = Mapping(layout, dict(zip(PARTS[layout].all, COLUMNS, strict=False)))
    menus = [menu for menu in fields.slots(mapping, COLUMNS) if menu.visible]
    assert len(menus) == len(PARTS[layout].all) and len({menu.label for menu in menus}) == len(menus)
    assert fields.mapping_of(layout.value, [menu.value for menu in menus]) == mapping


def test_a_part_that_not_every_row_needs_can_be_in_no_field() -> None:
    mapping = Mapping(Layout.PREFERENCE, {"prompt": "q", "chosen": "good", "rejected": "bad"})
    parts = view(read_as(mapping))
    assert not parts["whole"].open and not parts["back"].visible
    chosen = [parts[f"part {place}"].value for place in range(fields.SLOTS)]
    assert chosen == ["good", "bad", "q", "", "", ""]
    assert fields.mapping_of("preference", chosen) == mapping


def test_a_remembered_choice_says_so_and_can_be_gone_back_from() -> None:
    mapping = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "q", "completion": "good"})
    parts = view(read_as(mapping, Origin.REMEMBERED, "Read like your last file with these fields: 40 of 40 rows fit."))
    assert parts["back"].visible
    assert words(parts["guess"]) == "● Read like your last file with these fields. 40 of 40 rows fit."


def test_where_nothing_was_recognised_the_menus_are_open_and_say_what_to_do() -> None:
    parts = view(examples.dataset(state="failed", rows=0, guess=None, columns=COLUMNS))
    assert parts["whole"].open and "Choose what each field holds." in words(parts["guess"])


def test_one_row_that_fits_and_one_that_does_not_are_shown_as_written_and_as_understood() -> None:
    row = Row(0, 1, (Message("user", "Open?"), Message("assistant", "Yes.")))
    tried = [Tried(1, '{"q": "Open?"}', row=row), Tried(2, "{}", problem=Problem("It is missing.", "Add it."))] * 2
    said = words(fields.samples(tried))
    assert said.startswith("2 of 4 rows that were looked at can be read this way. Line 1 as written")
    assert '{"q": "Open?"} As it is understood line 1 User Open? Answer Yes.' in said
    assert "Line 2 as written {} As it is understood ▲ It is missing. Add it." in said
    assert fields.samples([]) == ""


def test_while_a_file_is_being_read_there_is_nothing_to_choose() -> None:
    shown = fields.show(None, None)  # type: ignore[arg-type]
    assert not shown[0].visible and shown[1:] == [gr.skip()] * (len(NAMES) - 1)
