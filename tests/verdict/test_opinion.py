"""What follows from a judge's replies, by known values, and the words for it."""

from itertools import repeat

import pytest

from studio.domain.judge import Endpoint, LocalJudge
from studio.domain.opinion import Failure, Order, Reply, Said, Scores, TwoAnswers
from studio.domain.row import Message
from studio.domain.study import Side
from studio.domain.verdict import Judged, Outcome
from studio.verdict import advising
from studio.verdict.opinion import alike, graded, opinions, tally

FIVE, TWO = Scores(5, 5, 5), Scores(2, 2, 2)


def replies(pair: str, given: Said | Failure, swapped: Said | Failure, *, first: Scores = FIVE) -> list[Reply]:
    """Both replies about a pair, as they were told of its own first and second."""
    said = [(Order.GIVEN, given), (Order.SWAPPED, swapped)]
    return [
        Reply(pair, order, "raw", failure=each, tokens_in=100, tokens_out=10)
        if isinstance(each, Failure)
        else Reply(pair, order, "raw", said=each, first=first, second=TWO, reason="Because.", tokens_in=100, tokens_out=10)
        for order, each in said
    ]  # fmt: skip


# The fine-tuned answer is the first of a, c, e and the second of b, d, f.
TUNED = dict(zip("abcdef", ["first", "second"] * 3, strict=True))
GIVEN = opinions(
    "abcdef",
    [
        *replies("a", "first", "first"),  # tuned
        *replies("b", "first", "first"),  # the other
        *replies("c", "first", "second"),  # which stood first: no preference
        *replies("d", "both_bad", "both_bad"),
        *replies("e", Failure.NOT_JSON, "first"),
        replies("f", "tie", "tie")[0],
    ],
)


def votes(outcomes: str, rater: str = "ann") -> list[Judged]:
    """Ratings of pairs a, b, c, …: t for the fine-tuned answer, o for the other, = for a tie, x for both bad, - for none."""
    words: dict[str, Outcome] = {"t": "tuned", "o": "base", "=": "tie", "x": "both_bad"}
    return [
        Judged(pair, rater, words[said], Side.LEFT)
        for pair, said in zip("abcdefghijklmnopqrst", outcomes, strict=False)
        if said in words
    ]


def many(said: str, *, pairs: int = 20):
    """A judge that says this of pairs a, b, c, … in both orders; the fine-tuned answer is always the first."""
    names = "abcdefghijklmnopqrst"[:pairs]
    words: dict[str, Said] = {"t": "first", "o": "second", "=": "tie", "x": "both_bad"}
    given = [reply for pair, each in zip(names, said, strict=True) for reply in replies(pair, words[each], words[each])]
    return opinions(names, given), dict(zip(names, repeat("first")))


def test_every_pair_is_in_exactly_one_count_and_every_failure_has_its_reason():
    counted = tally(GIVEN, TUNED)
    assert (counted.tuned, counted.other, counted.tie, counted.both_bad) == (1, 1, 1, 1)
    assert (counted.failed, counted.waiting, counted.whole) == (1, 1, 4)
    assert counted.whole + counted.failed + counted.waiting == counted.pairs == 6
    assert (counted.replies, counted.failed_replies, counted.failures) == (11, 1, ((Failure.NOT_JSON, 1),))
    assert (counted.tokens_in, counted.tokens_out) == (1100, 110)


def test_a_win_counts_only_if_both_orders_agree():
    counted = tally(GIVEN, TUNED)
    assert (counted.disagreed, counted.consistency) == (1, 0.75)
    assert "3 of 4 pairs it said the same in both orders" in advising.order_sentence(counted)
    # a, b and e chose the same answer wherever it stood; c chose what stood first both times.
    assert counted.sides == (4, 3)


def test_grades_are_the_means_of_both_orders_by_model_and_not_by_place():
    (accuracy, *_) = graded(
        opinions("ab", replies("a", "first", "first") + replies("b", "second", "second")), {"a": "first", "b": "second"}
    )
    assert (accuracy.tuned, accuracy.other) == ((0, 2, 0, 0, 2), (0, 2, 0, 0, 2))
    assert (accuracy.tuned_mean, accuracy.difference, accuracy.low) == (3.5, 0, None)


def test_the_range_of_a_difference_is_given_from_ten_pairs_on():
    given, tuned = many("t" * 12, pairs=12)
    (accuracy, *_) = graded(given, tuned)
    assert accuracy.difference == accuracy.low == accuracy.high == 3
    assert "more than luck" in advising.graded_sentence(accuracy)
    assert graded([], {}) == ()


def test_agreement_is_measured_as_between_people():
    given, tuned = many("tttttoooo=", pairs=10)
    found = alike(given, tuned, primary=votes("ttttooooot"), everybody=[])
    assert (found.prompts, found.same, found.people) == (10, 8, 0)
    # Said by judge and people together: t 10, o 9, = 1; 1 - (n - 1)·o / (n² - Σ c²) with o = 4 values in unlike pairs.
    assert found.alpha == pytest.approx(1 - 19 * 4 / (400 - (100 + 81 + 1)))


def test_what_people_say_alike_stands_beside_it():
    given, tuned = many("t" * 20)
    everybody = votes("t" * 20) + votes("t" * 15 + "o" * 5, "bob")
    found = alike(given, tuned, primary=votes("t" * 16 + "o" * 4), everybody=everybody)
    assert (found.same, found.people, found.people_same) == (16, 20, 15)
    assert advising.alike_sentence(found) == (
        "The judge said what a person said in 16 of 20 pairs; two people said the same in 15 of 20."
    )


def test_a_judge_that_agrees_ten_points_less_than_people_do_is_called_unreliable():
    given, tuned = many("to" * 10)
    twice = votes("to" * 9 + "ot") + votes("to" * 10, "bob")  # 18 of 20 alike
    at_the_bar = alike(given, tuned, primary=votes("ot" * 2 + "to" * 8), everybody=twice)  # 16 of 20
    below = alike(given, tuned, primary=votes("ot" * 3 + "to" * 7), everybody=twice)
    counted = tally(given, tuned)
    assert at_the_bar.same == 16 and advising.is_reliable(counted, at_the_bar)
    assert below.same == 14 and not advising.is_reliable(counted, below)
    assert "less often than they agree with each other" in advising.reliability_sentence(counted, below)


def test_a_judge_that_agrees_by_chance_alone_is_called_unreliable_also_without_a_second_person():
    given, tuned = many("to" * 10)
    found = alike(given, tuned, primary=votes("ttootottotoottootoot"), everybody=[])
    said = advising.reliability_sentence(tally(given, tuned), found)
    assert "hardly more often than chance" in said


def test_a_judge_that_goes_by_the_place_is_called_unreliable():
    names = "abcdefghijkl"
    given = opinions(names, [reply for pair in names for reply in replies(pair, "first", "second")])
    tuned = dict.fromkeys(names, "first")
    counted = tally(given, tuned)
    assert (counted.tie, counted.consistency, counted.sides) == (12, 0, (24, 0))
    assert "which answer stands first" in advising.reliability_sentence(
        counted, alike(given, tuned, primary=votes("=" * 12), everybody=[])
    )


def test_a_judge_of_which_too_much_cannot_be_read_cannot_be_used():
    names = "abcdefghijkl"
    given = opinions(
        names,
        [reply for pair in names[:9] for reply in replies(pair, "first", "first")]
        + [reply for pair in names[9:] for reply in replies(pair, Failure.NOT_JSON, Failure.NO_CHOICE)],
    )
    tuned = dict.fromkeys(names, "first")
    counted = tally(given, tuned)
    found = alike(given, tuned, primary=votes("t" * 12), everybody=[])
    assert found.prompts == 9
    assert advising.reliability_sentence(counted, found).startswith("This judge cannot be used here: 6 of 24 replies")
    assert advising.failure_lines(counted) == (
        "3 × the reply chose nothing, or something that was not offered",
        "3 × the reply was not the one JSON object that was asked for",
    )


def test_with_few_pairs_in_common_nothing_is_claimed():
    found = alike(GIVEN, TUNED, primary=votes("to"), everybody=[])
    assert not advising.is_reliable(tally(GIVEN, TUNED), found)
    assert "Too few pairs" in advising.reliability_sentence(tally(GIVEN, TUNED), found)


PAIRS = [TwoAnswers(str(number), (Message("user", "x" * 400),), "y" * 400, "z" * 400) for number in range(10)]
FAR = Endpoint("https://judge.example/v1", "gpt-large", price_in=2.0, price_out=8.0)


def announced(judge: Endpoint | LocalJudge, base: str = "qwen3-4b"):
    return advising.announce(judge, PAIRS, question="Which answer is better?", base=base)


def test_what_leaves_the_machine_and_what_it_costs_is_said_first():
    told = announced(FAR)
    words = " ".join(told.sentences)
    assert told.requests == 20 and "asked 20 times: 10 pairs, each in both orders" in words
    assert told.leaves_to == "judge.example" and "To judge.example go the prompts, both answers." in words
    assert "The key in STUDIO_JUDGE_KEY goes along" in words
    assert told.cost is not None and told.cost[0] == pytest.approx((told.tokens_in * 2 + 20 * 150 * 8) / 1e6)
    assert told.cost[0] < told.cost[1] and told.tokens_in > 20 * 300 and not told.warnings


def test_without_prices_the_cost_is_called_unknown():
    told = announced(Endpoint("https://judge.example/v1", "gpt-large"))
    assert told.cost is None and "What it costs is not known" in " ".join(told.sentences)


def test_an_open_connection_is_called_open_and_no_key_goes_there():
    assert "no key goes along" in " ".join(announced(Endpoint("http://judge.example/v1", "m")).sentences)


def test_a_judge_on_this_machine_is_told_apart_from_one_elsewhere():
    here = announced(Endpoint("http://127.0.0.1:11434/v1", "m"))
    assert here.leaves_to == "" and "a program on this machine (127.0.0.1:11434)" in " ".join(here.sentences)
    local = announced(LocalJudge("starter", "/models/starter"))
    assert local.leaves_to == "" and "Nothing leaves this machine" in " ".join(local.sentences)
    assert any("Small models judge badly" in warning for warning in local.warnings)


@pytest.mark.parametrize(
    ("judge", "base", "is_kin"),
    [
        ("Qwen/Qwen2.5-72B-Instruct", "qwen3-4b", True), ("my-model", "my-model", True),
        ("meta-llama/Llama-3.3-70B", "qwen3-4b", False), ("philharmonic", "graphite-7b", False),
    ],
)  # fmt: skip
def test_a_judge_of_the_models_own_family_is_warned_of(judge: str, base: str, is_kin: bool):
    warnings = announced(Endpoint("https://judge.example/v1", judge), base).warnings
    assert any("favour their own kind" in warning for warning in warnings) == is_kin
