"""Ruling: one decision from the contests with all opponents and the lights of all gates, with its reasons in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from studio.domain.gate_names import called
from studio.domain.light import Light, Lit
from studio.domain.protocol import Protocol, Rival, bar_sentence
from studio.domain.ruling import Contest, Ruling
from studio.domain.verdict import Decision, Judged
from studio.verdict.agreement import AGREE_FIRST, AGREEMENT, agreement_of_all, agreement_sign
from studio.verdict.blinding import BLIND, BLIND_ANEW
from studio.verdict.caveats import length_caveats
from studio.verdict.decide import decide
from studio.verdict.rule import Obstacle, decision_of, missing_gates, obstacles
from studio.verdict.wording import STANDS, count, listed


def rule(
    judged: Mapping[Rival, Sequence[Judged]],
    *,
    protocol: Protocol,
    skipped: Mapping[Rival, int] | None = None,
    lights: Sequence[Lit] = (),
) -> Ruling:
    """The ruling of a study by its protocol, from the ratings against each opponent in the order they were given.

    Whether raters agree is a light beside those of the gates.
    """
    agreed = agreement_sign(agreement_of_all(judged))
    lights = (*lights, agreed) if agreed else tuple(lights)
    contests = tuple(
        Contest(
            opponent.rival,
            decide(
                judged.get(opponent.rival, ()),
                skipped=(skipped or {}).get(opponent.rival, 0),
                planned=protocol.cap,
                margin=protocol.margin,
                alpha=protocol.alpha,
                opponent=opponent.rival.title,
            ),
        )
        for opponent in sorted(protocol.opponents, key=lambda each: list(Rival).index(each.rival))
    )
    needed = [gate for gate in protocol.gates if gate.get("is_required", True)]
    gates = [str(gate.get("kind", "")) for gate in needed]
    found = obstacles([contest.verdict.decision for contest in contests], lights, gates=gates)
    more, minutes = _more(contests)
    return Ruling(
        decision=decision_of(found),
        sentence=_sentence(found, contests, lights, _missing(lights, needed), outlook=_outlook(more, minutes)),
        reasons=_reasons(contests, lights, protocol),
        contests=contests,
        lights=lights,
        caveats=_caveats(contests),
        more_needed=more,
        minutes_needed=minutes,
        next_step=_next_step(decision_of(found), contests, lights),
    )


def _more(contests: Sequence[Contest]) -> tuple[int | None, int | None]:
    """Ratings and minutes that would settle all open contests; None as soon as one is unlikely to become clear."""
    waiting = [contest.verdict for contest in contests if contest.verdict.decision is Decision.NOT_YET]
    if not waiting or any(verdict.more_needed is None for verdict in waiting):
        return None, None
    more = sum(ceil((v.more_needed or 0) * v.tally.rated / v.tally.decisive) for v in waiting)
    known = [verdict.minutes_needed for verdict in waiting if verdict.minutes_needed is not None]
    return more, sum(known) if len(known) == len(waiting) else None


def _outlook(more: int | None, minutes: int | None) -> str:
    """What it would take to know; nothing where that is unlikely to become clear."""
    if not more:
        return ""
    time = f" ({count(minutes, 'minute')} of rating)" if minutes else ""
    return f" If this keeps up, about {count(more, 'more comparison')}{time} should settle it."


def _sentence(
    found: Sequence[Obstacle],
    contests: Sequence[Contest],
    lights: Sequence[Lit],
    missing: Sequence[str],
    *,
    outlook: str,
) -> str:
    """What decided, in one or two sentences; of obstacles that can go away, only where none is final."""
    if not found:
        gates = ", and every gate that it needs is green" if any(light.is_required for light in lights) else ""
        return f"The fine-tuned model is clearly better than {_names(contests, Decision.SHIP)}{gates}."
    if decision_of(found) is Decision.DONT_SHIP:
        parts = []
        if Obstacle.NOT_BETTER in found:
            parts.append(f"The fine-tuned model is {_not_better(contests)}.")
        if Obstacle.GATE_RED in found:
            parts.append(f"It does not pass: {_titles(lights, Light.RED)}.")
        return " ".join(parts)
    if Obstacle.NO_OPPONENT in found:
        return "Nothing was compared."
    parts = []
    if Obstacle.STILL_OPEN in found:
        parts.append(
            f"It is still open whether the fine-tuned model beats {_names(contests, Decision.NOT_YET)}.{outlook}"
        )
    if Obstacle.GATE_AMBER in found:
        parts += _amber(lights)
    if Obstacle.GATE_MISSING in found:
        parts.append(f"Not measured yet: {listed(missing)}.")
    return " ".join(parts)


def doubts(lights: Sequence[Lit]) -> list[str]:
    """What keeps the votes from being relied on, whatever they say."""
    found = [each.title for each in _unclear(lights) if each.kind in (AGREEMENT, BLIND)]
    return [f"{title[:1].lower()}{title[1:]}" for title in found]


def _unclear(lights: Sequence[Lit]) -> list[Lit]:
    return [each for each in lights if each.is_required and each.light == Light.AMBER]


def _amber(lights: Sequence[Lit]) -> list[str]:
    """What keeps the votes from being relied on, and the gates that show nothing."""
    gates = [f"“{each.title}”" for each in _unclear(lights) if each.kind not in (AGREEMENT, BLIND)]
    found = doubts(lights)
    said = [f"The votes cannot be relied on: {listed(found)}."] if found else []
    return [*said, f"Not shown either way: {listed(gates)}."] if gates else said


def _next_step(decision: Decision, contests: Sequence[Contest], lights: Sequence[Lit]) -> str:
    """What to do about what decided, the first of it where there are several things."""
    deciding = [contest.verdict for contest in contests if contest.verdict.decision is decision]
    if deciding:
        return deciding[0].next_step
    light = Light.RED if decision is Decision.DONT_SHIP else Light.AMBER
    named = [each for each in lights if each.is_required and each.light == light]
    if named and named[0].kind in (AGREEMENT, BLIND):
        return AGREE_FIRST if named[0].kind == AGREEMENT else BLIND_ANEW
    if named and light is Light.AMBER:
        return f"Have a new comparison rated on more prompts, or bring what {_titles(lights, light)} lacks."
    if named:
        return f"Read what {_titles(lights, light)} found, mend the data there and train again."
    missing = "Have measured what is missing; Verdict says how far the gates are."
    return missing if contests else "Make a comparison on Compare."


def _reasons(contests: Sequence[Contest], lights: Sequence[Lit], protocol: Protocol) -> tuple[str, ...]:
    said = [
        f"Against {contest.rival.title}: {STANDS[contest.verdict.decision]} {contest.verdict.sentence}"
        for contest in contests
    ]
    said += [f"{light.title}, {light.light}: {light.sentence}" for light in lights]
    return (*said, bar_sentence(protocol.opening))


def _caveats(contests: Sequence[Contest]) -> tuple[str, ...]:
    """What holds of all contests once, then what holds of some, with their names, and lengths, which differ from one to
    the next, in one sentence."""
    every = [contest.verdict.caveats for contest in contests]
    shared = [caveat for caveat in every[0] if all(caveat in told for told in every)] if every else []
    own = [
        f"Against {contest.rival.title}: {caveat}"
        for contest in contests
        for caveat in contest.verdict.caveats
        if caveat not in shared
    ]
    lengths = {contest.rival.title: contest.verdict.length_ratio for contest in contests}
    return (*shared, *own, *length_caveats(lengths))


def _names(contests: Sequence[Contest], decision: Decision) -> str:
    return listed([contest.rival.title for contest in contests if contest.verdict.decision is decision])


def _not_better(contests: Sequence[Contest]) -> str:
    """Whom it did not beat, apart from whom it lost to, which is more than not winning."""
    lost = [each for each in contests if each.verdict.decision is Decision.DONT_SHIP]
    worse = [each.rival.title for each in lost if each.verdict.is_clearly_worse]
    rest = [each.rival.title for each in lost if not each.verdict.is_clearly_worse]
    told = (("clearly worse than", worse), ("not clearly better than", rest))
    return ", and ".join(f"{how} {listed(names)}" for how, names in told if names)


def _titles(lights: Sequence[Lit], light: Light) -> str:
    return listed([f"“{each.title}”" for each in lights if each.is_required and each.light == light])


def _missing(lights: Sequence[Lit], needed: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the gates that no light was measured for."""
    lit, names = {light.title for light in lights}, []
    for kind, number in Counter(missing_gates(lights, [str(gate.get("kind", "")) for gate in needed])).items():
        every = [gate for gate in needed if gate.get("kind") == kind]
        alike = [called(kind, str(gate.get("field") or gate.get("set", ""))) for gate in every]
        names += [f"“{name}”" for name in alike if name not in lit][:number]
    return names
