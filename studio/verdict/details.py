"""Details: one number per prompt, and how sure its mean is; for one look, at the end."""

from collections import defaultdict
from collections.abc import Sequence

from studio.domain.closing import Details
from studio.domain.verdict import Judged
from studio.verdict.fixed import bootstrap_mean, clustered_error
from studio.verdict.length import SCORES, adjusted


def details(judged: Sequence[Judged]) -> Details:
    """The figures of the end against one opponent, from all ratings, the second ones of a prompt included."""
    by_prompt: dict[str, list[float]] = defaultdict(list)
    for rating in judged:
        by_prompt[rating.prompt_id].append(SCORES[rating.outcome])
    means = [sum(scores) / len(scores) for scores in by_prompt.values()]
    return Details(
        score=sum(means) / len(means) if means else None,
        interval=bootstrap_mean(means),
        error=_error(judged) if len(by_prompt) > 1 else None,
        adjusted=adjusted(judged),
    )


def _error(judged: Sequence[Judged]) -> float:
    return clustered_error([SCORES[rating.outcome] for rating in judged], [rating.prompt_id for rating in judged])
