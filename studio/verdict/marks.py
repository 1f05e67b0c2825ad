"""Marks: what raters gave both models for accuracy, tone and format; told, and never part of the decision."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from studio.domain.closing import Mark, Marked
from studio.verdict.fixed import bootstrap_mean

ENOUGH = 10  # prompts; below, resampling them says nothing


def marked(given: Sequence[Mark]) -> tuple[Marked, ...]:
    """Each criterion that anybody marked, in the order of the first; several marks of a prompt are their mean."""
    by_criterion: dict[str, dict[str, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for mark in given:
        by_criterion[mark.criterion][mark.prompt_id].append(mark)
    return tuple(_marked(criterion, list(prompts.values())) for criterion, prompts in by_criterion.items())


def _marked(criterion: str, prompts: Sequence[Sequence[Mark]]) -> Marked:
    tuned = [fmean(mark.tuned for mark in said) for said in prompts]
    other = [fmean(mark.other for mark in said) for said in prompts]
    apart = [mine - theirs for mine, theirs in zip(tuned, other, strict=True)]
    interval = bootstrap_mean(apart) if len(apart) >= ENOUGH else None
    return Marked(criterion, len(prompts), fmean(tuned), fmean(other), interval)
