"""Inspect as a whole: being measured, failed, ready."""

from typing import Any

from studio.data.lengths import suggest_cut_off
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.job import JobKind, JobState
from studio.domain.lengths import Lengths
from studio.flows.inspect import Inspection
from studio.ui.inspect.looking import Look
from studio.ui.tabs import inspect
from tests.ui import examples
from tests.ui.markup import attributes, words

COPIES = Finding(FindingKind.EXACT_DUPLICATE, "Exact copies", 2, "They count twice.", (Group((3, 9), (4, 10)),))
CONFLICT = Finding(FindingKind.CONFLICT, "Contradictions", 2, "It cannot learn both.", (Group((5, 6), (6, 7)),))
LENGTHS = Lengths("starter", (10,) * 40, (*([60] * 39), 900), stop_token_trained=True, stop_token="<|im_end|>")


def look(*, measured: bool = True, state: JobState | None = None, **values: Any) -> Inspection:
    job = None if state is None else examples.job(kind=JobKind.MEASURE, state=state, done=10, total=40, **values)
    cut_off = suggest_cut_off(LENGTHS) if measured else None
    return Inspection(examples.dataset(), "starter", (), LENGTHS if measured else None, job, cut_off)


def view(found: Inspection) -> dict[str, Any]:
    return dict(zip("situation again timer whole look".split(), inspect.view(found), strict=True))


def test_while_lengths_are_measured_the_screen_follows() -> None:
    parts = view(look(measured=False, state=JobState.RUNNING))
    assert parts["timer"].active and parts["whole"].visible
    assert attributes(parts["situation"], "aria-valuenow") == ["25"]
    assert parts["look"] == Look("data-1", "starter", measured=False)


def test_once_they_are_measured_nothing_ticks_and_the_parts_are_told() -> None:
    parts = view(look())
    assert not parts["timer"].active
    assert parts["look"] == Look("data-1", "starter", measured=True)


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
