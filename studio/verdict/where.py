"""Where: on which topics or labels the fine-tuned model is worse, without claiming what a handful cannot show."""

from collections.abc import Mapping, Sequence

from studio.domain.closing import Place, Standing
from studio.domain.verdict import Judged, Tally
from studio.verdict.decide import count, first_ratings
from studio.verdict.rule import MOST_BOTH_BAD
from studio.verdict.sequential import e_worse
from studio.verdict.wording import count as counted
from studio.verdict.wording import of

FEWEST = 8  # preferences; fewer are shown and never judged
HINT = 0.6  # the share of the other model from which a place is worth a look
ORDER = (Standing.WORSE, Standing.PERHAPS_WORSE, Standing.NOT_WORSE, Standing.TOO_FEW)


def where(
    judged: Sequence[Judged],
    labels: Mapping[str, Sequence[str]],
    *,
    opponent: str = "the base model",
    alpha: float = 0.05,
) -> tuple[Place, ...]:
    """Every topic or label of the rated prompts, the worst first; a prompt may have several, or none.

    "Worse" is said where the evidence for it holds among all m places with 8 preferences or more: if the k-th largest
    is at least m/(k·alpha), at most `alpha` of what is called worse is not, on average (e-BH; Wang and Ramdas, 2022).
    """
    by_label: dict[str, list[Judged]] = {}
    for rating in first_ratings(judged):
        for label in dict.fromkeys(labels.get(rating.prompt_id, ())):
            by_label.setdefault(label, []).append(rating)
    tallies = {label: count(ratings) for label, ratings in by_label.items()}
    evidence = {label: e_worse(tally.tuned, tally.base) for label, tally in tallies.items()}
    enough = {label: held for label, held in evidence.items() if tallies[label].decisive >= FEWEST}
    worse = _discoveries(enough, alpha=alpha)
    places = [
        _place(label, tally, evidence[label], is_worse=label in worse, opponent=opponent)
        for label, tally in tallies.items()
    ]
    return tuple(sorted(places, key=lambda place: (ORDER.index(place.standing), -place.evidence, place.label)))


def _discoveries(evidence: Mapping[str, float], *, alpha: float) -> set[str]:
    ranked = sorted(evidence, key=lambda label: -evidence[label])
    enough = [k for k, label in enumerate(ranked, start=1) if evidence[label] >= len(ranked) / (k * alpha)]
    return set(ranked[: max(enough, default=0)])


def _place(label: str, tally: Tally, evidence: float, *, is_worse: bool, opponent: str) -> Place:
    standing = _standing(tally, is_worse=is_worse)
    return Place(label, tally, evidence, standing, _sentence(label, tally, standing, opponent) + _bad(tally))


def _standing(tally: Tally, *, is_worse: bool) -> Standing:
    if is_worse:
        return Standing.WORSE
    if tally.decisive < FEWEST:
        return Standing.TOO_FEW
    return Standing.PERHAPS_WORSE if tally.base >= HINT * tally.decisive else Standing.NOT_WORSE


def _sentence(label: str, tally: Tally, standing: Standing, opponent: str) -> str:
    preferred = f"people preferred {opponent} in {of(tally.base, tally.decisive)} comparisons with a preference"
    match standing:
        case Standing.WORSE:
            return f"Worse on “{label}”: {preferred}, more than chance explains."
        case Standing.PERHAPS_WORSE:
            return f"Perhaps weaker on “{label}”: {preferred}; so few may be chance."
        case Standing.NOT_WORSE:
            return f"No sign of being worse on “{label}”: {preferred}."
        case Standing.TOO_FEW:
            known = counted(tally.decisive, "comparison") + " with a preference" if tally.decisive else "no preference"
            return f"Too few on “{label}” to say anything: {known}."


def _bad(tally: Tally) -> str:
    if tally.rated < FEWEST or tally.both_bad <= MOST_BOTH_BAD * tally.rated:
        return ""
    return f" Both answers were bad on {of(tally.both_bad, tally.rated)} prompts."
