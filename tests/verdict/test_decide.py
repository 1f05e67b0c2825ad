"""The decision, line by line of its rule."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.errors import StudyError
from studio.domain.study import Side
from studio.domain.verdict import Decision, Judged, Outcome, Verdict
from studio.verdict.decide import decide

WORDS: dict[str, Outcome] = {"+": "tuned", "-": "base", "=": "tie", "x": "both_bad"}


def ratings(outcomes: str, *, raters: int = 2, seconds: float | None = None, lengths=(100, 100)) -> list[Judged]:
    """One rating per prompt in this order: + fine-tuned, - base, = tie, x both bad; sides follow a neutral pattern."""
    tuned, base = lengths
    return [
        Judged(
            prompt_id=f"prompt {number}",
            rater=f"rater {number % raters}",
            outcome=WORDS[sign],
            tuned_side=Side.LEFT if number % 4 in (0, 3) else Side.RIGHT,
            seconds=seconds,
            tuned_chars=tuned,
            base_chars=base,
        )
        for number, sign in enumerate(outcomes)
    ]


def mixed(plus: int, minus: int, *, equal: int = 0, bad: int = 0) -> str:
    """These outcomes in a fixed order, spread evenly enough that no early run settles anything by itself."""
    signs = list("+" * plus + "-" * minus + "=" * equal + "x" * bad)
    random.Random(1).shuffle(signs)
    return "".join(signs)


def test_a_clear_lead_ships() -> None:
    assert decide(ratings(mixed(65, 23, equal=12)), planned=100).decision is Decision.SHIP


@pytest.mark.parametrize(("plus", "minus", "decision"), [(16, 4, Decision.SHIP), (15, 5, Decision.NOT_YET)])
def test_among_twenty_it_takes_sixteen(plus: int, minus: int, decision: Decision) -> None:
    assert decide(ratings("-" * minus + "+" * plus), planned=100).decision is decision


def test_twelve_of_fifteen_is_not_enough_although_a_single_look_would_call_it_clear() -> None:
    found = decide(ratings(mixed(12, 3, equal=5)), planned=100)
    assert found.evidence.sign_test_p < 0.05
    assert found.decision is Decision.NOT_YET


@pytest.mark.parametrize(("plus", "decision"), [(19, Decision.NOT_YET), (20, Decision.SHIP)])
def test_nothing_ships_on_fewer_than_twenty_preferences(plus: int, decision: Decision) -> None:
    found = decide(ratings("+" * plus), planned=100)
    assert (found.decision, found.more_needed) == (decision, 1 if plus == 19 else None)


def test_evidence_that_once_sufficed_still_ships_and_says_that_it_got_closer() -> None:
    found = decide(ratings("+" * 8 + "-" * 8 + "+" * 6), planned=100)
    assert found.evidence.e_better < 20
    assert (found.decision, found.evidence.better_at) == (Decision.SHIP, 7)
    assert "It was settled after 7 prompts; those rated since then were closer." in found.caveats


def test_the_same_counts_in_an_order_that_never_sufficed_do_not_ship() -> None:
    assert decide(ratings("-+" * 8 + "+" * 6), planned=100).decision is Decision.NOT_YET


@pytest.mark.parametrize(("plus", "minus", "decision"), [(11, 9, Decision.SHIP), (12, 10, Decision.NOT_YET)])
def test_the_lead_must_reach_the_margin_of_the_study(plus: int, minus: int, decision: Decision) -> None:
    start = "+" * 7
    found = decide(ratings(start + "-" * minus + "+" * (plus - 7)), planned=100)
    assert found.evidence.better_at == 7
    assert found.decision is decision


def test_a_larger_margin_asks_for_more() -> None:
    outcomes = ratings(mixed(65, 35))
    assert decide(outcomes, planned=120, margin=0.05).decision is Decision.SHIP
    assert decide(outcomes, planned=120, margin=0.20).decision is not Decision.SHIP


@pytest.mark.parametrize(("bad", "decision"), [(10, Decision.SHIP), (11, Decision.NOT_YET)])
def test_both_answers_bad_on_more_than_one_prompt_in_five_stops_a_release(bad: int, decision: Decision) -> None:
    found = decide(ratings("x" * bad + "+" * 38 + "-" * 2), planned=100)
    assert found.decision is decision


def test_a_base_model_that_is_clearly_preferred_is_not_replaced() -> None:
    found = decide(ratings(mixed(10, 40)), planned=100)
    assert found.decision is Decision.DONT_SHIP
    assert found.evidence.e_worse >= 20


def test_seven_losses_in_a_row_settle_it_before_twenty_ratings() -> None:
    assert decide(ratings("-" * 6), planned=100).decision is Decision.NOT_YET
    assert decide(ratings("-" * 7), planned=100).decision is Decision.DONT_SHIP


def test_evidence_against_stays_even_if_the_fine_tuned_model_catches_up() -> None:
    found = decide(ratings("-" * 7 + "+" * 60), planned=100)
    assert (found.decision, found.evidence.worse_at) == (Decision.DONT_SHIP, 7)
    assert any("settled after 7 prompts" in caveat for caveat in found.caveats)


def test_a_lead_that_is_ruled_out_ends_the_study_early() -> None:
    found = decide(ratings("+-" * 180 + "-" * 30), planned=1000)
    assert found.evidence.worse_at is None
    assert found.evidence.band.high < 0.55
    assert found.decision is Decision.DONT_SHIP


def test_when_every_planned_prompt_is_judged_without_a_clear_lead_it_does_not_ship() -> None:
    outcomes = ratings(mixed(31, 27, equal=2))
    assert decide(outcomes, planned=60).decision is Decision.DONT_SHIP
    assert decide(outcomes, planned=61).decision is Decision.NOT_YET


def test_skipped_prompts_use_up_the_plan_and_are_counted() -> None:
    found = decide(ratings(mixed(30, 26)), skipped=4, planned=60)
    assert (found.decision, found.tally.skipped, found.prompts) == (Decision.DONT_SHIP, 4, 56)


@pytest.mark.parametrize(
    ("outcomes", "skipped", "decision", "says"),
    [
        # nothing was judged: a skip speaks against nobody
        ("", 24, Decision.NOT_YET, "Nobody could judge any of the 24 planned prompts: each was skipped"),
        ("", 23, Decision.NOT_YET, "No comparison is judged yet (23 prompts were skipped); to ship takes at least 20"),
        ("", 0, Decision.NOT_YET, "No comparison is judged yet; to ship takes at least 20"),
        # the skipped ones could have shipped it
        ("+" * 4, 20, Decision.NOT_YET, "in 4 of 4 comparisons with a preference. 20 of 24 planned prompts were only"),
        ("=" * 4, 20, Decision.NOT_YET, "So far 4 comparisons showed no preference. 20 of 24 planned prompts were only"),
        ("++" + "-" * 2, 20, Decision.NOT_YET, "and they could still decide it"),
        # whatever had been said of them, it would not ship
        (mixed(12, 10), 2, Decision.DONT_SHIP, "All 24 planned prompts are judged or skipped"),
        ("=" * 10, 14, Decision.DONT_SHIP, "on none of them did anybody prefer either model"),
        ("x" * 6 + "+" * 8, 10, Decision.DONT_SHIP, "preferred in 8 of 8 comparisons with a preference; in 6 both"),
        # every prompt was judged
        ("=" * 24, 0, Decision.DONT_SHIP, "All 24 planned prompts are judged, and on none of them"),
        (mixed(14, 10), 0, Decision.DONT_SHIP, "All 24 planned prompts are judged"),
        # evidence counts, whatever was skipped
        ("-" * 7, 17, Decision.DONT_SHIP, "preferred the base model in 7 of 7"),
        ("+" * 20, 4, Decision.SHIP, "preferred the fine-tuned model in 20 of 20"),
    ],
)  # fmt: skip
def test_what_was_skipped_speaks_for_nobody(outcomes: str, skipped: int, decision: Decision, says: str) -> None:
    found = decide(ratings(outcomes), skipped=skipped, planned=24)
    assert found.decision is decision and says in found.sentence, found.sentence
    assert found.next_step


def test_of_a_small_plan_that_was_only_skipped_is_said_so() -> None:
    found = decide([], skipped=8, planned=8)
    assert found.decision is Decision.NOT_YET and found.sentence.endswith(
        "None is judged yet (8 prompts were skipped)."
    )


@pytest.mark.parametrize("outcomes", ["+" * 19, mixed(10, 9), "=" * 19])
def test_a_plan_of_fewer_than_twenty_prompts_never_ends_in_ship_nor_by_running_out(outcomes: str) -> None:
    found = decide(ratings(outcomes), planned=19)
    assert found.decision is Decision.NOT_YET
    assert found.sentence.startswith("This study planned 19 prompts, and to ship takes at least 20")


def test_a_small_plan_may_still_end_in_evidence_against() -> None:
    assert decide(ratings("-" * 9), planned=10).decision is Decision.DONT_SHIP


def test_only_the_first_rating_of_a_prompt_counts() -> None:
    first = ratings(mixed(15, 15))
    second = [
        Judged(prompt_id=r.prompt_id, rater="someone else", outcome="tuned", tuned_side=r.tuned_side) for r in first
    ]
    found = decide([*first, *second], planned=60)
    assert (found.tally.tuned, found.tally.base, found.prompts, found.raters) == (15, 15, 30, 2)
    assert found.agreement is not None
    assert (found.agreement.prompts, found.agreement.same) == (30, 15)


def test_ties_and_both_bad_change_no_evidence() -> None:
    plain, padded = decide(ratings("+" * 9), planned=60), decide(ratings("x=" + "+=x" * 9), planned=60)
    assert plain.evidence.e_better == padded.evidence.e_better
    assert plain.evidence.band == padded.evidence.band
    assert padded.evidence.trinomial_p != padded.evidence.sign_test_p


def test_one_rater_may_decide_with_a_visible_caveat() -> None:
    found = decide(ratings(mixed(60, 10), raters=1), planned=70)
    assert found.decision is Decision.SHIP
    assert found.sentence.startswith("One person who was not told")
    assert found.caveats == ("Only one person rated; a second one would show whether others agree.",)


def test_a_stricter_alpha_asks_for_more_evidence() -> None:
    outcomes = ratings("-" * 4 + "+" * 16)
    assert decide(outcomes, planned=100).decision is Decision.SHIP
    assert decide(outcomes, planned=100, alpha=0.025).decision is Decision.NOT_YET


@given(st.lists(st.sampled_from("+-=x"), max_size=90).map("".join), st.integers(0, 40))
def test_every_study_gets_one_plain_answer(outcomes: str, unrated: int) -> None:
    found = decide(ratings(outcomes), planned=max(1, len(outcomes) + unrated))
    assert found.headline in ("Ship it.", "Don't ship it.", "Not yet.")
    assert found.tally.rated == found.prompts == len(outcomes)
    for text in (found.headline, found.sentence, *found.caveats):
        assert "significant" not in text.lower()
        assert "p-value" not in text.lower() and " p " not in text and "alpha" not in text.lower()
    if found.decision is Decision.SHIP:
        assert max(found.evidence.e_better, 1 / found.evidence.always_valid_p) >= 20
        assert found.tally.decisive >= 20 and (found.tally.tuned_share or 0) >= 0.55
    if unrated == 0 and len(outcomes) >= 20:
        assert found.decision is not Decision.NOT_YET


def sentences(cases: Sequence[tuple[str, Verdict]]) -> dict[str, str]:
    return {name: f"{verdict.headline} {verdict.sentence}" for name, verdict in cases}


def test_the_words_of_each_answer() -> None:
    cases = [
        ("ship", decide(ratings(mixed(65, 23, equal=12), raters=4), planned=100)),
        ("worse", decide(ratings(mixed(3, 17), raters=1), planned=60)),
        ("ruled out", decide(ratings("+-" * 180 + "-" * 30, raters=14), planned=1000)),
        ("cap", decide(ratings(mixed(31, 27, equal=1, bad=1)), planned=60)),
        ("bad", decide(ratings(mixed(40, 4, bad=16)), planned=60)),
        ("few", decide(ratings("+" * 15 + "=" * 15), planned=30)),
        ("small lead", decide(ratings("+" * 9 + "-" * 10 + "+" * 3), planned=22)),
        ("no preference", decide(ratings("=" * 30), planned=30)),
        ("more", decide(ratings("-" * 6 + "+" * 14, seconds=20), planned=100)),
        ("not enough left", decide(ratings("-" * 6 + "+" * 14), planned=30)),
        ("behind", decide(ratings(mixed(4, 9)), planned=100)),
        ("unclear", decide(ratings("+-" * 20), planned=100)),
        ("bad so far", decide(ratings(mixed(40, 4, bad=16)), planned=80)),
        ("nothing", decide([], planned=60)),
        ("ties only", decide(ratings("==="), planned=60)),
        ("small plan", decide(ratings("+" * 9), planned=12)),
    ]
    assert sentences(cases) == {
        "ship": "Ship it. Four people who were not told which answer was which preferred the fine-tuned model in "
        "65 of 88 (74 %) comparisons with a preference; 12 were equal. We can be 95 % sure that the true preference "
        "is above one half, and that stays true however often you looked.",
        "worse": "Don't ship it. One person who was not told which answer was which preferred the base model in "
        "17 of 20 comparisons with a preference. We can be 95 % sure that the base model is preferred more often "
        "than not, and that stays true however often you looked.",
        "ruled out": "Don't ship it. 14 people who were not told which answer was which preferred the fine-tuned model "
        "in 180 of 390 (46 %) comparisons with a preference. We can be 95 % sure that the true preference is below "
        "the 55 % that this study asks for, and that stays true however often you looked.",
        "cap": "Don't ship it. All 60 planned prompts are judged, and the fine-tuned model is not clearly better: it "
        "was preferred in 31 of 58 (53 %) comparisons with a preference; 1 was equal and in 1 both answers were bad.",
        "bad": "Don't ship it. All 60 planned prompts are judged, and the fine-tuned model looks better but does not "
        "pass: it was preferred in 40 of 44 comparisons with a preference; in 16 both answers were bad. Both answers "
        "were bad in 16 of 60 (27 %) comparisons, more than the one in five allowed.",
        "few": "Don't ship it. All 30 planned prompts are judged, and the fine-tuned model looks better but does not "
        "pass: it was preferred in 15 of 15 comparisons with a preference; 15 were equal. To ship takes at least "
        "20 comparisons with a preference.",
        "small lead": "Don't ship it. All 22 planned prompts are judged, and the fine-tuned model looks better but "
        "does not pass: it was preferred in 12 of 22 comparisons with a preference. The lead is smaller than the "
        "55 % that this study asks for.",
        "no preference": "Don't ship it. All 30 planned prompts are judged, and on none of them did anybody prefer "
        "either model.",
        "more": "Not yet. So far the fine-tuned model is preferred in 14 of 20 comparisons with a preference. If this "
        "keeps up, about 43 more (15 minutes of rating) will settle it.",
        "not enough left": "Not yet. So far the fine-tuned model is preferred in 14 of 20 comparisons with a "
        "preference. If this keeps up, about 43 more will settle it, but this study has only 10 prompts left.",
        "behind": "Not yet. So far the fine-tuned model is preferred in 4 of 13 comparisons with a preference. If "
        "this keeps up, about 38 more will settle it against the fine-tuned model.",
        "unclear": "Not yet. So far the fine-tuned model is preferred in 20 of 40 comparisons with a preference. At "
        "this rate more than 200 further ones would be needed: it is unlikely to become clear.",
        "bad so far": "Not yet. So far the fine-tuned model is preferred in 40 of 44 comparisons with a preference; "
        "in 16 both answers were bad. Both answers were bad in 16 of 60 (27 %) comparisons, and a model with more "
        "than one in five does not ship.",
        "nothing": "Not yet. No comparison is judged yet; to ship takes at least 20 with a preference.",
        "ties only": "Not yet. So far 3 comparisons showed no preference, so there is nothing to tell the two models "
        "apart.",
        "small plan": "Not yet. This study planned 12 prompts, and to ship takes at least 20 comparisons with a "
        "preference. So far the fine-tuned model is preferred in 9 of 9 comparisons with a preference.",
    }


def test_a_habit_of_choosing_one_side_is_said_aloud() -> None:
    left = [
        Judged(prompt_id=f"{n}", rater=f"{n % 2}", outcome="tuned" if n % 2 else "base",
               tuned_side="left" if n % 2 else "right")
        for n in range(60)
    ]  # fmt: skip
    found = decide(left, planned=100)
    assert (found.side_bias.left, found.side_bias.right) == (60, 0)
    assert found.side_bias.sentence in found.caveats
    assert found.side_bias.sentence.startswith("Raters chose the left answer in 60 of 60 (100 %) comparisons")
    calm = decide(ratings("+" * 4), planned=60).side_bias
    assert (calm.left, calm.right, calm.p) == (2, 2, 1.0)
    assert calm.sentence == "Raters chose the left answer 2 times and the right one 2 times: no sign of a habit."


@pytest.mark.parametrize(
    ("alpha", "sure"),
    [(0.05, "95 %"), (0.025, "97.5 %"), (0.05 / 8, "99.37 %"), (0.05 / 2**10, "99.99 %"), (0.05 / 2**20, "99.99 %")],
)
def test_how_sure_one_can_be_is_never_overstated(alpha: float, sure: str) -> None:
    assert f"We can be {sure} sure" in decide(ratings("+" * 60), planned=60, alpha=alpha).sentence


def test_how_much_longer_fine_tuned_answers_are_is_known() -> None:
    found = decide(ratings(mixed(50, 10), lengths=(180, 100)), planned=100)
    assert found.length_ratio == pytest.approx(1.8)
    assert decide(ratings("+", lengths=(0, 100)), planned=60).length_ratio is None


def test_the_other_caveats() -> None:
    hasty = decide(ratings(mixed(9, 6, bad=10), seconds=1.5), skipped=3, planned=100)
    assert hasty.caveats == (
        "Fewer than 20 comparisons had a preference.",
        "The rated sample is small: 25 prompts. 60 or more say more about the prompts to come.",
        "3 prompts could not be judged and are missing from these figures.",
        "Half of the ratings took less than 3 seconds.",
    )
    behind = decide(ratings(mixed(3, 6, bad=10)), planned=100)
    assert (
        "Both answers were bad in 10 of 19 comparisons; with more than one in five a model does not ship."
        in behind.caveats
    )


@pytest.mark.parametrize(
    ("outcomes", "planned", "words"),
    [
        ("+" * 24, 24, "Take it to Deliver"),
        ("-" * 24, 24, "Read below where the base model won"),
        (mixed(12, 10), 22, "add better examples"),
        ("+" * 15 + "=" * 15, 30, "Compare on more prompts: it lost on none"),
        ("=" * 20 + "x" * 10, 30, "People see no difference"),
        ("=" * 10 + "x" * 20, 30, "Read the prompts on which both were bad"),
        (mixed(14, 6), 100, "Make another comparison"),
        ("+" * 9, 12, "hold out more of them on Inspect"),
        (mixed(40, 4, bad=16), 60, "on which both were bad"),
    ],
)
def test_every_verdict_says_what_to_do_next(outcomes: str, planned: int, words: str) -> None:
    assert words in decide(ratings(outcomes), planned=planned).next_step


def test_a_range_that_still_touches_one_half_is_explained() -> None:
    found = decide(ratings("-" * 4 + "+" * 16), planned=100)
    assert found.decision is Decision.SHIP
    assert found.evidence.band.low < 0.5
    assert "The range shown still touches one half: it guards both directions, while the decision asks about one." in (
        found.caveats
    )


@pytest.mark.parametrize(
    "wrong",
    [{"planned": 0}, {"planned": 9, "margin": 0.5}, {"planned": 9, "alpha": 1.0}, {"planned": 9, "skipped": -1}],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong) -> None:
    with pytest.raises(StudyError) as refused:
        decide([], **wrong)
    assert refused.value.fix


def test_ratings_beyond_the_plan_are_refused() -> None:
    with pytest.raises(StudyError, match="5 prompts are rated, but the study planned 4"):
        decide(ratings("+++++"), planned=4)
