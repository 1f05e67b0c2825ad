"""Picture: the hundred dots of a verdict."""

from typing import Literal

from studio.domain.verdict import Tally

Dot = Literal["tuned", "equal", "base"]
MOST_DOTS = 100


def dots(tally: Tally) -> list[Dot]:
    """One dot per rated prompt, fine-tuned first, then equal, then base; more than 100 are scaled to 100."""
    counts: dict[Dot, int] = {"tuned": tally.tuned, "equal": tally.equal, "base": tally.base}
    if tally.rated > MOST_DOTS:
        counts = _scaled(counts, rated=tally.rated)
    return [kind for kind, count in counts.items() for _ in range(count)]


def _scaled(counts: dict[Dot, int], *, rated: int) -> dict[Dot, int]:
    """Shares of the dots by largest remainder, so that they add up."""
    whole: dict[Dot, int] = {kind: count * MOST_DOTS // rated for kind, count in counts.items()}
    left = MOST_DOTS - sum(whole.values())
    closest = sorted(counts, key=lambda kind: counts[kind] * MOST_DOTS % rated, reverse=True)
    for kind in closest[:left]:
        whole[kind] += 1
    return whole
