"""Batches: which rows go into which step, decided by the seed and the pass alone."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from studio.domain.recipe import Recipe

# Rows that are padded are sorted by length within windows of this many steps, so that a batch holds rows of like length
# and little padding, while every window and the order of the steps stay random.
WINDOW = 8


class Batches:
    """Yields lists of row positions, for each step as many lists of up to `micro_batch` rows as it has parts.

    Where a recipe has rows lie end to end, its steps hold rows of all lengths; where they are padded, of like length.
    Packed in the end or not, the steps of a recipe are the same; only how one is cut into parts differs.

    The order depends on nothing but lengths, recipe and `epoch`; a resumed run therefore meets the same batches,
    whatever was drawn from the global random state before.
    """

    def __init__(self, lengths: Sequence[int], recipe: Recipe, *, packed: bool = False) -> None:
        self.lengths = np.asarray(lengths)
        self.micro_batch = rows_at_once(recipe)
        self.packed = packed
        self.by_length = not recipe.lies_end_to_end
        self.rows_per_step = recipe.batch_size
        self.seed = recipe.seed
        self.epochs = math.ceil(recipe.epochs)
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.micro_batch)

    def __iter__(self) -> Iterator[list[int]]:
        for step in self.steps():
            yield from (part.tolist() for part in self._parts(step))

    def rows_of(self, step: int) -> list[int]:
        """The row positions of a step of the whole run, counted from 1."""
        epoch, position = divmod(step - 1, -(-len(self.lengths) // self.rows_per_step))
        return self.steps(epoch)[position].tolist()

    def steps(self, epoch: int | None = None) -> list[np.ndarray]:
        """The rows of each step of this pass; every row once, a shorter step last."""
        whole, rest = self._drawn(self.epoch if epoch is None else epoch)
        return [*whole, rest] if len(rest) else list(whole)

    def largest(self) -> tuple[int, list[int]]:
        """The most tokens in any part of the recipe's run where rows lie end to end, and the rows of that step."""
        most, rows = 0, np.array([], int)
        for epoch in range(self.epochs):
            whole, rest = self._drawn(epoch)
            for steps in (whole, rest[None]):
                if not steps.size:
                    continue
                longest_first = -np.sort(-self.lengths[steps], axis=1)
                parts = np.stack([longest_first[:, part].sum(axis=1) for part in self._dealt(steps.shape[1])])
                at = parts.max(axis=0).argmax()
                if parts[:, at].max() > most:
                    most, rows = int(parts[:, at].max()), steps[at]
        return most, rows.tolist()

    def _drawn(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The whole steps of a pass, (steps, rows), and a shorter last one; each has its shortest rows first."""
        random = np.random.default_rng([self.seed, epoch])
        order = random.permutation(len(self.lengths))
        rows, rest = np.split(order, [len(order) - len(order) % self.rows_per_step])
        if self.by_length and len(rows):
            reach = WINDOW * self.rows_per_step
            rows = np.concatenate([self._sorted(window) for window in np.split(rows, range(reach, len(rows), reach))])
        steps = rows.reshape(-1, self.rows_per_step)
        steps = steps[random.permutation(len(steps))]
        steps = np.take_along_axis(steps, np.argsort(self.lengths[steps], axis=1, kind="stable"), axis=1)
        if epoch == 0 and len(steps):
            # The largest step goes first: if memory does not suffice, that shows in seconds.
            lengths = self.lengths[steps]
            largest = (lengths.max(axis=1) if self.by_length else lengths.sum(axis=1)).argmax()
            steps[[0, largest]] = steps[[largest, 0]]
        return steps, self._sorted(rest)

    def _parts(self, step: np.ndarray) -> list[np.ndarray]:
        if self.packed:
            return [step[::-1][places] for places in self._dealt(len(step))]
        return np.split(step, range(self.micro_batch, len(step), self.micro_batch))

    def _dealt(self, rows: int) -> list[list[int]]:
        """The places of so many rows, the longest first, dealt to parts of about as many tokens each."""
        parts: list[list[int]] = [[] for _ in range(-(-rows // self.micro_batch))]
        for place in range(rows):
            lap, at = divmod(place, len(parts))
            parts[at if lap % 2 == 0 else len(parts) - 1 - at].append(place)
        return parts

    def _sorted(self, rows: np.ndarray) -> np.ndarray:
        return rows[np.argsort(self.lengths[rows], kind="stable")]


def rows_at_once(recipe: Recipe) -> int:
    """The largest part of a step within the recipe's wish that divides it evenly."""
    return micro_batch_of(recipe.batch_size, recipe.micro_batch)


def micro_batch_of(batch_size: int, micro_batch: int) -> int:
    """The largest part of `batch_size`, at most `micro_batch`, that divides it evenly."""
    return max(size for size in range(1, min(batch_size, micro_batch) + 1) if batch_size % size == 0)


def check_steps(total: int, evaluations: int) -> list[int]:
    """The steps after which a run is checked: evenly spaced, the last step always among them."""
    return sorted({max(1, round(total * part / evaluations)) for part in range(1, evaluations + 1)})
