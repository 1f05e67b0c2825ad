"""Fresh: which of very many keys, that come by the block, were not there before."""

import numpy as np
from numpy.typing import NDArray


class Fresh:
    """Keys in sorted runs of eight bytes a key; a set of as many objects would take ten times as much."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []  # each shorter than the one before it

    def among(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of these are there for the first time; they are known from then on."""
        once, places = np.unique(keys, return_index=True)
        is_new = np.ones(len(once), dtype=bool)
        for run in self._runs:
            is_new &= run[np.searchsorted(run[:-1], once)] != once
        self._keep(once[is_new])
        found = np.zeros(len(keys), dtype=bool)
        found[places[is_new]] = True
        return found

    def _keep(self, run: NDArray[np.uint64]) -> None:
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.concatenate([self._runs.pop(), run])
        run.sort()
        self._runs += [run] if len(run) else []
