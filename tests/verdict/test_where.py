"""Where it is worse, and how much a handful of ratings may claim."""

import numpy as np
import pytest

from studio.domain.closing import Standing
from studio.domain.verdict import Judged, Outcome
from studio.verdict.where import FEWEST, where

WORDS: dict[str, Outcome] = {"+": "tuned", "-": "base", "=": "tie", "x": "both_bad"}


def made(**said: str) -> tuple[list[Judged], dict[str, tuple[str, ...]]]:
    """Ratings of one prompt each, by label."""
    judged, labels = [], {}
    for label, signs in said.items():
        for number, sign in enumerate(signs):
            name = f"{label} {number}"
            judged.append(Judged(name, "ann", WORDS[sign], "left"))
            labels[name] = (label,)
    return judged, labels


def test_the_worst_places_come_first_each_with_the_words_that_its_ratings_bear() -> None:
    found = where(*made(billing="+" * 11 + "-", refunds="-" * 13 + "+", shipping="-" * 6 + "+" * 3, other="---"))
    assert [(place.label, place.standing) for place in found] == [
        ("refunds", Standing.WORSE), ("shipping", Standing.PERHAPS_WORSE), ("billing", Standing.NOT_WORSE),
        ("other", Standing.TOO_FEW),
    ]  # fmt: skip
    assert [place.sentence for place in found] == [
        "Worse on “refunds”: people preferred the base model in 13 of 14 comparisons with a preference, more than "
        "chance explains.",
        "Perhaps weaker on “shipping”: people preferred the base model in 6 of 9 comparisons with a preference; so "
        "few may be chance.",
        "No sign of being worse on “billing”: people preferred the base model in 1 of 12 comparisons with a "
        "preference.",
        "Too few on “other” to say anything: 3 comparisons with a preference.",
    ]


@pytest.mark.parametrize("few", range(FEWEST))
def test_nothing_is_ever_claimed_from_fewer_than_eight_preferences(few: int) -> None:
    (place,) = where(*made(refunds="-" * few + "=" * 20))
    assert place.standing is Standing.TOO_FEW
    assert "Too few on “refunds”" in place.sentence and "Worse" not in place.sentence


def test_the_more_places_are_looked_at_the_more_evidence_a_claim_takes() -> None:
    alone = where(*made(refunds="-" * 10 + "+"))
    among = where(*made(refunds="-" * 10 + "+", **{f"topic {n}": "+-" * 5 for n in range(9)}))
    assert alone[0].standing is Standing.WORSE
    assert among[0].label == "refunds" and among[0].standing is Standing.PERHAPS_WORSE


def test_several_clear_places_make_each_easier_to_claim() -> None:
    found = where(*made(a="-" * 8, b="-" * 8, c="-" * 8, d="+" * 8))
    assert [place.standing for place in found] == [Standing.WORSE] * 3 + [Standing.NOT_WORSE]


def test_ties_are_no_preference_and_bad_answers_are_told() -> None:
    (place,) = where(*made(refunds="x" * 5 + "=" * 3 + "+" * 9))
    assert (place.tally.both_bad, place.tally.tie, place.standing) == (5, 3, Standing.NOT_WORSE)
    assert place.sentence.endswith("Both answers were bad on 5 of 17 prompts.")


def test_only_the_first_rating_of_a_prompt_counts_and_prompts_without_a_label_are_left_out() -> None:
    judged, labels = made(refunds="+" * 9)
    again = [Judged(each.prompt_id, "bob", "base", "left") for each in judged]
    (place,) = where([*judged, *again, Judged("no label", "ann", "base", "left")], labels)
    assert (place.tally.tuned, place.tally.base) == (9, 0)


def test_a_prompt_with_two_labels_counts_for_both() -> None:
    judged, labels = made(refunds="-" * 9)
    found = where(judged, dict.fromkeys(labels, ("refunds", "angry", "angry")), opponent="the rival")
    assert {place.label: place.tally.base for place in found} == {"refunds": 9, "angry": 9}
    assert "people preferred the rival in 9 of 9" in found[0].sentence


def test_equal_models_are_called_worse_somewhere_in_at_most_one_study_in_twenty() -> None:
    draw, wrong = np.random.default_rng(7), 0
    labels = {f"{place} {n}": (f"{place}",) for place in range(6) for n in range(20)}
    for _ in range(200):
        coins = draw.random(len(labels)) < 0.5
        judged = [
            Judged(name, "ann", "tuned" if coin else "base", "left") for name, coin in zip(labels, coins, strict=True)
        ]
        wrong += any(place.standing is Standing.WORSE for place in where(judged, labels))
    assert wrong <= 10
