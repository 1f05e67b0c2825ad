"""What a split leaks is told in one sentence with both numbers, and what a person reads of it is safe."""

from dataclasses import replace

import pytest

from studio.domain.job import JobState
from studio.domain.leakage import Leak, Leakage
from studio.domain.reading import Tone
from studio.domain.row import Message, Row
from studio.domain.split import Bin, Split, SplitChoices
from studio.flows.leakage import Check, Pair
from studio.ui.inspect import leakage
from tests.ui import examples
from tests.ui.markup import attributes, words

SPLIT = Split("split-1", "data-1", SplitChoices(), (Bin.TRAIN,) * 3, {})
CLEAN = Leakage("split-1", Leak(90, 90, 5, 7), Leak(90, 90, 0, 0), (), ())
LEAKY = replace(CLEAN, after=Leak(90, 90, 1, 2))


def row(number: int, question: str, answer: str = "It is on its way today.") -> Row:
    return Row(number, number + 1, (Message("user", question), Message("assistant", answer)))


def view(check: Check, twins: list[Pair] | None = None, pairs: list[Pair] | None = None) -> dict:
    names = "part timer said again twins reading".split()
    return dict(zip(names, leakage.view(check, twins or [], pairs or []), strict=True))


def test_one_sentence_says_what_leaks_and_what_a_plain_deal_would() -> None:
    said = words(view(Check(SPLIT, CLEAN, None))["said"])
    assert "0 of 90 held-out rows have a twin in training (0 %); in a plain random deal 12 would (13.3 %)." in said
    assert "5 the same, 7 nearly, of 90 held out" in said
    assert leakage.verdict(CLEAN).tone is Tone.GOOD and leakage.verdict(LEAKY).tone is Tone.WARNING
    assert "3 of 90 held-out rows have a twin in training (3.3 %)" in leakage.verdict(LEAKY).text


def test_where_only_a_part_was_measured_that_is_said() -> None:
    found = replace(CLEAN, after=Leak(9_000, 400, 0, 1))
    said = words(leakage.situation(Check(SPLIT, found, None)))
    assert "1 of 400 measured held-out rows has a twin in training" in said
    assert "of 9,000 held out, of which 400 were measured" in said


def test_while_it_is_checked_the_page_looks_again() -> None:
    live = view(Check(SPLIT, None, examples.job(state=JobState.RUNNING, done=1, total=4)))
    assert live["timer"].active and not live["again"].visible
    done = view(Check(SPLIT, CLEAN, None))
    assert not done["timer"].active and not done["again"].visible


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.INTERRUPTED, JobState.STOPPED])
def test_a_check_that_failed_says_why_and_can_be_tried_again(state: JobState) -> None:
    failed = view(Check(SPLIT, None, examples.job(state=state, message="The disk is full.", fix="Make room.")))
    assert "could not be checked. The disk is full. Make room." in words(failed["said"])
    assert failed["again"].visible and not failed["timer"].active


def test_twins_are_listed_and_a_test_row_stays_unseen() -> None:
    twins = [Pair(None, row(7, "Where is it?"), 0.93), Pair(row(3, "<script>"), row(8, "Where?"), 0.8)]
    said = leakage.twins_table(twins)
    assert "a test row, sealed line 8: Where is it? 93 %" in words(said)
    assert "<script>" not in said and leakage.twins_table([]) == ""


def test_rows_to_read_stand_beside_their_nearest_with_what_differs() -> None:
    asked = "Please tell me where the parcel with the blue ribbon is now"
    pairs = [Pair(row(3, asked), row(8, asked.replace("blue", "red")), 0.81), Pair(row(4, "<b>"), row(9, "Other"), 0.1)]
    said = leakage.reading_list(pairs, "data-1")
    assert "<del>blue</del>" in said and "<ins>red</ins>" in said
    assert "line 9 · nearest in training, 81 % alike by its rarer words" in words(said)
    assert attributes(said, "href") == ["/download/reading/data-1.csv", "/download/reading/data-1.jsonl"]
    assert "<b>" not in said and "<details>" not in said and leakage.reading_list([], "data-1") == ""


def test_a_few_are_shown_and_the_others_open_on_demand() -> None:
    pairs = [Pair(row(n, f"Question {n}"), row(n + 20, f"Question {n}"), 0.5) for n in range(15)]
    said = leakage.reading_list(pairs, "data-1")
    assert said.count('class="beside"') == 15 and "12 more rows to read" in words(said)
    assert "Question 2" in said.partition("<details>")[0] and "Question 3" not in said.partition("<details>")[0]
