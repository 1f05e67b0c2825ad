"""Topics: what the rows of a dataset are about, as far as their words tell."""

from dataclasses import dataclass

NO_TOPIC = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """Rows that share words which others lack; its most telling words are its name."""

    words: tuple[str, ...]
    rows: int

    @property
    def name(self) -> str:
        return " · ".join(self.words)


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics, the most rows first, and the number of each row's own (NO_TOPIC where none fits).

    Without a topic, `sentence` says why none was found; with some, what they are.
    """

    topics: tuple[Topic, ...]
    of: tuple[int, ...]
    sentence: str
