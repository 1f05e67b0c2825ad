"""Lengths: how many tokens each row has for one model, and what a cut-off would cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lengths:
    """Token counts per row (by row number) with one model's tokenizer and chat template.

    `prompt` tokens come before the trained answer, `total` is the whole row; a row whose `total` exceeds the cut-off
    would lose the end of its answer.
    """

    model_id: str
    prompt: tuple[int, ...]
    total: tuple[int, ...]
    stop_token_trained: bool
    stop_token: str

    def cut_rows(self, cut_off: int) -> tuple[int, ...]:
        """Row numbers whose answer would lose its end at `cut_off` tokens."""
        return tuple(number for number, total in enumerate(self.total) if total > cut_off)


@dataclass(frozen=True, slots=True)
class Piece:
    """A few characters that the model sees as one or more tokens; `trained` if it learns to say them."""

    text: str
    trained: bool
    special: bool
    tokens: int = 1
