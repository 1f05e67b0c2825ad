"""The log in the database: it only grows, and a line that was changed, added or taken out later is found."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text

from studio.domain.access import Entry
from studio.store import access_tables
from studio.store.columns import readable
from studio.store.database import Store, writing

# Any number that no other program uses for its advisory lock on the same PostgreSQL database.
AUDIT_LOCK = 0x617373_6C6F67
START = "0" * 64
_lines = access_tables.audit.c


def write(target: Store | Connection, *, who: str, act: str, about: str = "", at: datetime | None = None) -> Entry:
    """Add a line, in a transaction of its own or in that of what it tells of."""
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    with writing(target) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": AUDIT_LOCK})
        newest = select(access_tables.audit).order_by(_lines.number.desc()).limit(1)
        last = connection.execute(newest).one_or_none()
        number, before = (last.number + 1, last.seal) if last else (1, START)
        kept = [readable(each) for each in (who, act, about)]
        entry = Entry(number, moment, *kept, seal=_seal(before, number, moment, *kept))
        values = {"number": number, "at": moment, "who": kept[0], "act": kept[1], "about": kept[2], "seal": entry.seal}
        connection.execute(access_tables.audit.insert().values(**values))
    return entry


def newest(store: Store, *, words: str = "", limit: int = 100, before: int | None = None) -> list[Entry]:
    """The newest lines that hold these words in who, act or about, the newest first."""
    question = select(access_tables.audit).order_by(_lines.number.desc()).limit(limit)
    for word in words.split():
        meant = [column.icontains(word, autoescape=True) for column in (_lines.who, _lines.act, _lines.about)]
        question = question.where(meant[0] | meant[1] | meant[2])
    if before is not None:
        question = question.where(_lines.number < before)
    with store.read() as connection:
        return [_entry(row) for row in connection.execute(question)]


def every(store: Store) -> Iterator[Entry]:
    """All lines in their order, a few at a time."""
    after = 0
    while True:
        question = select(access_tables.audit).where(_lines.number > after).order_by(_lines.number).limit(1000)
        with store.read() as connection:
            found = [_entry(row) for row in connection.execute(question)]
        yield from found
        if not found:
            return
        after = found[-1].number


def broken(store: Store) -> int | None:
    """The number of the first line that is not as it was written, or that is missing; None where all is whole."""
    before = START
    for number, entry in enumerate(every(store), start=1):
        if entry.number != number:
            return number
        if entry.seal != _seal(before, number, entry.at, entry.who, entry.act, entry.about):
            return number
        before = entry.seal
    return None


def _seal(before: str, number: int, at: datetime, *words: str) -> str:
    line = json.dumps([before, number, at.isoformat(timespec="microseconds"), *words], ensure_ascii=True)
    return hashlib.sha256(line.encode()).hexdigest()


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.number, row.at, row.who, row.act, row.about, row.seal)
