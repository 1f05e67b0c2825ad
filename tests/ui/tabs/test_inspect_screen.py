"""Inspect: what was found, what it costs, and where every line ended."""

import json
from typing import Any

import pytest

from studio.data.lengths import suggest_cut_off
from studio.data.seen import Seen
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.job import JobKind, JobState
from studio.domain.lengths import Lengths, Piece
from studio.domain.split import BIN_TITLES, Bin, Ledger, Split, SplitChoices
from studio.flows.inspect import Inspection
from studio.ui.parts import lengths
from studio.ui.tabs import inspect
from tests.ui import examples
from tests.ui.markup import attributes, words

NAMES = "situation again timer whole findings groups pick leave cut_off held_out seed token_part seen_part split_part".split()
COPIES = Finding(FindingKind.EXACT_DUPLICATE, "Exact copies", 2, "They count twice.", (Group((3, 9), (4, 10)),))
CONFLICT = Finding(FindingKind.CONFLICT, "Contradictions", 2, "It cannot learn both.", (Group((5, 6), (6, 7)),))
LENGTHS = Lengths("starter", (10,) * 40, (*([60] * 39), 900), stop_token_trained=True, stop_token="<|im_end|>")
DEALT = Split("split-1", "data-1", SplitChoices(seed=11, held_out=0.3, keep_copies=True), (Bin.TRAIN,) * 40, {})


def look(*, measured: bool = True, state: JobState | None = None, **values: Any) -> Inspection:
    job = None if state is None else examples.job(kind=JobKind.MEASURE, state=state, done=10, total=40, **values)
    cut_off = suggest_cut_off(LENGTHS) if measured else None
    return Inspection(examples.dataset(), "starter", (), LENGTHS if measured else None, job, cut_off)


def view(found: Inspection, *, same: bool = False) -> dict[str, Any]:
    return dict(zip(NAMES, inspect.view(found, DEALT, same=same), strict=True))


def test_while_lengths_are_measured_the_screen_follows() -> None:
    parts = view(look(measured=False, state=JobState.RUNNING))
    assert parts["timer"].active and parts["whole"].visible
    assert attributes(parts["situation"], "aria-valuenow") == ["25"]


def test_once_they_are_measured_nothing_ticks_and_the_cut_off_is_suggested() -> None:
    parts = view(look())
    assert not parts["timer"].active
    assert parts["cut_off"] == suggest_cut_off(LENGTHS).tokens
    assert (parts["held_out"].value, parts["seed"], parts["leave"].value) == (0.3, 11, True)


def test_what_the_reader_chose_stays_when_the_same_file_is_shown_again() -> None:
    parts = view(look(), same=True)
    for name in ("pick", "cut_off", "held_out", "seed"):
        assert parts[name] == {"__type__": "update"}, name


def test_a_failed_measurement_says_why_and_what_to_do() -> None:
    assert view(look(measured=False, state=JobState.FAILED))["again"].visible
    assert not view(look(measured=False, state=JobState.RUNNING))["again"].visible
    assert not view(look())["again"].visible
    said = words(
        inspect.situation_of(look(measured=False, state=JobState.FAILED, message="No template.", fix="Add one."))
    )
    assert "The lengths could not be measured. No template. Add one." in said


def test_a_clean_file_is_ready() -> None:
    clean = Lengths("starter", (10,) * 40, (60,) * 40, stop_token_trained=True, stop_token="</s>")
    found = Inspection(examples.dataset(), "starter", (), clean, None, suggest_cut_off(clean))
    assert "✓ Ready to train on." in words(inspect.situation_of(found))


def test_every_kind_of_problem_is_counted() -> None:
    cut_off = suggest_cut_off(LENGTHS)
    found = Inspection(examples.dataset(rejects=1), "starter", (COPIES, CONFLICT), LENGTHS, None, cut_off)
    said = words(inspect.situation_of(found))
    assert "Usable, with a few things to look at." in said
    for counted in ("1 line was refused.", "2 rows are copies", "2 rows contradict another."):
        assert counted in said
    assert ("longer than the recommended cut-off" in said) == bool(LENGTHS.cut_rows(cut_off.tokens))


def test_copies_and_contradictions_can_be_looked_at_by_their_lines() -> None:
    found = Inspection(examples.dataset(), "starter", (CONFLICT, COPIES), LENGTHS, None, suggest_cut_off(LENGTHS))
    parts = view(found)
    assert parts["groups"].visible
    assert parts["pick"].choices == [
        ("Contradiction: lines 6, 7", "conflicting_answers:0"),
        ("Copies: lines 4, 10", "exact_duplicate:0"),
    ]
    assert parts["pick"].value == "conflicting_answers:0"
    assert not view(look())["groups"].visible


def test_findings_say_why_they_matter_and_none_says_so_too() -> None:
    assert "Exact copies 2 1 They count twice." in words(inspect.findings_table((COPIES,)))
    assert "No copies and no contradictions." in words(inspect.findings_table(()))


def test_the_ledger_lists_every_place_and_its_sum() -> None:
    counts = dict.fromkeys(Bin, 0) | {Bin.TRAIN: 30, Bin.VALIDATION: 5, Bin.TEST: 4, Bin.MALFORMED: 1}
    said = words(inspect.ledger_table(Ledger(counts, lines=40)))
    for title in BIN_TITLES.values():
        assert title in said
    assert said.endswith("Lines with something in them (adds up) 40 100 %")
    assert "does not add up" in words(inspect.ledger_table(Ledger(counts, lines=41)))


def test_only_places_that_hold_something_can_be_downloaded() -> None:
    ledger = Ledger({Bin.TRAIN: 3, Bin.TEST: 0, Bin.MALFORMED: 1}, lines=4)
    links = attributes(inspect.download_links(ledger, "data-1", "starter", 512), "href")
    assert links == [f"/download/bin/data-1/{name}?model=starter&cut_off=512" for name in ("train", "malformed")]


@pytest.mark.parametrize(("cut_off", "lost"), [(512, 1), (1024, 0)])
def test_the_picture_says_what_a_cut_off_costs(cut_off: int, lost: int) -> None:
    value = lengths.histogram(LENGTHS, cut_off)
    assert value["words"].endswith(f"{lost} exceed {cut_off:,}.")
    figure = json.loads(value["figure"])
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [cut_off]
    assert figure["data"][1]["name"] == f"would lose its end ({lost})"


def test_a_cut_row_is_named_by_the_number_that_the_screen_counts_with() -> None:
    assert "leaves out row 40:" in words(lengths.facts(LENGTHS, 512))
    assert "leaves no row out." in words(lengths.facts(LENGTHS, 1024))


def test_a_stop_token_that_is_not_learned_is_a_warning() -> None:
    untrained = Lengths("starter", (10,), (60,), stop_token_trained=False, stop_token="</s>")
    assert "the end-of-turn token </s> is not trained, so answers may not stop." in words(lengths.facts(untrained, 64))


def test_one_row_shows_what_is_learned_and_what_is_cut() -> None:
    pieces = (Piece("<|user|>", False, True), Piece("Hi", False, False), Piece("Good day", True, False, 2))
    drawn = lengths.seen(Seen(pieces=pieces, cut=(Piece("!", True, False),), total=5, cut_tokens=1, cut_trained=1))
    assert attributes(drawn, "class") == ["panel", "seen", "special", "", "trained", "cut", "help"]
    assert words(drawn).endswith("4 tokens, 2 of them trained.")
