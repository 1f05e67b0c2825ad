"""The decision over all opponents and gates: its table of cases, its words, and overriding it."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from studio.domain.closing import Guess
from studio.domain.errors import StudyError
from studio.domain.light import Light, Sign
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival
from studio.domain.ruling import overridden
from studio.domain.verdict import Decision, Judged, Outcome
from studio.verdict.blinding import blinding, blinding_sign
from studio.verdict.rule import Obstacle, decision_of, missing_gates, obstacles
from studio.verdict.ruling import rule

WORDS: dict[str, Outcome] = {"+": "tuned", "-": "base", "=": "tie", "x": "both_bad"}
S, D, N = Decision.SHIP, Decision.DONT_SHIP, Decision.NOT_YET
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)


def sign(kind: str, light: Light, *, required: bool = True) -> Sign:
    return Sign(kind, kind.capitalize(), light, f"What {kind} says.", required)


GREEN, AMBER, RED = (sign("speed", light) for light in Light)
TOLD_APART = blinding_sign(blinding([Guess.CORRECT] * 12))
SHOWN_RED, SHOWN_AMBER = (sign("speed", light, required=False) for light in (Light.RED, Light.AMBER))


@pytest.mark.parametrize(
    ("contests", "lights", "gates", "decision", "because"),
    [
        # contests alone: clearly better than every one of them, or it does not ship
        ([S], [], [], S, []),
        ([S, S, S], [], [], S, []),
        ([S, S, D], [], [], D, [Obstacle.NOT_BETTER]),
        ([S, S, N], [], [], N, [Obstacle.STILL_OPEN]),
        ([D, D, D], [], [], D, [Obstacle.NOT_BETTER]),
        ([D, N, S], [], [], D, [Obstacle.NOT_BETTER, Obstacle.STILL_OPEN]),
        ([N, N, N], [], [], N, [Obstacle.STILL_OPEN]),
        ([], [], [], N, [Obstacle.NO_OPPONENT]),
        # gates: each that is required has to be green
        ([S], [GREEN], ["speed"], S, []),
        ([S], [RED], ["speed"], D, [Obstacle.GATE_RED]),
        ([S], [AMBER], ["speed"], N, [Obstacle.GATE_AMBER]),
        ([S], [], ["speed"], N, [Obstacle.GATE_MISSING]),
        ([S], [GREEN, sign("json", Light.RED)], ["speed", "json"], D, [Obstacle.GATE_RED]),
        ([S], [GREEN, sign("json", Light.AMBER)], ["speed", "json"], N, [Obstacle.GATE_AMBER]),
        ([S], [GREEN], ["speed", "speed"], N, [Obstacle.GATE_MISSING]),
        # gates that are only shown decide nothing
        ([S], [SHOWN_RED], [], S, []),
        ([S], [SHOWN_AMBER], [], S, []),
        ([S], [SHOWN_AMBER], ["speed"], N, [Obstacle.GATE_MISSING]),
        # a gate that the protocol does not name holds back all the same, as the blind does
        ([S], [sign("blind", Light.RED)], [], D, [Obstacle.GATE_RED]),
        # raters who disagree about the same pairs: nothing ships, and nothing else changes
        ([S], [sign("agreement", Light.AMBER)], [], N, [Obstacle.GATE_AMBER]),
        ([D], [sign("agreement", Light.AMBER)], [], D, [Obstacle.NOT_BETTER, Obstacle.GATE_AMBER]),
        ([N], [sign("agreement", Light.AMBER)], [], N, [Obstacle.STILL_OPEN, Obstacle.GATE_AMBER]),
        # a red gate ends a study that is still open; a green one ships nothing by itself
        ([N], [RED], ["speed"], D, [Obstacle.GATE_RED, Obstacle.STILL_OPEN]),
        ([N], [GREEN], ["speed"], N, [Obstacle.STILL_OPEN]),
        ([D], [GREEN], ["speed"], D, [Obstacle.NOT_BETTER]),
        ([D], [RED], ["speed"], D, [Obstacle.NOT_BETTER, Obstacle.GATE_RED]),
        ([N], [AMBER], ["speed", "json"], N, [Obstacle.STILL_OPEN, Obstacle.GATE_AMBER, Obstacle.GATE_MISSING]),
    ],
)  # fmt: skip
def test_the_table_of_decisions(contests, lights, gates, decision: Decision, because: Sequence[Obstacle]) -> None:
    found = obstacles(contests, lights, gates=gates)
    assert (decision_of(found), list(found)) == (decision, because)


def test_a_kind_that_is_named_twice_needs_two_lights() -> None:
    assert missing_gates([GREEN], ["speed", "prompts", "prompts"]) == ("prompts", "prompts")


def protocol(*rivals: Rival, gates: Sequence[str] = (), **changes) -> Protocol:
    opponents = tuple(Opponent(rival, instructions="Be brief.", examples=("row",)) for rival in rivals)
    return Protocol(
        candidate=Candidate("starter", "ab" * 32),
        opponents=opponents,
        prompts=tuple(Asked(f"prompt {n}") for n in range(100)),
        criterion="Which answer is better?",
        cap=100,
        gates=tuple({"kind": kind} for kind in gates),
        **changes,
    )


def ratings(plus: int, minus: int, *, equal: int = 0, seconds: float | None = 20) -> list[Judged]:
    signs = list("+" * plus + "-" * minus + "=" * equal)
    random.Random(1).shuffle(signs)
    return [
        Judged(f"prompt {n}", f"rater {n % 2}", WORDS[said], "left" if n % 4 in (0, 3) else "right", seconds)
        for n, said in enumerate(signs)
    ]


ALL = (Rival.BASE, Rival.PROMPT, Rival.FEW_SHOT)
CLEAR, OPEN, LOST = ratings(70, 18, equal=12), ratings(14, 6, equal=4), ratings(52, 48)


def test_a_model_that_is_clearly_better_than_all_ships() -> None:
    found = rule(dict.fromkeys(ALL, CLEAR), protocol=protocol(*ALL, gates=["speed"]), lights=[GREEN])
    assert (found.decision, found.headline) == (S, "Ship it.")
    assert found.sentence == (
        "The fine-tuned model is clearly better than the base model, the base model with its best prompt and the base "
        "model with examples in its prompt, and every gate that it needs is green."
    )
    assert found.reasons[1].startswith("Against the base model with its best prompt: Clearly better. Two people who")
    assert found.reasons[-2:] == (
        "Speed, green: What speed says.",
        "These prompts are opened for the first time: the evidence must reach 40 to 1.",
    )


def test_a_model_that_a_good_prompt_matches_does_not_ship() -> None:
    judged = {Rival.BASE: CLEAR, Rival.PROMPT: LOST, Rival.FEW_SHOT: CLEAR}
    found = rule(judged, protocol=protocol(*ALL), lights=[])
    assert found.decision is D
    assert found.sentence == "The fine-tuned model is not clearly better than the base model with its best prompt."
    assert found.more_needed is None


def test_what_is_open_is_named_with_the_ratings_and_minutes_that_it_takes() -> None:
    judged = {Rival.BASE: OPEN, Rival.PROMPT: OPEN, Rival.FEW_SHOT: CLEAR}
    found = rule(judged, protocol=protocol(*ALL, gates=["speed", "json"]), lights=[AMBER])
    assert found.decision is N
    assert found.sentence == (
        "It is still open whether the fine-tuned model beats the base model and the base model with its best prompt. "
        "If this keeps up, about 140 more comparisons (48 minutes of rating) should settle it. "
        "Not shown either way: “Speed”. Not measured yet: “Valid JSON”."
    )
    (base, prompt, _) = (contest.verdict for contest in found.contests)
    assert base.more_needed and found.more_needed == 2 * -(-base.more_needed * 24 // 20)
    assert found.minutes_needed == (base.minutes_needed or 0) + (prompt.minutes_needed or 0)


def test_no_minutes_are_promised_where_a_contest_is_unlikely_to_become_clear_or_its_pace_is_unknown() -> None:
    unclear = rule({Rival.BASE: ratings(10, 10), Rival.PROMPT: OPEN}, protocol=protocol(*ALL[:2]))
    assert (unclear.more_needed, unclear.minutes_needed) == (None, None)
    silent = rule({Rival.BASE: ratings(14, 6, seconds=None)}, protocol=protocol(Rival.BASE))
    assert silent.more_needed and silent.minutes_needed is None


def test_a_red_gate_and_a_lost_contest_are_both_named() -> None:
    found = rule({Rival.BASE: LOST}, protocol=protocol(Rival.BASE, gates=["speed"]), lights=[RED])
    assert (
        found.sentence == "The fine-tuned model is not clearly better than the base model. It does not pass: “Speed”."
    )


def test_whom_it_lost_to_is_told_apart_from_whom_it_did_not_beat() -> None:
    judged = {Rival.BASE: ratings(3, 20), Rival.PROMPT: LOST}
    assert rule(judged, protocol=protocol(*ALL[:2])).sentence == (
        "The fine-tuned model is clearly worse than the base model, and not clearly better than the base model with its "
        "best prompt."
    )


def test_a_gate_that_is_only_shown_need_not_be_measured() -> None:
    shown = replace(protocol(Rival.BASE), gates=({"kind": "tasks", "is_required": False},))
    assert rule({Rival.BASE: CLEAR}, protocol=shown).decision is S


def test_an_opponent_that_was_never_rated_is_open() -> None:
    found = rule({Rival.BASE: CLEAR}, protocol=protocol(Rival.BASE, Rival.PROMPT))
    assert (found.decision, found.contests[1].verdict.decision) == (N, N)


def test_the_second_opening_of_the_prompts_asks_for_more_and_says_so() -> None:
    judged = {Rival.BASE: ratings(20, 5)}
    first, second = (rule(judged, protocol=protocol(Rival.BASE, opening=opening)) for opening in (1, 2))
    assert (first.decision, second.decision) == (S, N)
    assert "opened for the 2nd time" in second.reasons[-1] and "80 to 1 instead of 40 to 1" in second.reasons[-1]
    assert "97.5 % sure" in first.reasons[0]


def test_a_lost_contest_names_the_opponent_that_people_preferred() -> None:
    found = rule({Rival.PROMPT: ratings(3, 20)}, protocol=protocol(Rival.PROMPT))
    assert "preferred the base model with its best prompt in 20 of 23 comparisons" in found.reasons[0]
    assert "the base model with its best prompt won" in found.contests[0].verdict.next_step


def twice(said: Sequence[Judged], *, agreeing: int, shared: int) -> list[Judged]:
    """The ratings, and second ones by somebody else, of which `agreeing` say the same and the others the contrary."""
    contrary: dict[Outcome, Outcome] = {"tuned": "base", "base": "tuned", "tie": "tuned", "both_bad": "tuned"}
    again = [
        replace(each, rater="second", outcome=each.outcome if place < agreeing else contrary[each.outcome])
        for place, each in enumerate(said[:shared])
    ]
    return [*said, *again]


def test_a_model_does_not_ship_while_its_raters_agree_no_more_than_by_chance() -> None:
    ask = protocol(Rival.BASE)
    apart = rule({Rival.BASE: twice(CLEAR, agreeing=9, shared=24)}, protocol=ask)
    assert (apart.decision, apart.contests[0].verdict.decision) == (N, S)
    assert apart.sentence == "The votes cannot be relied on: raters hardly agree."
    doubted = rule({Rival.BASE: twice(CLEAR, agreeing=9, shared=24)}, protocol=ask, lights=[TOLD_APART, AMBER])
    assert doubted.sentence == (
        "The votes cannot be relied on: the blind did not hold and raters hardly agree. Not shown either way: “Speed”."
    )
    assert apart.lights[0].sentence == (
        "Raters said the same of 9 of 24 pairs that more than one of them judged, little more than chance gives. "
        "Agree on what makes an answer better, write it into the rubric, and have a new comparison rated."
    )
    assert apart.next_step in apart.lights[0].sentence
    together = rule({Rival.BASE: twice(CLEAR, agreeing=23, shared=24)}, protocol=ask)
    assert (together.decision, together.lights[0].light, together.lights[0].is_required) == (S, "green", False)
    assert rule({Rival.BASE: twice(CLEAR, agreeing=0, shared=9)}, protocol=ask).lights == ()


def test_a_clear_win_is_no_disagreement_though_alpha_is_near_zero() -> None:
    said = twice(ratings(40, 0), agreeing=9, shared=10)
    found = rule({Rival.BASE: said}, protocol=protocol(Rival.BASE))
    agreed = found.contests[0].verdict.agreement
    assert agreed and agreed.alpha is not None and agreed.alpha < 0.2
    assert (found.decision, found.lights[0].light) == (S, "green")


def test_agreement_is_counted_by_pair_over_all_opponents() -> None:
    said = twice(CLEAR, agreeing=8, shared=8)
    found = rule({Rival.BASE: said, Rival.PROMPT: said}, protocol=protocol(*ALL[:2]))
    assert found.lights[0].sentence.startswith("Raters said the same of 16 of 16 pairs")


@pytest.mark.parametrize(
    ("judged", "lights", "words"),
    [
        (CLEAR, [GREEN], "Take it to Deliver"),
        (LOST, [GREEN], "Read below where it lost"),
        (OPEN, [GREEN], "Make another comparison"),
        (CLEAR, [RED], "Read what “Speed” found"),
        (CLEAR, [], "Have measured what is missing"),
        (CLEAR, [AMBER], "on more prompts, or bring what “Speed” lacks"),
        (CLEAR, [GREEN, blinding_sign(blinding([Guess.CORRECT] * 20))], "Mask the words that gave it away"),
    ],
)
def test_every_ruling_says_what_to_do_next(judged, lights, words: str) -> None:
    assert words in rule({Rival.BASE: judged}, protocol=protocol(Rival.BASE, gates=["speed"]), lights=lights).next_step


def test_caveats_of_every_contest_are_said_once() -> None:
    alone = {
        rival: [replace(each, rater="ann") for each in said] for rival, said in zip(ALL, (CLEAR, OPEN), strict=False)
    }
    found = rule(alone, protocol=protocol(*ALL[:2]))
    assert found.caveats[0] == "Only one person rated; a second one would show whether others agree."
    assert found.caveats[1].startswith("Against the base model with its best prompt: The rated sample is small")
    assert len(found.caveats) == 2


def test_longer_answers_are_said_once_for_all_opponents() -> None:
    def long(tuned: int, other: int) -> list[Judged]:
        return [replace(each, tuned_chars=tuned, base_chars=other) for each in CLEAR]

    said = dict(zip(ALL, (long(100, 180), long(100, 250), long(300, 100)), strict=True))
    found = rule(said, protocol=protocol(*ALL))
    assert [caveat for caveat in found.caveats if "as long as" in caveat] == [
        "Fine-tuned answers are usually 3.0 times as long as those of the base model with examples in its prompt; it may "
        "have swayed people.",
        "Answers of the base model and the base model with its best prompt are usually 1.8 to 2.5 times as long as "
        "fine-tuned ones; it may have swayed people.",
    ]


def test_what_somebody_decided_can_be_taken_back() -> None:
    ruling = rule({Rival.BASE: LOST}, protocol=protocol(Rival.BASE))
    given = {"reason": "I pressed the wrong button.", "by": "ann", "at": NOW}
    with pytest.raises(StudyError, match="says already"):
        overridden(ruling, decision=D, **given)
    back = overridden(overridden(ruling, decision=S, **given), decision=D, **given)
    assert back.stands is D


def test_of_several_gates_on_labels_those_not_measured_are_told_apart() -> None:
    asked = replace(
        protocol(Rival.BASE), gates=tuple({"kind": "labels", "field": field} for field in ("team", "priority", "topic"))
    )
    lit = replace(sign("labels", Light.GREEN), title="Right label: priority")
    found = rule({Rival.BASE: CLEAR}, protocol=asked, lights=[lit])
    assert found.sentence == "Not measured yet: “Right label: team” and “Right label: topic”."


def test_an_override_shows_its_reason_and_leaves_the_figures_alone() -> None:
    ruling = rule({Rival.BASE: LOST}, protocol=protocol(Rival.BASE))
    changed = overridden(ruling, decision=S, reason=" It is for an internal trial only. ", by="ann", at=NOW)
    assert (changed.decision, changed.stands, ruling.stands) == (D, S, D)
    assert changed.override_sentence == (
        "ann decided otherwise on 26 November 2026: “Ship it.” instead of “Don't ship it.” "
        "Reason given: It is for an internal trial only."
    )
    assert ruling.what_next == ruling.next_step
    assert changed.what_next == "Take it to Deliver, and keep the report with it."
    assert replace(changed, override=None) == ruling and ruling.override_sentence == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"decision": S, "reason": " ok ", "by": "ann"}, "reason"),
        ({"decision": S, "reason": "It is for a trial only.", "by": " "}, "by"),
        ({"decision": D, "reason": "It is for a trial only.", "by": "ann"}, "decision"),
    ],
)
def test_an_override_without_a_reason_a_name_or_a_difference_is_refused(given, field: str) -> None:
    ruling = rule({Rival.BASE: LOST}, protocol=protocol(Rival.BASE))
    with pytest.raises(StudyError) as refused:
        overridden(ruling, **given, at=NOW)
    assert refused.value.field == field and refused.value.fix
