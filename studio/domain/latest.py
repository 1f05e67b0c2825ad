"""Latest: what many ask for at once is made once, and made anew as soon as what it is made of is another."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
MOST = 128


@dataclass(slots=True, eq=False)
class _Held:
    """What was made last under a key, and of what; one that is being made is waited for."""

    made_of: Any = None
    made: Any = None
    is_made: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Latest:
    """Of each key what was made last, of the `most` keys that were asked for last; may be asked by many threads."""

    def __init__(self, *, most: int = MOST) -> None:
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._lock, self._most = threading.Lock(), most

    def of(self, key: Hashable, made_of: object, make: Callable[[], T]) -> T:
        """What is made of that: what is held where it was made of the same, or else made now.

        `made_of` and `key` hold all that it depends on: whoever asks with the same is given the very same thing.
        """
        with self._lock:
            held = self._held.setdefault(key, _Held())
            self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        with held.lock:
            if not held.is_made or held.made_of != made_of:
                held.made, held.made_of, held.is_made = make(), made_of, True
            return held.made
