"""Tries in the database: how often something was tried lately, so that a restart of the server forgives nothing."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from studio.store import access_tables
from studio.store.database import Store

WINDOW = timedelta(minutes=1)
_tries = access_tables.tries.c


def tried(store: Store, *abouts: str, at: datetime) -> list[int]:
    """Note one more try about each; how many there were of each within the last minute, this one included."""
    hashed = [hashlib.sha256(about.encode("utf-8", "replace")).hexdigest() for about in abouts]
    with store.write() as connection:
        connection.execute(delete(access_tables.tries).where(_tries.at <= at - WINDOW))
        connection.execute(access_tables.tries.insert(), [{"about": about, "at": at} for about in hashed])
        counts = [select(func.count()).where(_tries.about == about) for about in hashed]
        return [connection.execute(count).scalar_one() for count in counts]


def forgive(store: Store, about: str) -> None:
    """What was tried about this counts no more."""
    hashed = hashlib.sha256(about.encode("utf-8", "replace")).hexdigest()
    with store.write() as connection:
        connection.execute(delete(access_tables.tries).where(_tries.about == hashed))
