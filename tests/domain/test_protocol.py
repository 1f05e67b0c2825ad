"""The protocol: what is fixed before the first rating, and how the bar of evidence rises."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from studio.domain.errors import StudyError
from studio.domain.protocol import (
    ALPHA,
    Asked,
    Candidate,
    Opening,
    Opponent,
    Protocol,
    Rival,
    Source,
    alpha_at,
    bar_at,
    bar_sentence,
    frozen,
    most_evidence,
    objections,
    opening_number,
    protocol_from,
    warnings,
)
from studio.domain.sampling import Sampling

OPPONENTS = (
    Opponent(Rival.BASE),
    Opponent(Rival.PROMPT, instructions="Answer briefly."),
    Opponent(Rival.FEW_SHOT, examples=("row a", "row b")),
)
SPEED = {"kind": "speed", "most_worse": 0.25, "is_required": True}
TASKS = {"kind": "tasks", "tasks": ["arc_easy"], "margin": 0.05}
GOOD = Protocol(
    candidate=Candidate("starter", "ab" * 32),
    opponents=OPPONENTS,
    prompts=tuple(Asked(f"prompt {number}") for number in range(40)),
    criterion="Which answer is better?",
    rubric="A better answer is true, whole and short.",
    cap=40,
    gates=(SPEED, TASKS),
)


def test_a_protocol_is_frozen_with_the_fingerprint_that_it_has_everywhere() -> None:
    assert frozen(GOOD) is GOOD
    assert GOOD.fingerprint == "13794531e9c3e15d33aadadef345f9bed003019c938d51e73606bf83131a311e"
    assert json.loads(GOOD.canonical)["format"] == 3


@pytest.mark.parametrize(
    ("format", "fingerprint"),
    [
        (1, "a694243fc381b1838ae1b466402829c2eabe120d27b893e330bf152dbecf2c79"),
        (2, "dd9ed205d06056e3e5242f502ad3f792ac860fa22e38130c37af27a8c4ae029e"),
    ],
)
def test_the_fingerprint_of_an_earlier_format_is_still_that_of_what_was_kept(format: int, fingerprint: str) -> None:
    later = ("references", "shipped", *(("masked",) if format < 2 else ()))
    kept = {name: held for name, held in json.loads(GOOD.canonical).items() if name not in later} | {"format": format}
    del kept["candidate"]["base"]
    assert protocol_from(kept).fingerprint == fingerprint
    assert json.loads(protocol_from(kept).canonical) == kept


def test_a_protocol_that_was_kept_is_read_as_it_was_also_without_what_came_later() -> None:
    masking = replace(GOOD, masked=("Qwen", "Alibaba"))
    assert protocol_from(json.loads(masking.canonical)).fingerprint == masking.fingerprint
    earlier = {name: held for name, held in json.loads(GOOD.canonical).items() if name != "masked"} | {"format": 1}
    assert protocol_from(earlier).masked == ()


@pytest.mark.parametrize(
    "change",
    [
        {"candidate": Candidate("starter", "cd" * 32)},
        {"candidate": Candidate("starter", "ab" * 32, instructions="Be kind.")},
        {"candidate": Candidate("starter", "ab" * 32, base="cd" * 32)},
        {"references": "ef" * 32},
        {"shipped": (("general", "ab" * 32),)},
        {"opponents": OPPONENTS[:2]},
        {"opponents": (*OPPONENTS[:2], Opponent(Rival.FEW_SHOT, examples=("row b", "row a")))},
        {"prompts": GOOD.prompts[:-1]},
        {"prompts": (*GOOD.prompts[:-1], Asked("prompt 39", Source.OWN))},
        {"criterion": "Which answer is kinder?"},
        {"rubric": ""},
        {"sampling": Sampling(seed=8)},
        {"cap": 39},
        {"margin": 0.1},
        {"gates": (SPEED,)},
        {"gates": ({**SPEED, "most_worse": 0.3}, TASKS)},
        {"twice": 0.5},
        {"identical": 5},
        {"opening": 2},
        {"masked": ("Qwen",)},
    ],
)  # fmt: skip
def test_every_choice_is_in_the_fingerprint(change) -> None:
    assert replace(GOOD, **change).fingerprint != GOOD.fingerprint


@pytest.mark.parametrize(
    "same",
    [
        {"prompts": GOOD.prompts[::-1]},
        {"opponents": OPPONENTS[::-1]},
        {"gates": (dict(reversed(TASKS.items())), SPEED)},
        {"sampling": Sampling(temperature=0, top_p=1)},
        {"masked": ()},
    ],
)
def test_the_way_in_which_choices_were_put_in_is_not_in_the_fingerprint(same) -> None:
    assert replace(GOOD, **same).fingerprint == GOOD.fingerprint


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"prompts": ()}, "prompts", "nothing to ask"),
        ({"prompts": (*GOOD.prompts, GOOD.prompts[0])}, "prompts", "in the study twice"),
        ({"cap": 41}, "cap", "from 1 to 40 prompts, not 41"),
        ({"cap": 0}, "cap", "not 0"),
        ({"cap": 1, "prompts": (Asked("a", Source.OWN), Asked("b", Source.OWN))}, "cap", "no place for 2"),
        ({"opponents": ()}, "opponents", "nothing to compare with"),
        ({"opponents": (OPPONENTS[0], OPPONENTS[0])}, "opponents", "there twice"),
        ({"opponents": (Opponent(Rival.PROMPT, instructions=" "),)}, "opponents", "best prompt is empty"),
        ({"opponents": (Opponent(Rival.FEW_SHOT),)}, "opponents", "No example"),
        ({"candidate": Candidate("starter", "")}, "candidate", "no fine-tuned model"),
        ({"criterion": " \n"}, "criterion", "what makes an answer better"),
        ({"rubric": "x" * 20_001}, "rubric", "too long"),
        ({"sampling": Sampling(max_new_tokens=0)}, "sampling", "cannot be written"),
        ({"sampling": Sampling(max_new_tokens=4097)}, "sampling", "cannot be written"),
        ({"sampling": Sampling(temperature=float("nan"))}, "sampling", "cannot be written"),
        ({"margin": 0.5}, "margin", "cannot be reached"),
        ({"margin": -0.1}, "margin", "cannot be reached"),
        ({"twice": 1.1}, "twice", "between 0 and 1"),
        ({"identical": 11}, "identical", "decide nothing"),
        ({"masked": ("Qwen", " ")}, "masked", "be masked"),
        ({"masked": ("x" * 65,)}, "masked", "be masked"),
        ({"masked": tuple(map(str, range(21)))}, "masked", "be masked"),
        ({"opening": 0}, "opening", "counted from 1"),
        ({"opening": 40}, "prompts", "opened so often"),
    ],
)
def test_a_study_that_cannot_be_held_is_refused_with_the_field_and_the_fix(change, field: str, says: str) -> None:
    with pytest.raises(StudyError) as refused:
        frozen(replace(GOOD, **change))
    assert refused.value.field == field and says in refused.value.message and refused.value.fix


def test_all_objections_are_told_at_once() -> None:
    found = [each.field for each in objections(replace(GOOD, prompts=(), margin=0.9, opponents=()))]
    assert found == ["prompts", "opponents", "margin"]
    assert list(objections(GOOD)) == []


def test_what_weakens_a_study_is_said_before_it_is_frozen() -> None:
    assert warnings(GOOD) == ()
    own = (*GOOD.prompts[:9], Asked("mine", Source.OWN))
    said = warnings(replace(GOOD, prompts=own, cap=10, opponents=OPPONENTS[:1], opening=2))
    assert [each.split(":")[0].split(",")[0] for each in said] == [
        "A comparison on fewer than 20 prompts cannot end in “Ship it.”; add prompts.",
        "Not compared with the base model with its best prompt and the base model with examples in its prompt",
        "1 of 10 prompts are somebody's own",
        "Of sealed test rows a verdict needs 20",
        "These prompts are opened for the 2nd time",
    ]


def test_how_many_sealed_prompts_remain_beside_own_ones_is_said_with_what_to_do() -> None:
    own = tuple(Asked(f"mine {number}", Source.OWN) for number in range(12))
    few = warnings(replace(GOOD, prompts=(*own, *GOOD.prompts[:18]), cap=30))
    assert "12 of 30 prompts are somebody's own" in few[0] and "18 sealed ones remain" in few[0]
    assert "needs 20, and only 18 are judged: ask 32 prompts in all" in few[1]
    enough = warnings(replace(GOOD, prompts=(*own, *GOOD.prompts), cap=32))
    assert len(enough) == 1 and "20 sealed ones remain" in enough[0]


def test_the_bar_doubles_with_each_opening_and_all_shares_together_stay_below_one_in_twenty() -> None:
    assert [bar_at(opening) for opening in (1, 2, 3, 4)] == pytest.approx([40, 80, 160, 320])
    assert sum(Fraction(alpha_at(opening)) for opening in range(1, 40)) < Fraction(ALPHA)
    assert (GOOD.bar, replace(GOOD, opening=3).bar) == pytest.approx((40, 160))


def test_the_bar_is_told_in_words() -> None:
    assert bar_sentence(1) == "These prompts are opened for the first time: the evidence must reach 40 to 1."
    assert "for the 3rd time" in bar_sentence(3) and "must reach 160 to 1 instead of 40 to 1" in bar_sentence(3)
    assert "11th" in bar_sentence(11) and "22nd" in bar_sentence(22) and "101st" in bar_sentence(101)


def test_every_win_is_the_most_evidence_that_a_study_can_give() -> None:
    assert most_evidence(7) == pytest.approx(31.875)
    assert most_evidence(5000) > 1e250


def test_each_study_on_any_of_the_prompts_is_an_opening_and_fresh_prompts_begin_anew() -> None:
    earlier = [
        Opening("one", frozenset({"a", "b"})), Opening("two", frozenset({"b", "c"})), Opening("two", frozenset({"b"})),
    ]  # fmt: skip
    assert opening_number([], ["a"]) == 1
    assert opening_number(earlier, ["a"]) == 2
    assert opening_number(earlier, ["b", "x"]) == 3
    assert opening_number(earlier, ["x", "y"]) == 1
