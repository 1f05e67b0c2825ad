"""Agreement between raters, against published values."""

import pytest

from studio.domain.study import Side
from studio.domain.verdict import Judged, Outcome
from studio.verdict.agreement import agreement, alpha_interval, cohen_kappa, fleiss_kappa, krippendorff_alpha

WIKIPEDIA = ["* * * * * 3 4 1 2 1 1 3 3 * 3", "1 * 2 1 3 3 4 3 * * * * * * *", "* * 2 1 3 4 4 * 2 1 1 3 3 * 4"]
FOUR_OBSERVERS = [
    "1 2 3 3 2 1 4 1 2 * * *", "1 2 3 3 2 2 4 1 2 5 * 3", "* 3 3 3 2 3 4 2 2 5 1 *", "1 2 3 3 2 4 4 1 2 5 1 *",
]  # fmt: skip


def table(rows: list[str]) -> list[list[float | None]]:
    return [[None if cell == "*" else float(ord(cell)) - ord("0") for cell in row.split()] for row in rows]


@pytest.mark.parametrize(
    ("rows", "scale", "expected"),
    [
        (WIKIPEDIA, "nominal", 0.691358), (WIKIPEDIA, "ordinal", 0.806721),
        (WIKIPEDIA, "interval", 0.810845), (WIKIPEDIA, "ratio", 0.808944),
        (FOUR_OBSERVERS, "nominal", 0.743421), (FOUR_OBSERVERS, "ordinal", 0.815388),
        (FOUR_OBSERVERS, "interval", 0.849107), (FOUR_OBSERVERS, "ratio", 0.797403),
        (["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"], "nominal", 0.095238),
        (["a a b b d c c c e d d a", "b a b b b c c c e d d d"], "nominal", 0.691964),
    ],
)  # fmt: skip
def test_krippendorffs_alpha_equals_the_published_values(rows: list[str], scale, expected: float) -> None:
    assert krippendorff_alpha(table(rows), scale=scale) == pytest.approx(expected, abs=1e-6)


def test_alpha_is_unknown_where_nothing_varies_or_nothing_was_judged_twice() -> None:
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None
    assert krippendorff_alpha([[1, None], [None, 2]]) is None


def test_kappas_equal_the_published_values() -> None:
    fourteen_raters = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(fourteen_raters) == pytest.approx(0.209931, abs=1e-6)
    assert cohen_kappa([[20, 5], [10, 15]]) == pytest.approx(0.40)


def test_kappas_are_unknown_where_chance_alone_would_agree() -> None:
    assert cohen_kappa([[9, 0], [0, 0]]) is None and cohen_kappa([[0, 0], [0, 0]]) is None
    assert fleiss_kappa([[3, 0], [3, 0]]) is None and fleiss_kappa([[1, 0]]) is None and fleiss_kappa([]) is None


def test_the_range_of_alpha_holds_it_and_narrows_with_more_prompts() -> None:
    ten = [[0, 0, 1, 1, 0, 1, 0, 1, 0, 2], [0, 0, 1, 1, 0, 1, 1, 0, 0, 2]]
    few, many = alpha_interval(ten), alpha_interval([row * 10 for row in ten])
    alpha = krippendorff_alpha(ten)
    assert few and many and alpha and few.low < alpha < few.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert alpha_interval(ten) == few, "seeded"


def test_alpha_has_no_range_with_fewer_than_ten_prompts_or_where_nothing_varies() -> None:
    assert alpha_interval([[0, 1] * 4, [0, 1] * 4]) is None
    assert alpha_interval([[1] * 12, [1] * 12]) is None


def test_raters_are_compared_by_model_and_not_by_side() -> None:
    def said(prompt: str, rater: str, outcome: Outcome, side: Side) -> Judged:
        return Judged(prompt_id=prompt, rater=rater, outcome=outcome, tuned_side=side)

    judged = [
        said("p1", "ann", "tuned", Side.LEFT), said("p1", "bob", "tuned", Side.RIGHT),
        said("p2", "ann", "base", Side.LEFT), said("p2", "bob", "base", Side.RIGHT),
        said("p3", "ann", "tie", Side.LEFT),
    ]  # fmt: skip
    found = agreement(judged)
    assert found is not None
    assert (found.prompts, found.same, found.alpha) == (2, 2, pytest.approx(1.0))
    assert agreement(judged[::2]) is None
