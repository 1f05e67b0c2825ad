"""The starter model's text: conversations about a little world, all written by these modules."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from starter_text import everyday, helpdesk, reading, words, writing
from starter_text.grammar import Conversation

SHARES = ((helpdesk, 32), (reading, 28), (words, 22), (everyday, 10), (writing, 8))


def conversations(seed: int) -> Iterator[Conversation]:
    """Endless conversations, always the same ones for the same seed."""
    rng = random.Random(seed)
    facts = everyday.town_facts()
    families: list[tuple[Callable[[random.Random], Conversation], float]] = [(lambda r: everyday.town(r, facts), 4)]
    for module, share in SHARES:
        total = sum(weight for _, weight in module.FAMILIES)
        families += [(family, share * weight / total) for family, weight in module.FAMILIES]
    makers, weights = zip(*families, strict=True)
    while True:
        talk = rng.choices(makers, weights)[0](rng)
        while rng.random() < 0.15:
            talk = talk + rng.choices(makers, weights)[0](rng)
        yield writing.standing(rng, talk) if rng.random() < 0.08 else talk
