"""Versions, how they differ, and a way back."""

from dataclasses import replace
from typing import Any

from studio.domain.dataset import Dataset
from studio.domain.job import JobState
from studio.domain.mending import Mending, Step, StepKind
from studio.flows.history import Difference, Edited, Entry, Replayed
from studio.ui.inspect import history
from tests.ui import examples
from tests.ui.markup import words

NAMES = "part said undo newest table version back others source".split()
FIRST = examples.dataset(root="data-1")
SECOND = replace(
    FIRST,
    id="data-2",
    version=2,
    parent="data-1",
    step=Step(StepKind.DROP, "1 row was left out: <b>off</b> topic."),
    mending=Mending(removed={3: "off topic"}),
)
ENTRIES = [Entry(FIRST, ()), Entry(SECOND, (examples.run(),))]


def view(
    found: Dataset, *, entries: list[Entry] = ENTRIES, others: tuple[Dataset, ...] = (), **more: Any
) -> dict[str, Any]:
    told = {"can_undo": True, "checking": None} | more
    return dict(zip(NAMES, history.view(found, entries, list(others), **told), strict=True))


def difference(**values: Any) -> Difference:
    made = Difference(FIRST, SECOND, edited=0, examples=(), left_out={}, taken_back=(), kept_other=())
    return replace(made, **values)


def test_every_version_says_what_was_done_and_who_learned_from_it() -> None:
    said = words(view(SECOND)["table"])
    assert "2 (shown) 1 row was left out: <b>off</b> topic. 04 Mar, 05:06 39 triage-1 01234567" in said
    assert said.endswith("1 triage.jsonl was read. 04 Mar, 05:06 40 none 01234567")


def test_a_file_that_nobody_changed_has_no_history() -> None:
    assert not view(FIRST, entries=ENTRIES[:1], can_undo=False)["part"].visible


def test_only_the_newest_version_is_changed() -> None:
    newest, older = view(SECOND), view(FIRST)
    assert newest["undo"].interactive and not newest["newest"].visible and newest["said"] == ""
    assert not older["undo"].interactive and older["newest"].visible
    assert "There is a newer one, version 2." in words(older["said"])


def test_findings_from_before_a_change_are_said_to_be_so() -> None:
    assert "being checked again" in words(view(SECOND, checking=JobState.RUNNING)["said"])
    assert "could not be checked again" in words(view(SECOND, checking=JobState.FAILED)["said"])
    assert view(SECOND, checking=JobState.DONE)["said"] == ""


def test_another_file_can_be_mended_alike_only_where_there_is_one() -> None:
    assert not view(SECOND)["others"].visible
    other = replace(SECOND, id="data-9", root="data-8", name="January")
    parts = view(SECOND, others=(other,))
    assert parts["others"].visible and parts["source"].choices == [("January · version 2", "data-9")]


def test_a_difference_is_told_in_words() -> None:
    edited = Edited(0, 1, (("assistant", (("same", "It is "), ("only_first", "<late>"), ("only_second", "here"))),))
    said = history.difference_words(
        difference(edited=3, examples=(edited,), left_out={6: "off topic"}, taken_back=(2, 4), kept_other=(9,))
    )
    for part in (
        "3 rows with other texts.",
        "Left out here: line 6 (off topic).",
        "Taken back here: lines 2, 4.",
        "and 2 edited rows more",
    ):
        assert part in words(said)
    assert "<del>&lt;late&gt;</del><ins>here</ins>" in said


def test_no_difference_says_so() -> None:
    assert "They hold the same." in words(history.difference_words(replace(difference(), second=FIRST)))


def test_what_was_not_repeated_is_told() -> None:
    done = Replayed(
        SECOND, ("1 row was left out: off topic.",), ("Line 2 was edited. Not done: no such row is there.",)
    )
    said = words(history.repeated_words(done))
    assert said.startswith("▲ 1 change made here. 1 row was left out") and said.endswith("no such row is there.")
