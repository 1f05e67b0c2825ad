"""Fields: what rows hold beside their texts, and the labels that their answers give."""

from dataclasses import dataclass

# How a field is named wherever rows are dealt by it: one of the source, or a label in the answer.
SOURCE, ANSWER = "field:", "answer:"
MOST_LABELS = 50
LEAST_USES = 5  # rows for each value on average; with fewer, they are no labels
_THREADS = "conversation conv thread session dialog dialogue chat ticket".split()
CONVERSATIONS = frozenset(f"{name}{end}" for name in _THREADS for end in ("", "id", "no", "number", "key"))


@dataclass(frozen=True, slots=True)
class Field:
    """How many rows have a field, how many different values it has (as far as they were counted) and the commonest.

    `repeats` says whether any value is that of several rows.
    """

    key: str
    rows: int
    values: int
    repeats: bool
    common: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        return self.key.partition(":")[2]

    @property
    def is_source(self) -> bool:
        return self.key.startswith(SOURCE)

    @property
    def title(self) -> str:
        """As people read it: the name of a field of the file, or of a label in the answers."""
        if self.is_source:
            return self.name
        return f"{self.name} (in the answer)" if self.name else "the answer itself"

    @property
    def has_labels(self) -> bool:
        """Whether its values are few enough to be kinds of rows."""
        return 0 < self.values <= MOST_LABELS and self.rows >= LEAST_USES * self.values

    @property
    def names_conversations(self) -> bool:
        """Whether rows with one value of it are, by its name, parts of one conversation."""
        plain = "".join(character for character in self.name.casefold() if character.isalnum())
        return self.is_source and self.repeats and plain in CONVERSATIONS
