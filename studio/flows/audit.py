"""Audit: the log of who did what, as people read it."""

import functools
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Concatenate, ParamSpec, TypeVar

from studio.data.spreadsheet import as_table
from studio.domain.access import Entry
from studio.flows.studio import Studio
from studio.store import acting
from studio.store import audit as stored

P = ParamSpec("P")
T = TypeVar("T")
ID = re.compile(r"(?:data|run|study|release|model|sweep|split|card|talk|chat|job)-[0-9a-z-]{4,60}(?:@\d{1,9})?")
_inside: ContextVar[bool] = ContextVar("inside a flow that is logged", default=False)
HEAD = ("number", "at", "who", "act", "about", "seal")
COMMAND_LINE = "the command line"

log = logging.getLogger(__name__)


def who() -> str:
    """In whose name this runs."""
    visitor = acting.visitor()
    return visitor.name if visitor else COMMAND_LINE


def note(studio: Studio, act: str, about: str = "", *, by: str | None = None) -> Entry:
    """Add a line to the log, also of somebody who may write nothing else."""
    name = by or who()
    log.info("%s %s%s", name, act, f" ({about})" if about else "")
    with acting.by_itself():
        return stored.write(studio.store, who=name, act=act, about=about)


def logged(act: str) -> Callable[[Callable[Concatenate[Studio, P], T]], Callable[Concatenate[Studio, P], T]]:
    """For a flow by which somebody changes something: once it is done, the log says who did this, and to what.

    What it needs of other flows is part of it and leaves no line of its own, and what the studio does by itself none.
    """

    def around(flow: Callable[Concatenate[Studio, P], T]) -> Callable[Concatenate[Studio, P], T]:
        @functools.wraps(flow)
        def done(studio: Studio, *args: P.args, **kwargs: P.kwargs) -> T:
            if _inside.get() or acting.is_by_itself():
                return flow(studio, *args, **kwargs)
            outermost = _inside.set(True)
            try:
                result = flow(studio, *args, **kwargs)
            finally:
                _inside.reset(outermost)
            note(studio, act, " ".join(dict.fromkeys(_ids([*args, *kwargs.values(), result]))))
            return result

        return done

    return around


def _ids(told: Iterable[object]) -> Iterator[str]:
    """What all of this is called, as far as it has names that mean nothing: no word that somebody wrote."""
    for each in told:
        named = each if isinstance(each, str) else getattr(each, "id", None)
        if isinstance(named, str) and ID.fullmatch(named):
            yield named
        elif isinstance(each, list | tuple):
            yield from _ids(each)


def newest(studio: Studio, *, words: str = "", limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest lines with these words in them, the newest first."""
    return stored.newest(studio.store, words=words, limit=limit, before=before)


def broken(studio: Studio) -> int | None:
    """The number of the first line that is not as it was written, or is missing; None where the log is whole."""
    return stored.broken(studio.store)


def as_csv(studio: Studio) -> Iterator[bytes]:
    """The whole log for a spreadsheet, which runs nothing of it; a part at a time."""
    yield from as_table(
        HEAD,
        (
            (each.number, each.at.isoformat(timespec="seconds"), each.who, each.act, each.about, each.seal)
            for each in stored.every(studio.store)
        ),
    )
