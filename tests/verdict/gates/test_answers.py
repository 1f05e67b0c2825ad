"""Gates on texts: exact match, labels, pattern, length, and the light that all of them share."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from studio.domain.errors import StudyError
from studio.domain.gate import ExactMatch, Labels, Length, Pattern
from studio.domain.gate_result import Answered
from studio.domain.light import Light
from studio.verdict.gates import exact, labels, length, pattern
from studio.verdict.gates.judging import is_adapter_silent

Row = tuple[str, str | None, str | None]


def answers(*rows: Row) -> list[Answered]:
    """Reference, base and tuned of each prompt."""
    return [Answered(f"p{at}", *row) for at, row in enumerate(rows)]


def passes(base: int, tuned: int, of: int) -> list[Answered]:
    """The first so many answers of each side are right."""
    return answers(*(("yes", "yes" if at < base else "no", "yes" if at < tuned else "no") for at in range(of)))


# The light


@pytest.mark.parametrize(
    ("base", "tuned", "of", "at_least", "light"),
    [
        (5, 38, 40, 0.0, Light.GREEN),
        (5, 38, 40, 0.95, Light.GREEN),
        (5, 37, 40, 0.95, Light.RED),
        (80, 80, 80, 0.0, Light.GREEN),
        (40, 40, 40, 0.0, Light.AMBER),
        (40, 30, 40, 0.0, Light.RED),
        (40, 38, 40, 0.0, Light.AMBER),
    ],
)
def test_the_light_follows_the_frozen_rule(base, tuned, of, at_least, light) -> None:
    found = exact.judge(ExactMatch(at_least=at_least), passes(base, tuned, of))
    assert found.light is light


def test_the_sentence_counts_and_says_what_follows() -> None:
    found = exact.judge(ExactMatch(at_least=0.95), passes(10, 30, 40))
    assert found.sentence == (
        "Of 40 prompts the fine-tuned model passes 30 (75 %), the base model 10 (25 %). At least 95 % was asked for."
    )
    assert (found.better, found.worse, found.same, found.prompts) == (20, 0, 20, 40)
    assert found.holds_back
    assert exact.judge(ExactMatch(), passes(10, 30, 40)).sentence.endswith("It is better, beyond chance.")
    assert "is not ruled out" in exact.judge(ExactMatch(), passes(40, 40, 40)).sentence
    assert "beyond chance" in exact.judge(ExactMatch(), passes(40, 30, 40)).sentence
    assert not exact.judge(ExactMatch(is_required=False), passes(40, 30, 40)).holds_back


@pytest.mark.parametrize("judged_by", ["exact", "accuracy", "macro_f1"])
@pytest.mark.parametrize(("prompts", "light"), [(1, Light.AMBER), (9, Light.AMBER), (10, Light.GREEN)])
def test_no_gate_is_green_on_fewer_prompts_than_ten_and_it_says_why(judged_by: str, prompts: int, light: Light) -> None:
    rows = answers(*((("yes", "no")[at % 2], "no idea", ("yes", "no")[at % 2]) for at in range(prompts)))
    if judged_by == "exact":
        found = exact.judge(ExactMatch(margin=0.5), rows)
    else:
        found = labels.judge(Labels(margin=0.5, judged_by=judged_by), rows)  # pyright: ignore[reportArgumentType]
    assert found.light is light
    assert ("cannot show more: it takes at least 10." in found.sentence) is (light is Light.AMBER)


def test_few_prompts_can_still_be_red() -> None:
    assert exact.judge(ExactMatch(at_least=1), passes(1, 0, 1)).light is Light.RED


def test_what_macro_f1_leaves_out_is_said() -> None:
    gate = Labels(field="team", judged_by="macro_f1")
    rows = answers(*(("team: a", "team: a", "team: a"),) * 12, ("none", "team: a", "team: a"))
    assert "1 prompt could not be judged and is listed." in labels.judge(gate, rows).sentence


def test_an_answer_that_was_never_given_fails_its_side() -> None:
    found = exact.judge(ExactMatch(), answers(("a", "a", None), ("a", None, "a"), ("a", "a", "a")))
    assert (found.better, found.worse) == (1, 1)
    assert {(c.name, c.base, c.tuned) for c in found.classes} == {("equal", 2, 2), ("no answer", 1, 1)}


def test_without_answers_nothing_is_green() -> None:
    found = exact.judge(ExactMatch(), [])
    assert (found.light, found.difference) == (Light.AMBER, None)
    assert found.sentence.startswith("Nothing could be judged.")


def test_two_sides_that_say_the_same_are_noticed() -> None:
    assert is_adapter_silent(answers(("a", "x", "x"), ("b", "y", "y")))
    assert not is_adapter_silent(answers(("a", "x", "x"), ("b", "y", "z")))
    assert not is_adapter_silent(answers(("a", None, None), ("b", None, None)))


# Exact match


@pytest.mark.parametrize(
    ("gate", "answer", "reference", "equal"),
    [
        (ExactMatch(), " a \r\nb\n", "a\nb", True),
        (ExactMatch(), "cafe\u0301", "café", True),
        (ExactMatch(), "Yes", "yes", False),
        (ExactMatch(ignore_case=True), "STRASSE", "straße", True),
        (ExactMatch(), "Yes.", "Yes", False),
        (ExactMatch(ignore_punctuation=True), "“Yes”, it is!", "Yes it is", True),
        (ExactMatch(ignore_punctuation=True), "3.5", "35", False),
        (ExactMatch(as_json=True), '{"b": 1.0, "a": [1, 2]}', '{"a":[1,2],"b":1}', True),
        (ExactMatch(as_json=True), '{"a": true}', '{"a": 1}', False),
        (ExactMatch(as_json=True), '{"a": [2, 1]}', '{"a": [1, 2]}', False),
        (ExactMatch(as_json=True), '{"a": null}', "{}", False),
    ],
)
def test_two_texts_are_equal_after_the_stated_normalisation(gate, answer, reference, equal) -> None:
    assert exact.mark(gate, answer, reference).is_passed is equal


def test_a_reference_that_cannot_be_used_is_listed_and_counts_for_neither() -> None:
    found = exact.judge(ExactMatch(as_json=True), answers(("{}", "{}", "{}"), ("no", "{}", "{}"), (" ", "{}", "{}")))
    assert found.prompts == 1
    assert [each.prompt_id for each in found.unjudged] == ["p1", "p2"]
    assert "2 prompts could not be judged and are listed." in found.sentence


# Labels


def test_labels_are_read_from_their_line_and_compared_without_capitals() -> None:
    gate = Labels(field="category")
    rows = answers(
        ("category: billing\nteam: a", "Category:  Billing.\nteam: b", "category: account"),
        ("category: account\nteam: a", "It is about an account.", "category: account"),
        ("category: billing", "category: refunds", "category: billing\ncategory: account"),
        ("team: a", "category: billing", "category: billing"),
    )
    found = labels.judge(gate, rows)
    assert {(c.name, c.base, c.tuned) for c in found.classes} == {
        ("right", 1, 1), ("wrong", 0, 1), ("unparsed", 2, 1),
    }  # fmt: skip
    assert [each.prompt_id for each in found.unjudged] == ["p3"]


def test_only_the_given_labels_are_labels() -> None:
    gate = Labels(labels=("yes", "no"))
    assert labels.label_of(gate, " YES. ", labels.known_labels(gate, [])) == "yes"
    assert labels.label_of(gate, "maybe", labels.known_labels(gate, [])) is None
    assert labels.label_of(gate, "yes, no", labels.known_labels(gate, [])) is None
    strict = Labels(labels=("yes",), ignore_case=False)
    assert labels.label_of(strict, "Yes", labels.known_labels(strict, [])) is None


def drawn(n: int) -> list[Answered]:
    rng = np.random.default_rng(3)
    names = np.array(["a", "b", "c", "?"])
    truth = rng.choice(3, n, p=[0.7, 0.2, 0.1])
    sides = [np.where(rng.random(n) < right, truth, rng.integers(0, 4, n)) for right in (0.5, 0.8)]
    return answers(*zip(*(names[codes].tolist() for codes in (truth, *sides)), strict=True))


def test_macro_f1_is_that_of_scikit_learn_with_unparsed_as_wrong() -> None:
    rows = drawn(200)
    found = labels.judge(Labels(judged_by="macro_f1"), rows)
    truth = [each.reference for each in rows]
    for value, side in ((found.difference.base, "base"), (found.difference.tuned, "tuned")):
        said = [getattr(each, side) for each in rows]
        assert value == pytest.approx(f1_score(truth, said, labels=["a", "b", "c"], average="macro"))
    assert found.difference.interval.low < found.difference.value < found.difference.interval.high
    assert found.light is Light.GREEN
    assert found.sentence.startswith("Macro-F1 is 0.")


def test_the_same_labels_on_a_few_prompts_are_no_proof_by_macro_f1_either() -> None:
    rows = answers(*((label, label, label) for label in "ab" * 6))
    found = labels.judge(Labels(judged_by="macro_f1"), rows)
    assert (found.difference.value, found.light) == (0.0, Light.AMBER)
    assert found.difference.interval.low == pytest.approx(-0.2425, abs=5e-4)


def test_every_label_has_a_line_in_the_table_and_answers_without_one_the_last() -> None:
    (table,) = labels.judge(Labels(), answers(("a", "a", "a"), ("a", "b", "a"), ("b", "?", "b"))).tables
    assert table.rows == (
        ("a", "2", "1", "2", "0.67", "1.00"),
        ("b", "1", "0", "1", "0.00", "1.00"),
        ("none of these: 1 answer of the base model, 0 of the fine-tuned one", "", "", "", "", ""),
    )


# Pattern


def test_a_pattern_is_matched_as_a_whole_or_anywhere() -> None:
    whole, part = Pattern(pattern=r"\d{4}"), Pattern(pattern="ok", whole=False, ignore_case=True)
    assert pattern.mark(whole, pattern.compile_pattern(whole), " 1234\n").is_passed
    assert not pattern.mark(whole, pattern.compile_pattern(whole), "12345").is_passed
    assert pattern.mark(part, pattern.compile_pattern(part), "it is OK so far").is_passed


def test_a_pattern_that_would_never_end_is_stopped() -> None:
    gate = Pattern(pattern=r"(a|aa)+$")
    found = pattern.mark(gate, pattern.compile_pattern(gate), "a" * 100 + "b")
    assert (found.score, found.found) == (0.0, "too slow")


def test_what_is_no_pattern_is_told_before_anything_is_judged() -> None:
    with pytest.raises(StudyError, match=r"Regular expression: missing \)") as caught:
        pattern.judge(Pattern(pattern="(a"), [])
    assert caught.value.field == "pattern"


# Length


@pytest.mark.parametrize(
    ("gate", "answer", "found"),
    [
        (Length(), "one two three", "fits"),
        (Length(), "one", "too short"),
        (Length(), "word " * 13, "too long"),
        (Length(shortest=4, times_reference=None), "one two three", "too short"),
        (Length(longest=8, unit="characters", times_reference=None), "one two three", "too long"),
    ],
)
def test_length_is_held_to_bounds_and_to_the_reference(gate: Length, answer: str, found: str) -> None:
    assert length.mark(gate, answer, "six words are in this one").found == found


def test_the_middle_lengths_are_shown_beside_the_light() -> None:
    found = length.judge(Length(), answers(("a b c d", "a", "a b c"), ("a b", "a b c d e", "a b"), (" ", "a", "a")))
    assert found.tables[0].rows == (("3", "3", "2.5"),)
    assert [each.prompt_id for each in found.unjudged] == ["p2"]
