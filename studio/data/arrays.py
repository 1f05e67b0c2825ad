"""Arrays: numpy's files, read by one thread at a time.

numpy reads the head of such a file with Python's own parser. Before 3.11.9 and 3.12.3 that parser fails now and then
(“AST constructor recursion depth mismatch”) when two threads are in it at once, as they are when two screens are drawn.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

_ALONE = RLock()


@contextmanager
def arrays(path: Path) -> Iterator[Any]:
    """The arrays of a .npz file by name, for as long as it is open."""
    with _ALONE, np.load(path, allow_pickle=False) as held:
        yield held


def mapped(path: Path) -> np.ndarray:
    """The array of a .npy file, mapped into memory."""
    with _ALONE:
        return np.load(path, mmap_mode="r", allow_pickle=False)
