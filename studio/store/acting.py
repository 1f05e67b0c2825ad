"""Acting: for whom the code that runs now is running, so that whoever may only look writes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from studio.domain.access import Right, Visitor
from studio.domain.errors import AccessError

# None: the studio itself, as the supervisor and the command line are. The right is the one that writing takes.
_now: ContextVar[tuple[Visitor, Right] | None] = ContextVar("acting", default=None)
_itself: ContextVar[bool] = ContextVar("by itself", default=False)


@contextmanager
def acting(visitor: Visitor, *, writing: Right = Right.CHANGE) -> Iterator[None]:
    """What happens inside is done for this visitor; it may write where they have the right that writing takes."""
    before = _now.set((visitor, writing))
    try:
        yield
    finally:
        _now.reset(before)


@contextmanager
def by_itself() -> Iterator[None]:
    """What happens inside is the studio's own: it works out or notes something that nobody decides."""
    before, was = _now.set(None), _itself.set(True)
    try:
        yield
    finally:
        _now.reset(before)
        _itself.reset(was)


def is_by_itself() -> bool:
    """Whether this is the studio's own doing, which nobody decides."""
    return _itself.get()


def visitor() -> Visitor | None:
    """For whom this runs; None where it is the studio itself."""
    now = _now.get()
    return now and now[0]


def may(right: Right) -> bool:
    """Whether whoever this runs for has this right; the studio itself has every one."""
    now = visitor()
    return now is None or now.may(right)


def check_writing() -> None:
    """AccessError where this runs for somebody who may not write here."""
    now = _now.get()
    if now is not None and not now[0].may(now[1]):
        raise AccessError("You may look at this, and not change it.", fix="Ask an owner for another role.")
