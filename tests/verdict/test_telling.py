"""Telling: figures as they are written out."""

import pytest

from studio.domain.verdict import Agreement, Interval
from studio.verdict.telling import agreement_words, odds


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (0.031, "0.03 to 1"),
        (39.996, "40.00 to 1"),
        (291_653.8, "291,654 to 1"),
        (3.0e8, "more than 1,000,000 to 1"),
    ],
)
def test_evidence_has_as_many_figures_as_anybody_can_use(evidence: float, said: str) -> None:
    assert odds(evidence) == said


def test_a_low_alpha_beside_raters_who_agree_is_explained() -> None:
    apart, alike = (Agreement(24, same, -0.11, Interval(-0.21, -0.04)) for same in (10, 16))
    assert agreement_words(alike).endswith(
        "because nearly everybody prefers the same model and little is left to agree on."
    )
    assert agreement_words(apart).endswith("0 is what chance gives).")
