"""The dots of a verdict."""

from hypothesis import given
from hypothesis import strategies as st

from studio.domain.verdict import Tally
from studio.verdict.picture import dots


def test_up_to_a_hundred_each_rating_is_a_dot_in_order() -> None:
    drawn = dots(Tally(tuned=65, base=23, tie=9, both_bad=3))
    assert drawn == ["tuned"] * 65 + ["equal"] * 12 + ["base"] * 23


def test_no_ratings_draw_no_dots() -> None:
    assert dots(Tally(tuned=0, base=0, tie=0, both_bad=0, skipped=4)) == []


def test_more_than_a_hundred_are_scaled_by_largest_remainder() -> None:
    drawn = dots(Tally(tuned=101, base=60, tie=30, both_bad=12))  # 49.8, 20.7 and 29.6 of a hundred
    assert [drawn.count(kind) for kind in ("tuned", "equal", "base")] == [50, 21, 29]


@given(tuned=st.integers(0, 500), base=st.integers(0, 500), tie=st.integers(0, 500), both_bad=st.integers(0, 500))
def test_scaled_dots_always_add_up_and_are_off_by_less_than_one(tuned: int, base: int, tie: int, both_bad: int) -> None:
    tally = Tally(tuned=tuned, base=base, tie=tie, both_bad=both_bad)
    drawn = dots(tally)
    assert len(drawn) == min(100, tally.rated)
    for kind, number in (("tuned", tuned), ("equal", tie + both_bad), ("base", base)):
        assert abs(drawn.count(kind) - number * len(drawn) / max(tally.rated, 1)) < 1
