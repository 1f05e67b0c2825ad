"""Secrets and personal data: wherever rows are shown on Data and Inspect, nobody can read them off the screen."""

import re
from collections.abc import Callable

import pytest

from studio.data.encodings import Legacy, Preview
from studio.data.marking import compared
from studio.data.offers import Example, Offer
from studio.data.problem import Problem
from studio.data.repairing import Repair
from studio.data.seen import Seen
from studio.data.veiling import veiled_differences
from studio.domain.dataset import Guess, Layout, Mapping, Reject
from studio.domain.excerpt import excerpt
from studio.domain.finding import TREATMENTS, Finding, FindingKind, Group, Mark
from studio.domain.lengths import Piece
from studio.domain.row import Call, Message, Row
from studio.domain.split import Bin
from studio.flows.browse import Listed
from studio.flows.history import Edited
from studio.flows.leakage import Pair
from studio.flows.understand import FirstRows, Tried
from studio.ui.bringing import fields, refused
from studio.ui.inspect import editor, history, leakage, rows
from studio.ui.parts import groups, lengths, repairs, talk
from studio.ui.tabs import data
from tests.ui import examples
from tests.ui.markup import words

ADDRESS, KEY = "anna.schmidt@example.com", "sk-proj-Ab3dE5gH7jK9mN1pQ3sT5vW7"
SAID = f"Write to {ADDRESS} and use {KEY} there."
TOOLS = f'[{{"function": {{"name": "mail", "description": "Writes to {ADDRESS}", "parameters": {{}}}}}}]'
CALLS = (Call("mail", f'{{"to": "{ADDRESS}", "with": "{KEY}"}}'),)


def row(number: int, said: str = SAID) -> Row:
    messages = (Message("system", SAID), Message("user", said), Message("assistant", f"{said} Yes.", CALLS))
    return Row(number, number + 1, messages, TOOLS, rejected=(Message("assistant", f"{said} No."),))


ROW, TWIN = row(0), row(1, f"Please: {SAID}")
GUESS = Guess(Mapping(Layout.PROMPT_COMPLETION, {"prompt": "q", "completion": "a"}), "", ("q", "a"), 1, 1)
WRITTEN = f'{{"q": "{SAID}", "a": b}}'


def page_of(kind: FindingKind) -> str:
    marks = (Mark(0, 2, 0, 12, "here"), Mark(1, 2, 12, 40, "there"))
    found = Finding(kind, "Title", 2, "Why.", (Group((0, 1), (1, 2), SAID, likeness=(1.0, 0.9)),), marks)
    page = groups.page_of(found, 0)
    assert page
    return groups.view(found, page, [ROW, TWIN])


def tokens() -> str:
    """A row cut into tokens of three letters, in two halves."""
    pieces = [Piece(SAID[place : place + 3], True, False) for place in range(0, len(SAID), 3)]
    return lengths.seen(Seen(tuple(pieces[:7]), tuple(pieces[7:]), len(pieces), len(pieces) - 7, 0))


def refused_lines() -> str:
    shown = Reject(1, "Broken.", "Mend it.", excerpt=excerpt(WRITTEN, WRITTEN.index("anna") + 3), text=WRITTEN)
    return refused.refused_lines(examples.dataset(rejects=1), [shown, Reject(2, "Broken.", "Mend it.", text=WRITTEN)])


SCREENS: dict[str, Callable[[], str]] = {
    "the rows that were read": lambda: talk.bubbles([ROW]),
    "the first rows while a file is read": lambda: data.first_rows(FirstRows(GUESS, (ROW,))),
    "how a file was read": lambda: fields.samples(
        [Tried(1, WRITTEN, row=ROW), Tried(2, WRITTEN, problem=Problem("Broken.", "Mend it."))]
    ),
    "refused lines": refused_lines,
    "lines that can be repaired": lambda: repairs.offered(
        [Offer(Repair.TRAILING_COMMA, "Title.", "Remedy.", 1, (Example(1, f"{WRITTEN},", WRITTEN),))]
    ),
    "lines in another encoding": lambda: refused.encodings_table([Legacy("a", "A", 1.0, (Preview(1, WRITTEN),))]),
    "rows in a list": lambda: rows.line_of(Listed(ROW, Bin.TRAIN, False)),
    "the row that was picked": lambda: editor.view(examples.dataset(), ROW, place=None, held=None)[1],
    "what an edit changed": lambda: history.difference_words(
        history.Difference(
            examples.dataset(), examples.dataset(), 1,
            (Edited(0, 1, (("user", tuple(veiled_differences(SAID, f"Please: {SAID}"))),)),), {}, (), (),
        )
    ),
    "twins across the split": lambda: leakage.twins_table([Pair(ROW, TWIN, 0.9)]),
    "rows to read": lambda: leakage.reading_list([Pair(ROW, TWIN, 0.9)], "data-1"),
    "what the model sees": tokens,
}  # fmt: skip


@pytest.mark.parametrize("screen", SCREENS)
def test_no_screen_shows_an_address_or_a_key(screen: str) -> None:
    hides_both(SCREENS[screen]())


@pytest.mark.parametrize("kind", TREATMENTS)
def test_no_page_of_a_finding_shows_an_address_or_a_key(kind: FindingKind) -> None:
    hides_both(page_of(kind))


def hides_both(drawn: str) -> None:
    said = words(drawn)
    assert "•" in said
    assert "anna" not in said and "schmidt" not in said and "mple.com" not in said
    assert ADDRESS not in drawn and KEY not in drawn and KEY[6:] not in drawn


def test_a_row_says_what_is_hidden_in_it() -> None:
    said = words(talk.bubbles([ROW]))
    assert said.startswith("line 1 · hidden on screen: e-mail address, API key (looks like OpenAI’s) ")
    assert "hidden" not in words(talk.bubbles([Row(0, 1, (Message("user", "Yes?"), Message("assistant", "Yes.")))]))


def test_the_tokens_stay_as_many_and_as_long_and_the_screen_says_that_the_model_reads_them() -> None:
    drawn = tokens()
    assert drawn.count("<span") == len(range(0, len(SAID), 3))
    said = "".join(re.findall(r"<span[^>]*>([^<]*)</span>", drawn))
    assert "Write to a•••.•••••••@e••••••.com and use sk-" in said
    assert "dotted on this screen alone: the model reads them" in words(drawn)
    assert "dotted" not in words(lengths.seen(Seen((Piece("Hi", True, False),), (), 1, 0, 0)))


def test_an_address_in_which_the_tokens_shown_end_is_known_by_what_follows() -> None:
    drawn = lengths.seen(Seen((Piece("Write to anna.schm", True, False),), (), 9, 0, 0, beyond="idt@example.com"))
    assert "Write to a•••.••••" in drawn


def test_a_mark_within_something_hidden_means_all_of_it_and_shows_none() -> None:
    at = ROW.messages[1].text.index("schmidt")
    drawn = talk.bubbles([ROW], [Mark(0, 1, at, at + 3, "here")])
    assert '<mark title="here">a•••@e•••.com</mark>' in drawn


def test_whoever_edits_a_row_has_its_very_text() -> None:
    assert editor.view(examples.dataset(), ROW, place=None, held=None)[3] == f"{SAID} Yes."


def test_what_sets_two_rows_apart_is_shown_where_they_are_alike() -> None:
    pieces = compared(ROW, TWIN)
    assert pieces is not None and ("only_second", "Please: ") in pieces[1]
