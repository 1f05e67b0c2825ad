"""Leakage: held-out rows that training has all but seen, before and after rows that belong together share a side."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leak:
    """How many of the `measured` held-out rows have a twin in training, with the same words or nearly the same."""

    held_out: int
    measured: int
    same: int
    near: int

    @property
    def twins(self) -> int:
        return self.same + self.near

    @property
    def share(self) -> float:
        return self.twins / self.measured if self.measured else 0.0


@dataclass(frozen=True, slots=True)
class Twin:
    """A held-out row and the training row that is most like it (0 to 1)."""

    row: int
    twin: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Leakage:
    """What the check of a split found.

    `before` is a plain random deal with the same sizes and seed, `after` the split itself. `twins` are examples of what
    is left; `reading` are validation rows, each beside the training row nearest to it, to be read by a person.
    """

    split_id: str
    before: Leak
    after: Leak
    twins: tuple[Twin, ...]
    reading: tuple[Twin, ...]
