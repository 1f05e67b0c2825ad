"""The starter model's text: conversations about a little world, all written by these modules."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

from starter_text import everyday, helpdesk, reading, words, writing
from starter_text.grammar import Conversation

# Copying first: a model that has learnt to copy learns the rest faster, and it learns to copy late when it is left to chance.
COPYING = (
    words.repeat,
    words.repeat,
    words.framed_copy,
    words.lists,
    words.fill_in,
    words.replace,
    reading.notes,
    helpdesk.fact_lines,
)
COPYING_TALKS, COPYING_SHARE = 15_000, 0.6
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
    for number in itertools.count():
        if number < COPYING_TALKS and rng.random() < COPYING_SHARE:
            yield rng.choice(COPYING)(rng)
            continue
        talk = rng.choices(makers, weights)[0](rng)
        while rng.random() < 0.15:
            talk = talk + rng.choices(makers, weights)[0](rng)
        yield writing.standing(rng, talk) if rng.random() < 0.08 else talk
