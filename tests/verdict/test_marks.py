"""Marks of raters: means by prompt, with a range where there are enough prompts for one."""

import pytest
from scipy import stats

from studio.domain.closing import Mark
from studio.verdict.marks import marked


def given(*marks: tuple[int, int]) -> list[Mark]:
    return [Mark(f"prompt {n}", "tone", tuned, other) for n, (tuned, other) in enumerate(marks)]


def test_a_prompt_counts_once_however_many_marked_it() -> None:
    (found,) = marked([*given((5, 1), (3, 3)), Mark("prompt 0", "tone", 1, 1)])
    assert (found.criterion, found.prompts, found.tuned, found.other, found.interval) == ("tone", 2, 3.0, 2.0, None)


def test_the_range_is_that_of_the_difference_over_prompts() -> None:
    marks = [(5, 3), (4, 4), (5, 2), (3, 4), (4, 2), (5, 5), (2, 1), (4, 3), (5, 3), (3, 3), (4, 1), (5, 4)]
    (found,) = marked(given(*marks))
    assert found.interval is not None
    student = stats.ttest_rel(*zip(*marks, strict=True)).confidence_interval()
    assert (found.interval.low, found.interval.high) == (
        pytest.approx(student.low, abs=0.15), pytest.approx(student.high, abs=0.15),
    )  # fmt: skip


def test_each_criterion_stands_for_itself_and_without_marks_there_is_none() -> None:
    both = [*given((5, 3)), Mark("prompt 9", "format", 2, 4)]
    assert [(each.criterion, each.prompts) for each in marked(both)] == [("tone", 1), ("format", 1)]
    assert marked([]) == ()
