"""Audit: the log of who did what, as people read it."""

import csv
import io
import logging
from collections.abc import Iterator

from studio.data.ledger import spreadsheet_safe
from studio.domain.access import Entry
from studio.flows.studio import Studio
from studio.store import acting
from studio.store import audit as stored

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


def newest(studio: Studio, *, words: str = "", limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest lines with these words in them, the newest first."""
    return stored.newest(studio.store, words=words, limit=limit, before=before)


def broken(studio: Studio) -> int | None:
    """The number of the first line that is not as it was written, or is missing; None where the log is whole."""
    return stored.broken(studio.store)


def as_csv(studio: Studio) -> Iterator[bytes]:
    """The whole log for a spreadsheet, which runs nothing of it; a part at a time."""
    yield _line(HEAD)
    for entry in stored.every(studio.store):
        words = [spreadsheet_safe(text) for text in (entry.who, entry.act, entry.about)]
        yield _line((entry.number, entry.at.isoformat(timespec="seconds"), *words, entry.seal))


def _line(values: tuple[object, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode()
