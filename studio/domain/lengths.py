"""Lengths: how many tokens each row has for one model, and what a cut-off would cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Lengths:
    """Token counts per row (by row number) with one model's tokenizer and chat template.

    `prompt` tokens come before the trained answer, `total` is the whole row; a row whose `total` exceeds the cut-off
    would lose the end of its answer.

    `left_out` names what the template leaves out of rows with tools; the rows that have such a part are `partial`, and
    are never trained. Plain texts are trained in pieces where they are longer than the cut-off, so that none is cut.

    `refused` are those of the partial rows that the template does not write at all, or whose answers cannot be told,
    with the reason.

    `rejected` is `total` for the worse end of a preference pair; 0 for other rows. `dated`: the template writes today's
    date, for which training writes one and the same on every day. `proven`: it marks no answers, so they were found.
    """

    model_id: str
    prompt: tuple[int, ...]
    total: tuple[int, ...]
    stop_token_trained: bool
    stop_token: str
    left_out: tuple[str, ...] = ()
    partial: frozenset[int] = frozenset()
    refused: Mapping[int, str] = field(default_factory=dict)
    are_texts: bool = False
    rejected: tuple[int, ...] = ()
    dated: bool = False
    proven: bool = False

    def of_pairs(self) -> "Lengths":
        """The same with the longer of both answers of each pair, which preference training has to read."""
        return replace(self, total=tuple(map(max, self.total, self.rejected))) if self.rejected else self

    @property
    def left_out_words(self) -> str:
        """What the template leaves out, as part of a sentence."""
        *first, last = self.left_out or ("nothing",)
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def partial_sentence(self) -> str:
        """How many rows are not trained on because of that, and with what; "" where there are none."""
        said = []
        if count := len(self.partial - self.refused.keys()):
            rows = "1 row has" if count == 1 else f"{count:,} rows have"
            said.append(
                f"This model's template leaves out {self.left_out_words}: {rows} such parts and cannot be trained on "
                "with this model."
            )
        if self.refused:
            first, count = min(self.refused), len(self.refused)
            more = f"{count:,} rows, of which row {first + 1:,} is the first," if count > 1 else f"Row {first + 1:,}"
            said.append(f"{more} cannot be trained on with this model. {self.refused[first]}")
        return " ".join(said)

    def cut_rows(self, cut_off: int) -> tuple[int, ...]:
        """Row numbers whose answer would lose its end at `cut_off` tokens."""
        if self.are_texts:
            return ()
        return tuple(n for n, total in enumerate(self.total) if total > cut_off and n not in self.partial)


def in_pieces(total: int, longest: int) -> list[int]:
    """The lengths of the pieces in which a text of so many tokens is trained: as few as can be, and about equal."""
    count = max(-(-total // longest), 1)
    size, longer = divmod(total, count)
    return [size + 1] * longer + [size] * (count - longer)


@dataclass(frozen=True, slots=True)
class Piece:
    """A few characters that the model sees as one or more tokens; `trained` if it learns to say them."""

    text: str
    trained: bool
    special: bool
    tokens: int = 1
