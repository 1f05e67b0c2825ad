"""Batches: which rows go into which step, decided by the seed and the pass alone."""

from collections.abc import Iterator, Sequence

import numpy as np

# Rows are sorted by length within windows of this many steps, so that a batch holds rows of like length and little
# padding, while every window and the order of the steps stay random.
WINDOW = 8


class Batches:
    """Yields lists of row positions, `accumulation` lists of up to `micro_batch` rows for each step.

    Packed or not, a step holds the same rows; only how it is cut into parts differs.

    The order depends on nothing but lengths, sizes, seed and `epoch`; a resumed run therefore meets the same batches
    whatever was drawn from the global random state before.
    """

    def __init__(
        self, lengths: Sequence[int], *, micro_batch: int, accumulation: int, seed: int, packed: bool = False
    ) -> None:
        self.lengths = np.asarray(lengths)
        self.micro_batch = micro_batch
        self.packed = packed
        self.rows_per_step = micro_batch * accumulation
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.micro_batch)

    def __iter__(self) -> Iterator[list[int]]:
        for step in self.steps():
            yield from self._dealt(step) if self.packed else self._cut(step)

    def rows_of(self, step: int) -> list[int]:
        """The row positions of a step of the whole run, counted from 1."""
        epoch, position = divmod(step - 1, -(-len(self.lengths) // self.rows_per_step))
        return self.steps(epoch)[position].tolist()

    def steps(self, epoch: int | None = None) -> list[np.ndarray]:
        """The rows of each step of this pass; every row once, a shorter step last."""
        epoch = self.epoch if epoch is None else epoch
        random = np.random.default_rng([self.seed, epoch])
        order = random.permutation(len(self.lengths))
        whole = len(order) - len(order) % self.rows_per_step
        steps = [
            rows
            for window in np.split(
                order[:whole], range(WINDOW * self.rows_per_step, whole, WINDOW * self.rows_per_step)
            )
            for rows in self._sorted(window).reshape(-1, self.rows_per_step)
        ]
        steps = [steps[position] for position in random.permutation(len(steps))]
        if epoch == 0 and steps:
            # The longest step goes first: if memory does not suffice, that shows in seconds.
            longest = max(range(len(steps)), key=lambda position: int(self.lengths[steps[position]].max()))
            steps[0], steps[longest] = steps[longest], steps[0]
        return steps + ([self._sorted(order[whole:])] if whole < len(order) else [])

    def _cut(self, step: np.ndarray) -> Iterator[list[int]]:
        """Rows of like length in each part, which then has little padding."""
        for start in range(0, len(step), self.micro_batch):
            yield step[start : start + self.micro_batch].tolist()

    def _dealt(self, step: np.ndarray) -> list[list[int]]:
        """About as many tokens in each part: where rows lie end to end, only their sum takes memory."""
        parts: list[list[int]] = [[] for _ in range(-(-len(step) // self.micro_batch))]
        for place, row in enumerate(self._sorted(step)[::-1].tolist()):
            lap, at = divmod(place, len(parts))
            parts[at if lap % 2 == 0 else len(parts) - 1 - at].append(row)
        return parts

    def _sorted(self, rows: np.ndarray) -> np.ndarray:
        return rows[np.argsort(self.lengths[rows], kind="stable")]


def micro_batch_of(batch_size: int, micro_batch: int) -> int:
    """The largest part of `batch_size`, at most `micro_batch`, that divides it evenly."""
    return max(size for size in range(1, min(batch_size, micro_batch) + 1) if batch_size % size == 0)


def check_steps(total: int, evaluations: int) -> list[int]:
    """The steps after which a run is checked: evenly spaced, the last step always among them."""
    return sorted({max(1, round(total * part / evaluations)) for part in range(1, evaluations + 1)})
